/**
 * The durable `MemoryStore`: SQLite in WAL mode through Node's own `node:sqlite`.
 *
 * A commit is one transaction with `synchronous=FULL`: the write-ahead log is on disk before its promise resolves. It
 * runs synchronously, so nothing of this process comes between its statements; who calls gathers many writes into one
 * batch. A failed commit is rolled back and the store goes on.
 *
 * Reads answer STORE_CORRUPT where a page is damaged. A changed byte inside a header or payload is not SQLite's to
 * see: the caller compares what it reads with its hash.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LogId, SpaceId } from '../core/base/brand.ts'
import { bytesToBase64url } from '../core/base/bytes.ts'
import type {
  EntryRow,
  ForkRow,
  HeadRow,
  LogRow,
  MemoryStore,
  PartialRow,
  StoreBatch,
} from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { IDEMPOTENCY_KEYS_MAX } from '../core/protocol/limits.ts'
import { errorText, isSqliteError, storeError } from './sqlite-error.ts'
import { openStoreFile, type StoreOwner } from './sqlite-file.ts'
import { MIGRATIONS, type Migration } from './sqlite-schema.ts'

export { type StoreOwner, storeExists } from './sqlite-file.ts'

export interface SqliteStoreOptions {
  /** Schema migrations; tests pass their own. */
  readonly migrations?: readonly Migration[]
  /** Is shown the open database before its first use: a test makes the disk small with it. */
  readonly onOpen?: (database: DatabaseSync) => void
}

export interface SqliteStore extends MemoryStore {
  /** Checks every page, index and position, in time linear in the store; one sentence for each finding. */
  integrity(): string[]
}

/** SQLite takes no LIMIT that is not a whole number it can hold exactly. */
const ROWS_MAX = 2 ** 31 - 1

type Row = Record<string, unknown>
type Dot = { readonly logId: LogId; readonly seq: number }

/**
 * Opens the store in `folder` (mode 0700, data file `spore.db` 0600), creating it where there is none.
 * Throws `SporeError`: STORE_IN_USE, STORE_CORRUPT, STORE_NEWER, IDENTITY_MISMATCH, NETWORK_MISMATCH, STORE_WRITE_FAILED.
 */
export function openSqliteStore(
  folder: string,
  owner: StoreOwner,
  options: SqliteStoreOptions = {},
): SqliteStore {
  const file = openStoreFile(folder, owner, options.migrations ?? MIGRATIONS)
  const { database } = file
  let { origin } = file
  options.onOpen?.(database)
  const statements = prepareStatements(database)
  const writer = createWriter(database, statements)

  return {
    durability: 'disk',
    get origin() {
      return origin
    },
    async commit(batch) {
      writer.commit(batch)
      if (batch.epoch) origin = { ...origin, epoch: batch.epoch }
    },
    ...createReader(statements),
    integrity: () => checkIntegrity(database),
    async [Symbol.asyncDispose]() {
      if (!database.isOpen) return
      try {
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // The write-ahead log holds what could not be folded in; the next start reads it.
      } finally {
        file.close()
      }
    },
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    end: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),

    logOfId: prepare('SELECT log FROM logs WHERE log_id = ?'),
    idOfLog: prepare('SELECT log_id FROM logs WHERE log = ?'),
    allLogs: prepare('SELECT * FROM logs'),
    putLog: prepare(`
      INSERT INTO logs (log_id, public_key, space, epoch, next, chain, clock, segment_start, segment_bytes, arrival)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (log_id) DO UPDATE SET public_key = excluded.public_key, space = excluded.space,
        epoch = excluded.epoch, next = excluded.next, chain = excluded.chain, clock = excluded.clock,
        segment_start = excluded.segment_start, segment_bytes = excluded.segment_bytes, arrival = excluded.arrival`),

    allPartials: prepare('SELECT partials.*, log_id FROM partials JOIN logs USING (log)'),
    putPartial: prepare('INSERT OR REPLACE INTO partials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    dropPartial: prepare('DELETE FROM partials WHERE log = ?'),

    lastArrival: prepare('SELECT coalesce(max(arrival), 0) AS arrival FROM entries'),
    addEntry: prepare('INSERT INTO entries (arrival, log, seq, header, payload) VALUES (?, ?, ?, ?, ?)'),
    entriesAfter: prepare('SELECT * FROM entries WHERE arrival > ? ORDER BY arrival LIMIT ?'),
    entriesBefore: prepare('SELECT * FROM entries WHERE arrival < ? ORDER BY arrival DESC LIMIT ?'),
    entriesOf: prepare('SELECT * FROM entries WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq'),
    entryAt: prepare('SELECT * FROM entries WHERE log = ? AND seq = ?'),
    putPayload: prepare('UPDATE entries SET payload = ? WHERE log = ? AND seq = ?'),

    putHead: prepare(
      'INSERT OR REPLACE INTO heads (log, seq, chain, clock, signature) VALUES (?, ?, ?, ?, ?)',
    ),
    dropHead: prepare('DELETE FROM heads WHERE log = ? AND seq = ?'),
    headFrom: prepare('SELECT * FROM heads WHERE log = ? AND seq >= ? ORDER BY seq LIMIT 1'),
    headUpTo: prepare('SELECT * FROM heads WHERE log = ? AND seq <= ? ORDER BY seq DESC LIMIT 1'),
    headsBefore: prepare('SELECT * FROM heads WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?'),

    allForks: prepare('SELECT * FROM forks'),
    forkOf: prepare('SELECT * FROM forks WHERE log_id = ?'),
    putFork: prepare('INSERT OR REPLACE INTO forks (log_id, seq, proof) VALUES (?, ?, ?)'),

    countKeys: prepare('SELECT count(*) AS count FROM keys'),
    dropKey: prepare('DELETE FROM keys WHERE key = ?'),
    addKey: prepare('INSERT INTO keys (key, value) VALUES (?, ?)'),
    dropOldestKeys: prepare(
      'DELETE FROM keys WHERE place IN (SELECT place FROM keys ORDER BY place LIMIT ?)',
    ),
    key: prepare('SELECT value FROM keys WHERE key = ?'),

    putValue: prepare('INSERT OR REPLACE INTO named_values (name, value) VALUES (?, ?)'),
    dropValue: prepare('DELETE FROM named_values WHERE name = ?'),
    value: prepare('SELECT value FROM named_values WHERE name = ?'),

    putEpoch: prepare('UPDATE origin SET epoch = ?'),
  }
}

