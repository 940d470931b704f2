/** What the memory engine (`memory.ts`) is to others, and what it tells them. */
import type { Did, Digest, LogId, SpaceId } from '../base/brand.ts'
import type { RangeSet } from '../base/ranges.ts'
import type { LogDescriptor } from '../protocol/log.ts'
import type { Change } from './change.ts'
import type { DamagedPayload } from './damaged-payloads.ts'
import type { Draft, DraftResult } from './draft.ts'
import type { LogTable } from './log-table.ts'
import type { DotRef } from './or-set.ts'
import type { Quarantine } from './quarantine.ts'
import type { Quota } from './quota.ts'
import type { EntryRow, ForkRow, LogRow, PartialRow, StoreBatch } from './store.ts'
import type { Usage } from './usage.ts'

/** What a fold step did: the change, and the memories whose visible dots are now others. */
export interface Applied {
  readonly change: Change
  readonly touched: readonly Digest[]
}

/** What a fork proof did: where the log is now cut, and the memories whose visible dots are now others. */
export interface AppliedFork {
  readonly logId: LogId
  readonly space: SpaceId
  readonly touched: readonly Digest[]
}

export interface Memory {
  /** The author whose key signs here. */
  readonly self: Did
  readonly logs: LogTable
  /** What is held of logs above a gap (`partial.ts`). */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  /** Starts a draft on top of the committed state. */
  draft(nowMs: number): Draft
  /** Folds a durable draft in. */
  apply(result: DraftResult): Applied[]
  /** Loads logs and proofs before the entries are replayed. */
  load(logs: readonly LogRow[], forks: readonly ForkRow[], partials?: readonly PartialRow[]): void
  /**
   * Replays one stored entry. Its change, for whoever keeps more than the set; null for a memory, which is read from the
   * store when it is wanted, and for an entry that is damaged, which is counted.
   */
  replay(row: EntryRow): Change | null
  /** Folds a durable proof in. */
  applyFork(fork: ForkRow): AppliedFork
  forkPoint(logId: LogId): number
  /** The first entry of a log that does not count; Infinity where all do. */
  validPoint(logId: LogId): number
  /** Applies what replayed entries said of the members of spaces; after the last of them. */
  settleMembers(): void

  /** Takes in which payloads are purged here: their elements are not visible, whoever carries them. */
  deny(changes: StoreBatch['denied']): void
  /** Counts payloads that a durable draft forgot, and hides what was evicted; the memories among these. */
  forget(forgotten: DraftResult['forgotten']): readonly Digest[]
  isDenied(element: Digest): boolean
  /** The same for one entry, visible or not: a fork may undo what had removed it. */
  dropPurged(dot: DotRef): void
  /** Number of purged payloads. */
  readonly denied: number

  /** Entries whose payload came absent or was forgotten for a checkpoint that holds no more, by log; purged ones among them. */
  readonly absent: ReadonlyMap<LogId, RangeSet>
  /** The payload of an entry that the set knows is gone: it is not visible until it is restored. */
  hideAbsent(dot: DotRef): void
  /** Folds in entries whose payload is there again; the memories among them. */
  restore(changes: readonly Change[]): readonly Digest[]

  readonly usage: Usage
  readonly quota: Quota
  readonly quarantine: Quarantine

  /** Visible memories. */
  readonly memories: number
  readonly entries: number
  readonly damaged: number
  /** Stored entries whose payload is not the one that their header names, by log and sequence number, at most `DAMAGED_PAYLOADS_MAX`. */
  readonly damagedPayloads: ReadonlyMap<string, DamagedPayload>
  /** Counts commits that changed payloads of stored entries. */
  readonly payloadVersion: number
  /** Entries in the gaps of logs that are fetched newest first. */
  readonly missing: number
  /** The last arrival number given: the position of the change feed. */
  readonly arrival: number
  /** Valid dots of a visible memory, oldest known first; empty where it is not visible. */
  dotsOf(memory: Digest): readonly DotRef[]
  /** Whether these are the dots that make a memory visible, in whatever order; `memory`: its 32 bytes. */
  carries(memory: Uint8Array, dots: readonly DotRef[]): boolean
  /** Numbers of elements of all kinds are below this. */
  readonly elements: number
  /** The 32 bytes of the memory of a number, where it is one and visible. */
  visibleMemory(number: number): Uint8Array | null
  /** The number of its dots. */
  dotCountOf(memory: Digest): number
  /** True where this dot is one of those that make its element visible. */
  isVisibleDot(dot: DotRef): boolean
  /** The same for an element of any kind. */
  dotsOfKind(kind: number, element: Digest): readonly DotRef[]
  /** Id of the own log of a space. */
  ownLog(space: SpaceId): LogDescriptor
  /** Own visible dots of an element of a kind. */
  ownDots(kind: number, element: Digest): readonly DotRef[]
}
