/**
 * The files of a store in a data folder: who holds it, whether it can be read, how it is created and upgraded.
 *
 * - `spore.lock` is an empty SQLite file whose lock one process holds while it has the store open. The kernel drops
 *   the lock with the process, however it ends. Only its holder may touch `spore.db`: POSIX drops every lock that a
 *   process has on a file when it closes any descriptor of it, so the database's own lock cannot guard a look at it.
 * - `spore.db` appears whole, under its name, or not at all. So an empty or headless `spore.db` is damage and never
 *   "not created yet": a store is created only where neither it nor its write-ahead log exists.
 * - A store is inspected through a read-only connection first. What is refused (damaged, newer, of another identity
 *   or network) is left as it was, byte for byte, its write-ahead log included.
 */
import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { equalBytes } from '../core/base/bytes.ts'
import type { StoreOrigin } from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { publishFile, writePrivateFile } from './publish-file.ts'
import { errorText, isBusy, isDamage, isFull, isUnavailable, storeError } from './sqlite-error.ts'
import { APPLICATION_ID, type Migration, migrate, schemaVersion } from './sqlite-schema.ts'

/** Whom a store must belong to, and what it starts from where there is none yet. */
export interface StoreOwner {
  /** Ed25519 public key of the identity, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly network: string
  /** Called once, only when a store is created. */
  readonly create: () => StoreOrigin
}

/** An open database and the lock on its folder; `close` gives both back. */
export interface StoreFile {
  readonly database: DatabaseSync
  readonly origin: StoreOrigin
  close(): void
}

export const STORE_FILE = 'spore.db'
const LOCK_FILE = 'spore.lock'
const DRAFT_FILE = 'spore.db.new'

/**
 * Files up to this many bytes are checked page by page at every start (~0.6 s a GB from the page cache, more from a cold
 * disk); larger ones when they are read, and by `integrity()`.
 */
const QUICK_CHECK_BYTES_MAX = 256 * 1024 * 1024
/**
 * Pages of 4 KiB in the write-ahead log before a commit folds it in: ~4 MiB. That commit takes ~25 ms instead of ~10; with
 * four times as many pages it took 60 to 180, and the event loop stood still for as long.
 */
const WAL_PAGES = 1000
/** Bytes that the write-ahead log keeps on disk after a burst of large commits. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024

const SQLITE_MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const USER_VERSION_AT = 60
const APPLICATION_ID_AT = 68

/** True where the folder holds a store or what is left of one: no new identity may be made beside it. */
export function storeExists(folder: string): boolean {
  return existsSync(join(folder, STORE_FILE)) || existsSync(join(folder, `${STORE_FILE}-wal`))
}

/**
 * Opens the store in `folder`, creating folder and store where there is none. Throws `SporeError`: STORE_IN_USE,
 * STORE_CORRUPT, STORE_NEWER, IDENTITY_MISMATCH, NETWORK_MISMATCH, STORE_WRITE_FAILED.
 */
export function openStoreFile(
  folder: string,
  owner: StoreOwner,
  migrations: readonly Migration[],
): StoreFile {
  const unlock = lockFolder(folder)
  let open: DatabaseSync | null = null
  try {
    const path = join(folder, STORE_FILE)
    if (!storeExists(folder)) createStore(folder, path, owner, migrations)
    checkHeader(path, migrations.length)
    const inspected = inspectStore(path, owner, migrations.length)
    const database = openForWriting(path)
    open = database
    const origin = inspected ?? readOrigin(database, path, owner, migrations.length)
    upgrade(database, path, migrations)
    const close = () => {
      try {
        database.close()
      } finally {
        unlock()
      }
    }
    return { database, origin, close }
  } catch (error) {
    open?.close()
    unlock()
    const code = isFull(error) ? 'STORE_WRITE_FAILED' : 'STORE_CORRUPT'
    throw storeError(error, code, `The store in ${folder} cannot be opened`)
  }
}

function lockFolder(folder: string): () => void {
  let lock: DatabaseSync | null = null
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, LOCK_FILE)
    if (!existsSync(path)) createLockFile(path)
    const database = new DatabaseSync(path)
    lock = database
    // Nothing is ever written: the transaction only holds the lock, and a journal in memory leaves no second file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return () => database.close()
  } catch (error) {
    lock?.close()
    if (isBusy(error))
      throw new SporeError('STORE_IN_USE', `The data folder ${folder} is open in another process.`)
    throw storeError(error, 'STORE_WRITE_FAILED', `The data folder ${folder} cannot be used`)
  }
}

