/** The reading half of the durable store. Reads answer STORE_CORRUPT where a page is damaged. */
import type { StatementSync } from 'node:sqlite'
import type { LogId, SpaceId } from '../core/base/brand.ts'
import { bytesToBase64url } from '../core/base/bytes.ts'
import { bytesToDigest } from '../core/base/hash.ts'
import type { EntryRow, ForkRow, HeadRow, LogRow, MemoryStore, PartialRow } from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { isSqliteError, storeError } from './sqlite-error.ts'
import type { Statements } from './sqlite-statements.ts'

/** SQLite takes no LIMIT that is not a whole number it can hold exactly. */
const ROWS_MAX = 2 ** 31 - 1

type Row = Record<string, unknown>
type Dot = { readonly logId: LogId; readonly seq: number }

export type Reads = Pick<
  MemoryStore,
  | 'logs'
  | 'partials'
  | 'forks'
  | 'fork'
  | 'entriesAfter'
  | 'entriesBefore'
  | 'entriesOf'
  | 'entriesAt'
  | 'headFrom'
  | 'headUpTo'
  | 'headsBefore'
  | 'denied'
  | 'key'
  | 'value'
>

export function createReader(statements: Statements): Reads {
  const numberOf = (logId: LogId): number | null => {
    const row = statements.logOfId.get(idToBytes(logId))
    return row ? (row.log as number) : null
  }
  const headBy = (statement: StatementSync, logId: LogId, seq: number): HeadRow | null => {
    const number = numberOf(logId)
    const row = number === null ? undefined : statement.get(number, seq)
    return row ? rowToHead(row, logId) : null
  }
  const entriesBy = (statement: StatementSync, arrival: number, limit: number): EntryRow[] => {
    const idOf = createLogIds(statements)
    return statement
      .all(arrival, Math.min(limit, ROWS_MAX))
      .map((row) => rowToEntry(row, idOf(row.log as number)))
  }
  const entryAt = ({ logId, seq }: Dot): EntryRow | null => {
    const number = numberOf(logId)
    const row = number === null ? undefined : statements.entryAt.get(number, seq)
    return row ? rowToEntry(row, logId) : null
  }

  return {
    logs: () => read(() => statements.allLogs.all().map(rowToLog)),
    partials: () => read(() => statements.allPartials.all().map(rowToPartial)),
    forks: () => read(() => statements.allForks.all().map(rowToFork)),
    fork: (logId) =>
      read(() => {
        const row = statements.forkOf.get(idToBytes(logId))
        return row ? rowToFork(row) : null
      }),
    entriesAfter: (after, limit) => read(() => entriesBy(statements.entriesAfter, after, limit)),
    entriesBefore: (before, limit) => read(() => entriesBy(statements.entriesBefore, before, limit)),
    entriesOf: (logId, from, to) =>
      read(() => {
        const number = numberOf(logId)
        if (number === null) return []
        return statements.entriesOf.all(number, from, to).map((row) => rowToEntry(row, logId))
      }),
    entriesAt: (dots) => read(() => dots.map(entryAt)),
    headFrom: (logId, atLeast) => read(() => headBy(statements.headFrom, logId, atLeast)),
    headUpTo: (logId, atMost) => read(() => headBy(statements.headUpTo, logId, atMost)),
    headsBefore: (logId, before, limit) =>
      read(() => {
        const number = numberOf(logId)
        if (number === null) return []
        const rows = statements.headsBefore.all(number, before, Math.min(limit, ROWS_MAX))
        return rows.map((row) => rowToHead(row, logId))
      }),
    denied: () =>
      read(() => statements.allDenied.all().map((row) => bytesToDigest(row.digest as Uint8Array))),
    key: (key) => read(() => (statements.key.get(key)?.value as string | undefined) ?? null),
    value: (name) => read(() => (statements.value.get(name)?.value as Uint8Array | undefined) ?? null),
  }
}

async function read<T>(query: () => T): Promise<T> {
  try {
    return query()
  } catch (error) {
    if (!isSqliteError(error)) throw error
    throw storeError(error, 'STORE_CORRUPT', 'The store could not be read')
  }
}

/** The id of each log that a page of entries names, looked up once. */
function createLogIds(statements: Statements): (log: number) => LogId {
  const ids = new Map<number, LogId>()
  return (log) => {
    const known = ids.get(log)
    if (known !== undefined) return known
    const row = statements.idOfLog.get(log)
    if (!row)
      throw new SporeError(
        'STORE_CORRUPT',
        `The store has entries of the log number ${log}, but not the log.`,
      )
    const id = bytesToId(row.log_id as Uint8Array)
    ids.set(log, id)
    return id
  }
}

export const idToBytes = (logId: LogId): Uint8Array => Buffer.from(logId, 'base64url')
const bytesToId = (bytes: Uint8Array): LogId => bytesToBase64url(bytes) as LogId

const rowToLog = (row: Row): LogRow => ({
  logId: bytesToId(row.log_id as Uint8Array),
  publicKey: row.public_key as Uint8Array,
  space: row.space as SpaceId,
  epoch: row.epoch as Uint8Array,
  next: row.next as number,
  chain: row.chain as Uint8Array,
  clock: row.clock as number,
  segmentStart: row.segment_start as number,
  segmentBytes: row.segment_bytes as number,
  arrival: row.arrival as number,
})

const rowToPartial = (row: Row): PartialRow => ({
  logId: bytesToId(row.log_id as Uint8Array),
  base: row.base as number,
  baseBytes: row.base_bytes as number,
  chainBefore: row.chain_before as Uint8Array,
  baseClock: row.base_clock as number,
  next: row.next as number,
  chain: row.chain as Uint8Array,
  clock: row.clock as number,
  segmentStart: row.segment_start as number,
  segmentBytes: row.segment_bytes as number,
  arrival: row.arrival as number,
})

const rowToEntry = (row: Row, logId: LogId): EntryRow => ({
  logId,
  seq: row.seq as number,
  arrival: row.arrival as number,
  header: row.header as Uint8Array,
  payload: row.payload as Uint8Array | null,
})

const rowToHead = (row: Row, logId: LogId): HeadRow => ({
  logId,
  seq: row.seq as number,
  chain: row.chain as Uint8Array,
  clock: row.clock as number,
  signature: row.signature as Uint8Array,
})

const rowToFork = (row: Row): ForkRow => ({
  logId: bytesToId(row.log_id as Uint8Array),
  seq: row.seq as number,
  proof: row.proof as Uint8Array,
})
