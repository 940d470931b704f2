/** Logs of a hostile author: well-formed, chained and signed, with whatever in them; two of one epoch are a fork. */
import { hash } from 'node:crypto'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import type { HybridTime, LogId, SpaceId } from '../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../src/core/base/hash.ts'
import type { Signer } from '../../../src/core/identity/keys.ts'
import { encodeHeader, leafOf } from '../../../src/core/protocol/entry.ts'
import { encodeFrame } from '../../../src/core/protocol/frame.ts'
import { KINDS } from '../../../src/core/protocol/kinds.ts'
import { SEGMENT_ENTRIES_MAX } from '../../../src/core/protocol/limits.ts'
import {
  extendChain,
  genesisOf,
  headBytes,
  type LogDescriptor,
  logIdOf,
} from '../../../src/core/protocol/log.ts'
import type { HeadsRow } from '../../../src/core/protocol/messages.ts'
import { encodeMemory } from '../../../src/core/protocol/payloads.ts'
import { type EntryBytes, encodeRun } from '../../../src/core/protocol/run.ts'

export interface Author {
  readonly logId: LogId
  readonly next: number
  /** Writes memories of these texts. A log of more than one segment is no use to a liar: it throws. */
  append(texts: readonly string[]): void
  /** The entries from `from` on, up to `to` and not beyond, as one frame. */
  frame(from: number, to?: number): Uint8Array
  /** The row of a view that tells the truth about it. */
  row(): HeadsRow
}

export interface AuthorOptions {
  readonly signer: Signer
  readonly network: string
  /** Names the epoch; the same name gives the same log again. */
  readonly epoch: string
  readonly space?: string
}

export function createAuthor({ signer, network, epoch, space = 'commons' }: AuthorOptions): Author {
  const log: LogDescriptor = {
    publicKey: signer.publicKey,
    space: space as SpaceId,
    epoch: new Uint8Array(hash('sha256', epoch, 'buffer').subarray(0, 8)),
  }
  const logId = logIdOf(log)
  const entries: EntryBytes[] = []
  const chains: Uint8Array[] = [genesisOf(logId)]
  const clocks: number[] = [(Date.now() - 60_000) * 1024]

  const chainBefore = (next: number): Uint8Array => chains[next] as Uint8Array
  return {
    logId,
    get next() {
      return entries.length
    },
    append(texts) {
      for (const text of texts) {
        if (entries.length === SEGMENT_ENTRIES_MAX) throw new Error('the log is longer than a segment')
        const fields = { tags: [], thread: null, position: null, speaker: null, sources: [] }
        const payload = encodeMemory({ text, ...fields })
        const clock = Math.max(Date.now() * 1024 - 60_000 * 1024, (clocks.at(-1) as number) + 1)
        const header = encodeHeader({
          logId,
          seq: entries.length,
          clock: clock as HybridTime,
          kind: KINDS.memory,
          payloadLength: payload.length,
          payload: bytesToDigest(sha256(payload)),
          references: [],
        })
        chains.push(extendChain(chainBefore(entries.length), leafOf(header)))
        clocks.push(clock)
        entries.push({ header, payload })
      }
    },
    frame(from, to = entries.length) {
      const chain = chainBefore(to)
      const head = headBytes(network, { logId, seq: to - 1, chain, clock: clocks[to] as number })
      const run = encodeRun({
        log,
        from,
        entries: entries.slice(from, to),
        chain,
        signature: signer.sign(head),
      })
      return encodeFrame(run, zlibCompression)
    },
    row: () => ({ logId, next: entries.length, chain: chainBefore(entries.length) }),
  }
}
