/** Runs as a peer would send them, and with something wrong about them. */
import { hash } from 'node:crypto'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import type { HybridTime, SpaceId } from '../../../../src/core/base/brand.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { Signer } from '../../../../src/core/identity/keys.ts'
import { encodeHeader, leafOf } from '../../../../src/core/protocol/entry.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import {
  extendChain,
  genesisOf,
  headBytes,
  type LogDescriptor,
  logIdOf,
} from '../../../../src/core/protocol/log.ts'
import { encodeMemory } from '../../../../src/core/protocol/payloads.ts'
import { encodeRun } from '../../../../src/core/protocol/run.ts'

export interface RunPlan {
  readonly signer: Signer
  readonly texts: readonly string[]
  readonly space?: string
  /** First entry of the run; those before it are made, and not sent. */
  readonly from?: number
  readonly network?: string
  /** Milliseconds since the Unix epoch of the first entry. */
  readonly startMs?: number
  /** Who signs the head instead. */
  readonly forger?: Signer
}

/** The body of one run. */
export function makeRun(plan: RunPlan): Uint8Array {
  const { signer, texts, from = 0, network = 'spore-test', startMs = Date.now() - 60_000, forger } = plan
  const log: LogDescriptor = {
    publicKey: signer.publicKey,
    space: (plan.space ?? 'commons') as SpaceId,
    epoch: new Uint8Array(hash('sha256', signer.did, 'buffer').subarray(0, 8)),
  }
  const logId = logIdOf(log)
  let chain = genesisOf(logId)
  let clock = startMs * 1024
  const entries = texts.map((text, seq) => {
    const payload = encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })
    const header = encodeHeader({
      logId,
      seq,
      clock: ++clock as HybridTime,
      kind: KINDS.memory,
      payloadLength: payload.length,
      payload: bytesToDigest(sha256(payload)),
      references: [],
    })
    chain = extendChain(chain, leafOf(header))
    return { header, payload }
  })
  const head = headBytes(network, { logId, seq: texts.length - 1, chain, clock })
  const signature = (forger ?? signer).sign(head)
  return encodeRun({ log, from, entries: entries.slice(from), chain, signature })
}

/** The run with one of its 13 fields changed (PROTOCOL.md §7). */
export function alterRun(run: Uint8Array, field: number, alter: (value: Canonical) => Canonical): Uint8Array {
  const decoded = decodeCanonical(run)
  if (!decoded.ok) throw new Error(decoded.error)
  const fields = [...(decoded.value as readonly Canonical[])]
  fields[field] = alter(fields[field] as Canonical)
  return encodeCanonical(fields)
}

export const framesOf = (...runs: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...runs.map((run) => encodeFrame(run, zlibCompression)))
