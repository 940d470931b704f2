/** The list of a log's sealed segments (PROTOCOL.md §8, `GET /log/{id}/segments`): what a newest-first fetch is planned from. */
import type { LogId, SpaceId } from '../base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { HASH_BYTES, isBytes, isUint } from './entry.ts'
import { SEGMENT_ENTRIES_MAX, SEGMENT_ROWS_MAX, SEQ_MAX, SPACE_CHARS_MAX } from './limits.ts'
import {
  EPOCH_BYTES,
  genesisOf,
  type LogDescriptor,
  logIdOf,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from './log.ts'

/** A sealed segment: its first entry, and the head at its last. */
export interface SegmentRow {
  readonly from: number
  readonly seq: number
  readonly chain: Uint8Array
  readonly clock: number
  readonly signature: Uint8Array
}

export interface SegmentList {
  readonly log: LogDescriptor
  /** Newest first, without a gap. */
  readonly rows: readonly SegmentRow[]
}

export function encodeSegmentList({ log, rows }: SegmentList): Uint8Array {
  return encodeCanonical([
    [log.publicKey, log.space, log.epoch],
    rows.map(({ from, seq, chain, clock, signature }) => [from, seq, chain, clock, signature]),
  ])
}

/**
 * The list in its form and of the log that was asked for; null otherwise. Nobody's signature is checked here: a segment that
 * was fetched by it proves itself, or is refused.
 */
export function decodeSegmentList(bytes: Uint8Array, logId: LogId): SegmentList | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 2) return null
  const [descriptor, list] = decoded.value as Canonical[]
  const log = decodeDescriptor(descriptor)
  if (!log || logIdOf(log) !== logId || !Array.isArray(list) || list.length > SEGMENT_ROWS_MAX) return null
  const rows: SegmentRow[] = []
  for (const item of list as Canonical[]) {
    const row = decodeRow(item)
    const above = rows.at(-1)
    if (!row || (above && (row.seq !== above.from - 1 || row.clock >= above.clock))) return null
    rows.push(row)
  }
  return { log, rows }
}

/** Chain value before row `index` of a list; null where the list does not tell. */
export function chainBeforeRow({ rows }: SegmentList, logId: LogId, index: number): Uint8Array | null {
  const below = rows[index + 1]
  if (below) return below.chain
  return rows[index]?.from === 0 ? genesisOf(logId) : null
}

function decodeDescriptor(item: Canonical | undefined): LogDescriptor | null {
  if (!Array.isArray(item) || item.length !== 3) return null
  const [publicKey, space, epoch] = item as Canonical[]
  if (!isBytes(publicKey, PUBLIC_KEY_BYTES) || !isBytes(epoch, EPOCH_BYTES)) return null
  if (typeof space !== 'string' || space.length === 0 || space.length > SPACE_CHARS_MAX) return null
  return { publicKey, space: space as SpaceId, epoch }
}

function decodeRow(item: Canonical): SegmentRow | null {
  if (!Array.isArray(item) || item.length !== 5) return null
  const [from, seq, chain, clock, signature] = item as Canonical[]
  if (!isUint(from, SEQ_MAX) || !isUint(seq, SEQ_MAX) || !isUint(clock, Number.MAX_SAFE_INTEGER)) return null
  if (seq < from || seq - from >= SEGMENT_ENTRIES_MAX) return null
  if (!isBytes(chain, HASH_BYTES) || !isBytes(signature, SIGNATURE_BYTES)) return null
  return { from, seq, chain, clock, signature }
}
