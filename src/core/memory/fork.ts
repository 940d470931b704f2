/**
 * Fork proofs (PROTOCOL.md §6): two signed branches of one log from a common chain value. A proof convinces anybody,
 * whatever they hold, and names the exact entry at which the branches part, so the least of all proofs is a
 * semilattice: spores that saw different branches first end with the same valid part.
 */
import type { LogId, SpaceId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { isAdmissibleKey, type Verifier } from '../identity/keys.ts'
import { HASH_BYTES, isBytes, isUint } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { SEGMENT_ENTRIES_MAX, SEQ_MAX, SPACE_CHARS_MAX } from '../protocol/limits.ts'
import {
  EPOCH_BYTES,
  extendChain,
  genesisOf,
  headBytes,
  type LogDescriptor,
  logIdOf,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from '../protocol/log.ts'

const DOMAIN = 'spore/fork/1'

/** One branch: the leaves from the fork point on, and the head that its author signed at the last of them. */
export interface Branch {
  readonly leaves: readonly Uint8Array[]
  readonly clock: number
  readonly signature: Uint8Array
}

export interface ForkProof {
  readonly log: LogDescriptor
  /** First sequence number at which the branches differ. */
  readonly seq: number
  /** Chain value before `seq`. */
  readonly base: Uint8Array
  readonly branches: readonly [Branch, Branch]
}

export function encodeForkProof({ log, seq, base, branches }: ForkProof): Uint8Array {
  const [a, b] = branches
  return encodeCanonical([
    DOMAIN,
    log.publicKey,
    log.space,
    log.epoch,
    seq,
    base,
    a.leaves,
    [a.clock, a.signature],
    b.leaves,
    [b.clock, b.signature],
  ])
}

/** Decodes and verifies a proof: failure FORK_PROOF_INVALID unless it proves that the log forks at `seq`. */
export function verifyForkProof(
  bytes: Uint8Array,
  network: string,
  verifier: Verifier,
): Result<{ readonly logId: LogId; readonly proof: ForkProof }, Failure> {
  const proof = decodeForkProof(bytes)
  if (!proof) return invalid('not in the form of a proof')
  const { log, seq, base, branches } = proof
  const logId = logIdOf(log)
  if (!isAdmissibleKey(log.publicKey)) return invalid('the public key is not admissible')
  if (seq === 0 && !equalBytes(base, genesisOf(logId)))
    return invalid('the base is not the genesis of the log')
  if (equalBytes(branches[0].leaves[0] as Uint8Array, branches[1].leaves[0] as Uint8Array))
    return invalid('the branches do not part at this entry')
  for (const { leaves, clock, signature } of branches) {
    const chain = leaves.reduce(extendChain, base)
    const head = { logId, seq: seq + leaves.length - 1, chain, clock }
    if (!verifier.verify(log.publicKey, headBytes(network, head), signature))
      return invalid('a signature does not hold')
  }
  return ok({ logId, proof })
}

/** Where two branches from a common base part; null where one is the beginning of the other. */
export function firstDifference(a: readonly Uint8Array[], b: readonly Uint8Array[]): number | null {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (!equalBytes(a[i] as Uint8Array, b[i] as Uint8Array)) return i
  return null
}

/** Checks form and bounds only; null where it is none. */
export function decodeForkProof(bytes: Uint8Array): ForkProof | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 10) return null
  const [domain, publicKey, space, epoch, seq, base, leavesA, headA, leavesB, headB] =
    decoded.value as Canonical[]
  if (domain !== DOMAIN || !isBytes(publicKey, PUBLIC_KEY_BYTES) || !isBytes(epoch, EPOCH_BYTES)) return null
  if (typeof space !== 'string' || space.length === 0 || space.length > SPACE_CHARS_MAX) return null
  if (!isUint(seq, SEQ_MAX) || !isBytes(base, HASH_BYTES)) return null
  const a = decodeBranch(leavesA, headA)
  const b = decodeBranch(leavesB, headB)
  return a && b && { log: { publicKey, space: space as SpaceId, epoch }, seq, base, branches: [a, b] }
}

function decodeBranch(leaves: Canonical | undefined, head: Canonical | undefined): Branch | null {
  if (!Array.isArray(leaves) || leaves.length === 0 || leaves.length > SEGMENT_ENTRIES_MAX) return null
  if (!leaves.every((leaf) => isBytes(leaf, HASH_BYTES)) || !Array.isArray(head) || head.length !== 2)
    return null
  const [clock, signature] = head as Canonical[]
  if (!isUint(clock, Number.MAX_SAFE_INTEGER) || !isBytes(signature, SIGNATURE_BYTES)) return null
  return { leaves: leaves as Uint8Array[], clock, signature }
}

const invalid = (why: string) => err(failure('FORK_PROOF_INVALID', why))
