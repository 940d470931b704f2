/** One entry on the change feed: what every derived state (index, tasks, events) is a fold over. */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../base/brand.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import { decodeHeader, type Header } from '../protocol/entry.ts'
import type { LogState } from './log-table.ts'
import type { EntryRow } from './store.ts'

export interface Change {
  /** Position in this replica's order of arrival. */
  readonly arrival: number
  readonly logId: LogId
  readonly seq: number
  readonly author: Did
  readonly space: SpaceId
  readonly kind: number
  readonly clock: HybridTime
  /** Digest of the payload: the element that the entry carries. */
  readonly element: Digest
  readonly references: readonly Digest[]
  readonly header: Uint8Array
  /** Null where purged. */
  readonly payload: Uint8Array | null
}

/** The change of a stored row; null where the row does not match its own hashes (damage on the disk). */
export function rowToChange(row: EntryRow, log: LogState): Change | null {
  const decoded = decodeHeader(row.header)
  if (!decoded.ok || decoded.value.logId !== row.logId || decoded.value.seq !== row.seq) return null
  if (row.payload && bytesToDigest(sha256(row.payload)) !== decoded.value.payload) return null
  return headerToChange(decoded.value, row, log)
}

export function headerToChange(header: Header, row: EntryRow, log: LogState): Change {
  return {
    arrival: row.arrival,
    logId: row.logId,
    seq: row.seq,
    author: log.author,
    space: log.row.space,
    kind: header.kind,
    clock: header.clock,
    element: header.payload,
    references: header.references,
    header: row.header,
    payload: row.payload,
  }
}
