/**
 * Sealed segments as they are given out (PROTOCOL.md §8): which there are of a log, and each as one frame that never changes,
 * so that a cache may keep it. Only of logs that the asker may see, and of one that is cut only what lies below its valid point.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces, View } from '../memory/spaces.ts'
import type { HeadRow, LogRow, MemoryStore } from '../memory/store.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { encodeFrame } from '../protocol/frame.ts'
import { SEGMENT_ROWS_MAX, SEGMENTS_CACHED_MAX } from '../protocol/limits.ts'
import { encodeRun } from '../protocol/run.ts'
import { encodeSegmentList, type SegmentRow } from '../protocol/segment-list.ts'

export interface Segments {
  /** The list of the sealed segments that end before the entry `before`. Failure SEGMENT_UNKNOWN for a log that is not given out. */
  list(logId: LogId, before: number, view: View): Promise<Result<Uint8Array, Failure>>
  /** The sealed segment that begins at `from`. Failure SEGMENT_UNKNOWN. */
  segment(logId: LogId, from: number, view: View): Promise<Result<SegmentFrame, Failure>>
}

export interface SegmentFrame {
  readonly frame: Uint8Array
  /** SHA-256 of the frame, in hex. */
  readonly etag: string
  /** Anybody may have it: a cache between two spores may give it to others. */
  readonly isPublic: boolean
}

export interface SegmentsDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly spaces: Spaces
  readonly compression: Compression
}

export function createSegments({ memory, store, spaces, compression }: SegmentsDeps): Segments {
  const cached = createBoundedMap<string, SegmentFrame & { readonly version: number }>(SEGMENTS_CACHED_MAX)
  const unknown = err(failure('SEGMENT_UNKNOWN', 'it is not here, not sealed, or not given out'))

  /** The row of a log that is given out, and the first entry that is in no sealed and valid segment. */
  const offered = (logId: LogId, view: View): { readonly row: LogRow; readonly end: number } | null => {
    const row = memory.logs.get(logId)?.row
    if (!row || row.next === 0 || !view.sees(row.space) || memory.logs.isWithheld(logId)) return null
    return { row, end: Math.min(row.segmentStart, memory.validPoint(logId)) }
  }

  const encode = async (row: LogRow, from: number, head: HeadRow): Promise<SegmentFrame> => {
    const entries = await store.entriesOf(row.logId, from, head.seq)
    const run = encodeRun({ log: row, from, entries, chain: head.chain, signature: head.signature })
    const frame = encodeFrame(run, compression)
    return { frame, etag: bytesToHex(sha256(frame)), isPublic: spaces.typeOf(row.space) === 'open' }
  }

  return {
    async list(logId, before, view) {
      const log = offered(logId, view)
      if (!log) return unknown
      // One more than is listed: where a segment begins is told by the head before it.
      const heads = await store.headsBefore(logId, Math.min(before, log.end), SEGMENT_ROWS_MAX + 1)
      const rows = heads.slice(0, SEGMENT_ROWS_MAX).map((head, i): SegmentRow => {
        const { seq, chain, clock, signature } = head
        return { from: (heads[i + 1]?.seq ?? -1) + 1, seq, chain, clock, signature }
      })
      return ok(encodeSegmentList({ log: log.row, rows }))
    },
    async segment(logId, from, view) {
      const log = offered(logId, view)
      if (!log || from >= log.end) return unknown
      const key = `${logId} ${from}`
      const known = cached.get(key)
      // Payloads that were purged meanwhile are not given out any more.
      if (known?.version === memory.payloadVersion) return ok(known)
      const version = memory.payloadVersion
      const [head, before] = [await store.headFrom(logId, from), await store.headUpTo(logId, from - 1)]
      const isStart = from === 0 || before?.seq === from - 1
      if (!head || !isStart || head.seq >= log.end) return unknown
      const encoded = await encode(log.row, from, head)
      cached.set(key, { version, ...encoded })
      return ok(encoded)
    },
  }
}