function createLockFile(path: string): void {
  try {
    writePrivateFile(path, '')
  } catch (error) {
    // Another process was faster; the lock decides between the two.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function createStore(
  folder: string,
  path: string,
  owner: StoreOwner,
  migrations: readonly Migration[],
): void {
  const draft = join(folder, DRAFT_FILE)
  try {
    rmSync(draft, { force: true })
    writePrivateFile(draft, '')
    const database = new DatabaseSync(draft)
    try {
      database.exec(`PRAGMA journal_mode = OFF; PRAGMA application_id = ${APPLICATION_ID}`)
      migrate(database, migrations)
      const { publicKey, network, epoch } = owner.create()
      database.prepare('INSERT INTO origin VALUES (1, ?, ?, ?)').run(publicKey, network, epoch)
    } finally {
      database.close()
    }
    publishFile(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw storeError(error, 'STORE_WRITE_FAILED', `The store in ${folder} could not be created`)
  }
}

/**
 * What the store says of itself, without changing it. Null where a read-only look is impossible though the file may be
 * sound: it needs 32 KiB of disk beside the store, and a spore whose disk is full must still start and read.
 */
function inspectStore(path: string, owner: StoreOwner, version: number): StoreOrigin | null {
  const hadWal = existsSync(`${path}-wal`)
  // A read-only connection never folds the write-ahead log into the file, not even when it closes.
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return readOrigin(database, path, owner, version)
  } catch (error) {
    if (isUnavailable(error)) return null
    throw error
  } finally {
    database.close()
    rmSync(`${path}-shm`, { force: true })
    if (!hadWal) rmSync(`${path}-wal`, { force: true })
  }
}

/** The first 100 bytes, read without SQLite: what is not a store of ours is not opened at all. */
function checkHeader(path: string, version: number): void {
  if (!existsSync(path)) throw corrupt(path, 'is missing, though its write-ahead log is there')
  if (!statSync(path).isFile()) throw corrupt(path, 'is not a file')
  const header = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES)
      throw corrupt(path, 'is shorter than its header')
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1', 0, SQLITE_MAGIC.length) !== SQLITE_MAGIC)
    throw corrupt(path, 'is not a database')
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID)
    throw corrupt(path, 'is a database of another program')
  checkVersion(path, header.readUInt32BE(USER_VERSION_AT), version)
}

function readOrigin(database: DatabaseSync, path: string, owner: StoreOwner, version: number): StoreOrigin {
  checkVersion(path, schemaVersion(database), version)
  if (statSync(path).size <= QUICK_CHECK_BYTES_MAX) quickCheck(database, path)
  const row = database.prepare('SELECT public_key, network, epoch FROM origin').get()
  if (!row) throw corrupt(path, 'does not say whose it is')
  const origin = {
    publicKey: row.public_key as Uint8Array,
    network: row.network as string,
    epoch: row.epoch as Uint8Array,
  }
  checkOwner(path, origin, owner)
  return origin
}

function checkOwner(path: string, origin: StoreOrigin, owner: StoreOwner): void {
  if (!equalBytes(origin.publicKey, owner.publicKey))
    throw new SporeError('IDENTITY_MISMATCH', `The store ${path} belongs to another identity key.`)
  if (origin.network !== owner.network)
    throw new SporeError(
      'NETWORK_MISMATCH',
      `The store ${path} belongs to the network ${origin.network}, not to ${owner.network}.`,
    )
}

function quickCheck(database: DatabaseSync, path: string): void {
  const finding = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (finding !== 'ok') throw corrupt(path, `is damaged (${finding})`)
}

function checkVersion(path: string, found: number, known: number): void {
  if (found > known)
    throw new SporeError(
      'STORE_NEWER',
      `The store ${path} has schema version ${found}; this program knows versions up to ${known}.`,
    )
}

const corrupt = (path: string, finding: string) =>
  new SporeError('STORE_CORRUPT', `The store ${path} ${finding}.`)

function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // EXCLUSIVE before the first access: the index of the write-ahead log then stays in memory, without a shared file.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${WAL_PAGES};
      PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
      PRAGMA temp_store = MEMORY;
      PRAGMA secure_delete = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
    `)
    return database
  } catch (error) {
    database.close()
    if (isBusy(error)) throw new SporeError('STORE_IN_USE', `The store ${path} is open in another program.`)
    throw error
  }
}

/** Migrates an older store; a copy of it is made first and kept. */
function upgrade(database: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const version = schemaVersion(database)
  if (version === migrations.length) return
  const backup = `${path}.v${version}.backup`
  try {
    copyStore(database, backup)
    migrate(database, migrations)
  } catch (error) {
    if (isDamage(error)) throw error
    throw new SporeError(
      'STORE_WRITE_FAILED',
      `The store ${path} could not be migrated from schema version ${version} and stays as it was: ${errorText(error)}`,
      { cause: error },
    )
  }
}

/** A consistent copy of the whole database at `path`, durable before this returns. */
function copyStore(database: DatabaseSync, path: string): void {
  const draft = `${path}.new`
  rmSync(draft, { force: true })
  writePrivateFile(draft, '')
  try {
    database.prepare('VACUUM INTO ?').run(draft)
    publishFile(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}
