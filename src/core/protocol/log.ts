/** Logs and heads (PROTOCOL.md §5): who writes where, the chain over its entries, and what an author signs. */
import type { LogId, SpaceId } from '../base/brand.ts'
import { concatBytes, utf8ToBytes } from '../base/bytes.ts'
import { encodeCanonical } from '../base/canonical.ts'
import { sha256, taggedSha256, writeSha256 } from '../base/hash.ts'
import { bytesToLogId, HASH_BYTES, LOG_ID_BYTES, logIdToBytes } from './entry.ts'
import { SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX } from './limits.ts'

export const EPOCH_BYTES = 8
export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
const CHAIN = 1
const GENESIS = 2
const LOG_DOMAIN = utf8ToBytes('spore/log/1')

/** What a log id stands for. */
export interface LogDescriptor {
  readonly publicKey: Uint8Array
  readonly space: SpaceId
  readonly epoch: Uint8Array
}

export function logIdOf({ publicKey, space, epoch }: LogDescriptor): LogId {
  const hash = sha256(concatBytes(LOG_DOMAIN, publicKey, utf8ToBytes(space), epoch))
  return bytesToLogId(hash.subarray(0, LOG_ID_BYTES))
}

/** Chain value before the first entry. */
export const genesisOf = (logId: LogId): Uint8Array => taggedSha256(GENESIS, logIdToBytes(logId))

/** chain_i from chain_{i−1} and leaf_i. */
export const extendChain = (chain: Uint8Array, leaf: Uint8Array): Uint8Array =>
  taggedSha256(CHAIN, chain, leaf)

/** The chain value behind leaves that are given one by one: the same as `extendChain`, without an object for each step. */
export function createChainFold(from: Uint8Array) {
  const buffer = Buffer.alloc(1 + 2 * HASH_BYTES)
  buffer[0] = CHAIN
  buffer.set(from, 1)
  return {
    /** `tagged` is the byte 0 and a header behind it: what its leaf is the hash of. */
    extend(tagged: Uint8Array): void {
      writeSha256(tagged, buffer, 1 + HASH_BYTES)
      writeSha256(buffer, buffer, 1)
    },
    value: (): Uint8Array => new Uint8Array(buffer.subarray(1, 1 + HASH_BYTES)),
  }
}

/** A position of a log that its author vouches for. */
export interface Head {
  readonly logId: LogId
  /** Sequence number of the last entry covered. */
  readonly seq: number
  readonly chain: Uint8Array
  readonly clock: number
}

/** The bytes that a head's signature covers. */
export function headBytes(network: string, head: Head): Uint8Array {
  return encodeCanonical([
    'spore/head/1',
    network,
    logIdToBytes(head.logId),
    head.seq,
    head.chain,
    head.clock,
  ])
}

/** The open segment of a log: where it starts and how many header and payload bytes it holds. */
export interface Segment {
  readonly start: number
  readonly bytes: number
}

/** The segment after the entry `seq` of `size` bytes; a new one where the entry would exceed either bound. */
export function extendSegment(segment: Segment, seq: number, size: number): Segment {
  const full = seq - segment.start >= SEGMENT_ENTRIES_MAX || segment.bytes + size > SEGMENT_BYTES_MAX
  return full && seq > segment.start
    ? { start: seq, bytes: size }
    : { start: segment.start, bytes: segment.bytes + size }
}