// --- Writing ---

function createWriter(database: DatabaseSync, statements: Statements): { commit(batch: StoreBatch): void } {
  // Both follow the committed state: they change only after COMMIT.
  let arrival = Number(statements.lastArrival.get()?.arrival)
  let keyCount = Number(statements.countKeys.get()?.count)

  return {
    commit(batch) {
      try {
        statements.begin.run()
        const numbers = createLogNumbers(statements)
        writeLogs(statements, batch.logs)
        writePartials(statements, numbers, batch.partials)
        writeEntries(statements, numbers, batch.entries, arrival)
        writeHeads(statements, numbers, batch)
        for (const { logId, seq, proof } of batch.forks) statements.putFork.run(idToBytes(logId), seq, proof)
        const keysNow = writeKeys(statements, batch.keys, keyCount)
        writeValues(statements, batch.values)
        for (const { logId, seq, payload } of batch.payloads)
          statements.putPayload.run(payload, numbers(logId), seq)
        if (batch.epoch) statements.putEpoch.run(batch.epoch)
        statements.end.run()
        arrival += batch.entries.length
        keyCount = keysNow
      } catch (error) {
        undo(database, statements)
        throw storeError(error, 'STORE_WRITE_FAILED', 'The batch was not written')
      }
    },
  }
}

function undo(database: DatabaseSync, statements: Statements): void {
  // SQLite has rolled back by itself after some failures of the disk.
  if (database.isOpen && database.isTransaction) statements.rollback.run()
}

/** The number of each log that a batch names, looked up once. */
function createLogNumbers(statements: Statements): (logId: LogId) => number {
  const numbers = new Map<LogId, number>()
  return (logId) => {
    const known = numbers.get(logId)
    if (known !== undefined) return known
    const row = statements.logOfId.get(idToBytes(logId))
    if (!row)
      throw new SporeError('STORE_WRITE_FAILED', `The batch names the log ${logId}, which is not stored.`)
    const number = row.log as number
    numbers.set(logId, number)
    return number
  }
}

function writeLogs(statements: Statements, logs: readonly LogRow[]): void {
  for (const log of logs)
    statements.putLog.run(
      idToBytes(log.logId),
      log.publicKey,
      log.space,
      log.epoch,
      log.next,
      log.chain,
      log.clock,
      log.segmentStart,
      log.segmentBytes,
      log.arrival,
    )
}

