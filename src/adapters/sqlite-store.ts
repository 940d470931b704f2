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
import type { DatabaseSync } from 'node:sqlite'
import type { LogId } from '../core/base/brand.ts'
import { digestToBytes } from '../core/base/hash.ts'
import type { EntryRow, LogRow, MemoryStore, StoreBatch } from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { IDEMPOTENCY_KEYS_MAX } from '../core/protocol/limits.ts'
import { checkIntegrity } from './sqlite-check.ts'
import { storeError } from './sqlite-error.ts'
import { openStoreFile, type StoreOwner } from './sqlite-file.ts'
import { createReader, idToBytes } from './sqlite-read.ts'
import { MIGRATIONS, type Migration } from './sqlite-schema.ts'
import { prepareStatements, type Statements } from './sqlite-statements.ts'

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
    async scrub() {
      try {
        // `secure_delete` has overwritten what was deleted in the pages; the write-ahead log still has them as they were.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch (error) {
        throw storeError(
          error,
          'STORE_WRITE_FAILED',
          'What was deleted may still stand in the write-ahead log',
        )
      }
    },
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
        for (const { digest, isDenied } of batch.denied)
          statements[isDenied ? 'deny' : 'allow'].run(digestToBytes(digest))
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
