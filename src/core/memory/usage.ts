/**
 * Usage: how many bytes, logs and fork proofs of each author are held here, by space. A fold over what is stored, like the set:
 * replaying the store gives the same sums, but for what was evicted in this life of the process.
 *
 * An author is a row as long as a log of its is held, so the number of rows is bounded by that of logs.
 */
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import type { LogState } from './log-table.ts'

/** What is held of one author in one space. */
export interface AuthorUsage {
  readonly author: Did
  readonly space: SpaceId
  /** Header and payload bytes that are held. */
  readonly bytes: number
  /** Payload bytes that were evicted since the start: they count against the author, and take no room. */
  readonly evicted: number
  readonly logs: readonly LogId[]
}

export interface Usage {
  /** A log is known from now on. */
  open(log: LogState): void
  /** Bytes of a log were stored (positive) or forgotten (negative). */
  add(log: LogState, bytes: number): void
  /** Payload bytes of a log were evicted. */
  evict(log: LogState, bytes: number): void
  /** A fork of a log was proven, or a lower one. `isHeld` where anything of the log was held then. */
  fork(log: LogState, bytes: number, isHeld: boolean): void
  of(author: Did, space: SpaceId): AuthorUsage | undefined
  /** Logs of an author, in all spaces, and how many of them are forked. */
  logsOf(author: Did): number
  forksOf(author: Did): number
  ofSpace(space: SpaceId): number
  authors(): IterableIterator<AuthorUsage>
  spaces(): IterableIterator<SpaceId>
  /** Header, payload and proof bytes. */
  readonly total: number
  readonly forks: number
  /** Forked logs of which nothing was held when that was proven. */
  readonly emptyForks: number
  /** Entries whose payload was evicted since the start. */
  readonly evictions: number
}

interface Row {
  readonly author: Did
  readonly space: SpaceId
  bytes: number
  evicted: number
  readonly logs: LogId[]
}

export function createUsage(): Usage {
  const rows = new Map<string, Row>()
  const rowsByLog = new Map<LogId, Row>()
  const spaces = new Map<SpaceId, number>()
  const logCounts = new Map<Did, number>()
  const forkCounts = new Map<Did, number>()
  const proofs = new Map<LogId, { bytes: number; readonly isHeld: boolean }>()
  let total = 0
  let emptyForks = 0
  let evictions = 0

  const open = ({ row: { logId, space }, author }: LogState): Row => {
    const known = rowsByLog.get(logId)
    if (known) return known
    const key = keyOf(author, space)
    const row = rows.get(key) ?? { author, space, bytes: 0, evicted: 0, logs: [] }
    row.logs.push(logId)
    rows.set(key, row)
    rowsByLog.set(logId, row)
    logCounts.set(author, (logCounts.get(author) ?? 0) + 1)
    return row
  }

  const add = (log: LogState, bytes: number): Row => {
    const row = rowsByLog.get(log.row.logId) ?? open(log)
    row.bytes += bytes
    spaces.set(row.space, (spaces.get(row.space) ?? 0) + bytes)
    total += bytes
    return row
  }

  return {
    open: (log) => void open(log),
    add: (log, bytes) => void add(log, bytes),
    evict(log, bytes) {
      add(log, -bytes).evicted += bytes
      evictions++
    },
    fork(log, bytes, isHeld) {
      const { logId } = log.row
      const before = proofs.get(logId)
      total += bytes - (before?.bytes ?? 0)
      if (before) {
        before.bytes = bytes
        return
      }
      const { author } = open(log)
      proofs.set(logId, { bytes, isHeld })
      forkCounts.set(author, (forkCounts.get(author) ?? 0) + 1)
      if (!isHeld) emptyForks++
    },
    of: (author, space) => rows.get(keyOf(author, space)),
    logsOf: (author) => logCounts.get(author) ?? 0,
    forksOf: (author) => forkCounts.get(author) ?? 0,
    ofSpace: (space) => spaces.get(space) ?? 0,
    authors: () => rows.values(),
    spaces: () => spaces.keys(),
    get total() {
      return total
    },
    get forks() {
      return proofs.size
    },
    get emptyForks() {
      return emptyForks
    },
    get evictions() {
      return evictions
    },
  }
}

const keyOf = (author: Did, space: SpaceId): string => `${author} ${space}`
