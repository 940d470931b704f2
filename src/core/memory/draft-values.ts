/** What goes into a draft (`draft.ts`), and what came of it. */
import type { Digest, LogId, SpaceId } from '../base/brand.ts'

export interface NewEntry {
  readonly space: SpaceId
  readonly kind: number
  readonly payload: Uint8Array
  readonly references: readonly Digest[]
}

export interface Appended {
  readonly logId: LogId
  readonly seq: number
  readonly element: Digest
}

export interface Received {
  /** Entries stored, and entries that were here before. */
  readonly fresh: number
  readonly duplicate: number
}