function writePartials(
  statements: Statements,
  numberOf: (logId: LogId) => number,
  partials: StoreBatch['partials'],
): void {
  for (const { logId, partial } of partials) {
    const log = numberOf(logId)
    if (partial)
      statements.putPartial.run(
        log,
        partial.base,
        partial.baseBytes,
        partial.chainBefore,
        partial.baseClock,
        partial.next,
        partial.chain,
        partial.clock,
        partial.segmentStart,
        partial.segmentBytes,
        partial.arrival,
      )
    else statements.dropPartial.run(log)
  }
}

function writeEntries(
  statements: Statements,
  numberOf: (logId: LogId) => number,
  entries: readonly EntryRow[],
  arrival: number,
): void {
  let expected = arrival
  for (const entry of entries) {
    expected++
    if (entry.arrival !== expected)
      throw new SporeError(
        'STORE_WRITE_FAILED',
        `The batch has the arrival number ${entry.arrival} where ${expected} comes next.`,
      )
    statements.addEntry.run(entry.arrival, numberOf(entry.logId), entry.seq, entry.header, entry.payload)
  }
}

function writeHeads(statements: Statements, numberOf: (logId: LogId) => number, batch: StoreBatch): void {
  for (const { logId, seq, chain, clock, signature } of batch.heads)
    statements.putHead.run(numberOf(logId), seq, chain, clock, signature)
  for (const { logId, seq } of batch.dropHeads) statements.dropHead.run(numberOf(logId), seq)
}

/** Returns how many keys there are then. A key given again becomes the newest. */
function writeKeys(statements: Statements, keys: StoreBatch['keys'], count: number): number {
  let now = count
  for (const { key, value } of keys) {
    now += 1 - Number(statements.dropKey.run(key).changes)
    statements.addKey.run(key, value)
  }
  if (now <= IDEMPOTENCY_KEYS_MAX) return now
  statements.dropOldestKeys.run(now - IDEMPOTENCY_KEYS_MAX)
  return IDEMPOTENCY_KEYS_MAX
}

function writeValues(statements: Statements, values: StoreBatch['values']): void {
  for (const { name, value } of values) {
    if (value) statements.putValue.run(name, value)
    else statements.dropValue.run(name)
  }
}

// --- Reading ---

type Reads = Pick<
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
  | 'key'
  | 'value'
>

function createReader(statements: Statements): Reads {
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

const idToBytes = (logId: LogId): Uint8Array => Buffer.from(logId, 'base64url')
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

// --- Checking ---

/** What `PRAGMA integrity_check` does not know: positions without a gap, and logs that say what they hold. */
const RULES: readonly { readonly finding: string; readonly query: string }[] = [
  {
    finding: 'arrival numbers with a gap',
    query:
      'SELECT 1 FROM (SELECT count(*) AS held, coalesce(max(arrival), 0) AS last FROM entries) WHERE held <> last',
  },
  {
    finding: 'entries of a log that is not there',
    query: 'SELECT 1 FROM entries WHERE log NOT IN (SELECT log FROM logs) LIMIT 1',
  },
  {
    finding: 'a log that does not hold the entries it counts',
    query: `SELECT 1 FROM logs LEFT JOIN partials USING (log)
            LEFT JOIN (SELECT log, count(*) AS held, max(seq) + 1 AS next FROM entries GROUP BY log) AS found USING (log)
            WHERE logs.next + coalesce(partials.next - base, 0) <> coalesce(held, 0)
            OR coalesce(partials.next, logs.next) <> coalesce(found.next, 0) LIMIT 1`,
  },
  {
    finding: 'a log held above a gap that is not there',
    query: `SELECT 1 FROM partials LEFT JOIN logs USING (log)
            WHERE logs.log IS NULL OR base < logs.next OR partials.next <= base LIMIT 1`,
  },
  {
    finding: 'entries in the gap of a log',
    query: `SELECT 1 FROM partials JOIN logs USING (log) JOIN entries ON entries.log = partials.log
            AND entries.seq >= logs.next AND entries.seq < base LIMIT 1`,
  },
]

function checkIntegrity(database: DatabaseSync): string[] {
  const findings: string[] = []
  try {
    const pages = database
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => String(row.integrity_check))
    findings.push(...pages.filter((finding) => finding !== 'ok'))
    for (const { finding, query } of RULES) if (database.prepare(query).get()) findings.push(finding)
  } catch (error) {
    findings.push(errorText(error))
  }
  return findings
}
