import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { APPLICATION_ID, MIGRATIONS, type Migration, migrate } from '../../../src/adapters/sqlite-schema.ts'
import { openSqliteStore, type SqliteStoreOptions, storeExists } from '../../../src/adapters/sqlite-store.ts'
import { emptyBatch, type StoreBatch } from '../../../src/core/memory/store.ts'
import { entryRow, logRow, partialRow, plain, testStoreContract } from '../../contract/store.ts'
import { folderContent, temporaryFolder } from '../../support/folder.ts'
import { testOrigin } from '../../support/store-origin.ts'

const owner = { ...testOrigin, create: () => testOrigin }
const openIn = (folder: string, options: SqliteStoreOptions = {}) => openSqliteStore(folder, owner, options)

/** Opens with a hand on the size of the disk: `limit(n)` lets the file have n pages, no fewer than it has. */
function openLimited(folder: string) {
  let database: DatabaseSync | null = null
  const store = openIn(folder, { onOpen: (opened) => (database = opened) })
  return { store, limit: (pages: number) => database?.exec(`PRAGMA max_page_count = ${pages}`) }
}
const ANY_PAGES = 2 ** 31

testStoreContract('SQLite store', async () => {
  const folder = temporaryFolder()
  const first = openLimited(folder.path)
  let store = first.store
  return {
    store,
    async reopen() {
      await store[Symbol.asyncDispose]()
      store = openIn(folder.path)
      return store
    },
    breakWrites() {
      first.limit(1)
      return () => first.limit(ANY_PAGES)
    },
    async close() {
      await store[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
})

const batch = (changes: Partial<StoreBatch>): StoreBatch => ({ ...emptyBatch, ...changes })

/** `count` entries of one log, each with a payload of `size` bytes. */
const filled = (count: number, size = 400) =>
  batch({
    logs: [logRow(1, { next: count, arrival: count })],
    entries: Array.from({ length: count }, (_, seq) =>
      entryRow(1, seq, seq + 1, { payload: new Uint8Array(size).fill(seq) }),
    ),
  })

/** A closed store with 500 entries, some 60 pages. */
async function storeIn(folder: string, options: SqliteStoreOptions = {}): Promise<void> {
  await using store = openIn(folder, options)
  await store.commit(filled(500))
}

/** Opening is refused with `code`, and not a byte in the folder changes. */
function assertRefused(folder: string, code: string, open = () => openIn(folder)): void {
  const before = folderContent(folder)
  let refusal: unknown
  try {
    open()
  } catch (error) {
    refusal = error
  }
  assert.equal((refusal as { code?: string } | undefined)?.code, code, String(refusal))
  assert.deepEqual(folderContent(folder), before)
}

// --- Who may open it ---

test('files and a folder that the store creates are readable by their owner only', async () => {
  using folder = temporaryFolder()
  const home = join(folder.path, 'a', 'home')
  await using store = openIn(home)
  await store.commit(filled(3))
  assert.equal(statSync(home).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(home).sort(), ['spore.db', 'spore.db-wal', 'spore.lock'])
  for (const name of readdirSync(home)) assert.equal(statSync(join(home, name)).mode & 0o077, 0, name)
})

test('a second process on the same folder is refused, and the folder is free once the first is killed', async () => {
  using folder = temporaryFolder()
  const script = fileURLToPath(new URL('../../support/store-holder.ts', import.meta.url))
  const holder = spawn(process.execPath, [script, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(holder.stdout, 'data')
    assertRefused(folder.path, 'STORE_IN_USE')
    // A refused opening must not have loosened the first one's lock.
    assertRefused(folder.path, 'STORE_IN_USE')
  } finally {
    holder.kill('SIGKILL')
    await once(holder, 'exit')
  }
  await using store = openIn(folder.path)
  assert.deepEqual(plain(await store.value('held')), '0x01')
})

test('a second opening in the same process is refused, and the first goes on', async () => {
  using folder = temporaryFolder()
  await using store = openIn(folder.path)
  await store.commit(filled(1))
  assert.throws(() => openIn(folder.path), { code: 'STORE_IN_USE', message: /open in another process/ })
  await store.commit(batch({ entries: [entryRow(1, 1, 2)] }))
  assert.equal((await store.entriesAfter(0, 10)).length, 2)
})

test('a store of another identity or network is refused unchanged, also with writes in its log', async () => {
  using folder = temporaryFolder()
  const script = fileURLToPath(new URL('../../support/store-holder.ts', import.meta.url))
  const holder = spawn(process.execPath, [script, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  assert.ok(statSync(join(folder.path, 'spore.db-wal')).size > 0)

  const other = { ...owner, publicKey: new Uint8Array(32).fill(8) }
  assertRefused(folder.path, 'IDENTITY_MISMATCH', () => openSqliteStore(folder.path, other))
  const elsewhere = { ...owner, network: 'elsewhere' }
  assertRefused(folder.path, 'NETWORK_MISMATCH', () => openSqliteStore(folder.path, elsewhere))
  await using store = openIn(folder.path)
  assert.deepEqual(plain(await store.value('held')), '0x01')
})

test('the origin is drawn once, when the store is created', async () => {
  using folder = temporaryFolder()
  assert.equal(storeExists(folder.path), false)
  let drawn = 0
  const create = () => ({ ...testOrigin, epoch: new Uint8Array(8).fill(++drawn) })
  for (let opening = 0; opening < 3; opening++) {
    await using store = openSqliteStore(folder.path, { ...owner, create })
    assert.deepEqual(plain(store.origin), plain({ ...testOrigin, epoch: new Uint8Array(8).fill(1) }))
  }
  assert.equal(drawn, 1)
  assert.equal(storeExists(folder.path), true)
})

test('a folder that cannot be used says so', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  assert.throws(() => openIn(file), { name: 'SporeError', code: 'STORE_WRITE_FAILED' })
})

// --- What is refused unchanged ---

/** Damages the closed store in a folder; opening it must then be refused. */
const damages: readonly { name: string; damage: (path: string) => void }[] = [
  { name: 'an empty file', damage: (path) => truncateSync(path, 0) },
  { name: 'a file shorter than its header', damage: (path) => truncateSync(path, 50) },
  { name: 'a file cut within a page', damage: (path) => truncateSync(path, 4096 * 3 + 100) },
  { name: 'a file cut to its first page', damage: (path) => truncateSync(path, 4096) },
  { name: 'a file without its last page', damage: (path) => truncateSync(path, statSync(path).size - 4096) },
  { name: 'a text file', damage: (path) => writeFileSync(path, 'not a store\n'.repeat(1000)) },
  { name: 'zeros', damage: (path) => writeFileSync(path, new Uint8Array(statSync(path).size)) },
  { name: 'a database of another program', damage: (path) => writeDatabase(path, 'CREATE TABLE t (a)') },
  {
    name: 'a database with our mark and no tables',
    damage: (path) => writeDatabase(path, `PRAGMA application_id = ${APPLICATION_ID}; CREATE TABLE t (a)`),
  },
  {
    name: 'a store that lost its origin',
    damage: (path) => changeDatabase(path, 'DELETE FROM origin'),
  },
  { name: 'a flipped bit in the schema page', damage: (path) => flip(path, 4096 - 20) },
  {
    name: 'a folder in its place',
    damage: (path) => {
      rmSync(path)
      mkdirSync(path)
    },
  },
  {
    name: 'only its write-ahead log',
    damage: (path) => {
      rmSync(path)
      writeFileSync(`${path}-wal`, 'what is left')
    },
  },
]

for (const { name, damage } of damages)
  test(`${name} is refused as STORE_CORRUPT and left as it is`, async () => {
    using folder = temporaryFolder()
    await storeIn(folder.path)
    damage(join(folder.path, 'spore.db'))
    assertRefused(folder.path, 'STORE_CORRUPT')
    assert.equal(storeExists(folder.path), true)
  })

test('a store of a newer version is refused and left as it is', async () => {
  using folder = temporaryFolder()
  const newer: Migration = (database) => database.exec('CREATE TABLE later (a)')
  await storeIn(folder.path, { migrations: [...MIGRATIONS, newer] })
  assertRefused(folder.path, 'STORE_NEWER')
})

test('every page header that is flipped is found at the start', async () => {
  using folder = temporaryFolder()
  await storeIn(folder.path)
  const path = join(folder.path, 'spore.db')
  const sound = readFileSync(path)
  for (let page = 1; page < sound.length / 4096; page++) {
    const damaged = Buffer.from(sound)
    // The type of a B-tree page: 2, 5, 10 or 13 (https://www.sqlite.org/fileformat.html §1.6).
    damaged[page * 4096] = (damaged[page * 4096] as number) ^ 0x40
    writeFileSync(path, damaged)
    assertRefused(folder.path, 'STORE_CORRUPT')
  }
})

test('damage that appears while the store is open rejects the read, and the rest is still served', async () => {
  using folder = temporaryFolder()
  await storeIn(folder.path)
  await using store = openIn(folder.path)
  const path = join(folder.path, 'spore.db')
  // Pages in the middle belong to entries; the first ones, with the tables' roots, are in the cache by now.
  const damaged = readFileSync(path)
  damaged.fill(0xff, 4096 * 30, 4096 * 34)
  writeFileSync(path, damaged)
  await assert.rejects(store.entriesAfter(0, 1000), { name: 'SporeError', code: 'STORE_CORRUPT' })
  assert.equal((await store.entriesAfter(0, 1)).length, 1)
  assert.notDeepEqual(store.integrity(), [])
})

// --- Migrations ---

const addNote: Migration = (database) =>
  database.exec('ALTER TABLE logs ADD COLUMN note TEXT; CREATE INDEX by_clock ON logs (clock)')

test('an older store is migrated, and a copy of it is kept that opens as it was', async () => {
  using folder = temporaryFolder()
  await storeIn(folder.path)
  {
    await using store = openIn(folder.path, { migrations: [...MIGRATIONS, addNote] })
    assert.deepEqual(plain(await store.entriesAfter(0, 1000)), plain(filled(500).entries))
    assert.deepEqual(store.integrity(), [])
  }
  assertRefused(folder.path, 'STORE_NEWER')

  const backup = join(folder.path, `spore.db.v${MIGRATIONS.length}.backup`)
  assert.equal(statSync(backup).mode & 0o077, 0)
  using restored = temporaryFolder()
  copyFileSync(backup, join(restored.path, 'spore.db'))
  await using store = openIn(restored.path)
  assert.deepEqual(plain(await store.entriesAfter(0, 1000)), plain(filled(500).entries))
})

test('a store of version 1 opens with all that it held, and takes what version 2 adds', async () => {
  using folder = temporaryFolder()
  createVersion1(folder.path)
  {
    await using store = openIn(folder.path)
    assert.deepEqual(plain(await store.logs()), plain([logRow(1, { next: 1, arrival: 1 })]))
    assert.deepEqual(plain(await store.entriesAfter(0, 10)), plain([entryRow(1, 0, 1)]))
    assert.equal((await store.headFrom(entryRow(1, 0, 1).logId, 0))?.clock, 5)
    assert.deepEqual(await store.partials(), [])
    const partial = partialRow(1, { base: 4, next: 5, arrival: 2 })
    await store.commit(batch({ partials: [{ logId: partial.logId, partial }], entries: [entryRow(1, 4, 2)] }))
    assert.deepEqual(store.integrity(), [])
  }
  await using store = openIn(folder.path)
  assert.equal((await store.partials())[0]?.base, 4)
  assert.ok(existsSync(join(folder.path, 'spore.db.v1.backup')))
})

/** As the first released version would have left it. */
function createVersion1(folder: string): void {
  const database = new DatabaseSync(join(folder, 'spore.db'))
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  migrate(database, MIGRATIONS.slice(0, 1))
  const log = logRow(1, { next: 1, arrival: 1 })
  const logId = Buffer.from(log.logId, 'base64url')
  const entry = entryRow(1, 0, 1)
  const insert = (sql: string, ...values: (number | string | Uint8Array | null)[]) =>
    database.prepare(sql).run(...values)
  insert('INSERT INTO origin VALUES (1, ?, ?, ?)', testOrigin.publicKey, testOrigin.network, testOrigin.epoch)
  insert(
    'INSERT INTO logs VALUES (7, ?, ?, ?, ?, 1, ?, 0, 0, 0, 1)',
    logId,
    log.publicKey,
    log.space,
    log.epoch,
    log.chain,
  )
  insert('INSERT INTO entries VALUES (1, 7, 0, ?, ?)', entry.header, entry.payload)
  insert('INSERT INTO heads VALUES (7, 0, ?, 5, ?)', log.chain, new Uint8Array(64))
  database.close()
}

test('what the check of a store finds about a log that is held above a gap', async () => {
  const wrong: readonly (readonly [string, Partial<StoreBatch>])[] = [
    ['does not hold the entries it counts', { entries: [entryRow(1, 0, 1), entryRow(1, 4, 2)] }],
    ['entries in the gap', { entries: [entryRow(1, 0, 1), entryRow(1, 3, 2), entryRow(1, 5, 3)] }],
    ['above a gap that is not there', { logs: [logRow(1, { next: 5 })] }],
  ]
  for (const [finding, changes] of wrong) {
    using folder = temporaryFolder()
    await using store = openIn(folder.path)
    const partial = partialRow(1, { next: 6 })
    const entries = [entryRow(1, 0, 1), entryRow(1, 4, 2), entryRow(1, 5, 3)]
    const sound = batch({ logs: [logRow(1, { next: 1 })], partials: [{ logId: partial.logId, partial }] })
    await store.commit({ ...sound, entries, ...changes })
    assert.ok(
      store.integrity().some((found) => found.includes(finding)),
      `${finding}: ${store.integrity()}`,
    )
  }
})

test('a migration that fails leaves the version before it, and the store opens again', async () => {
  using folder = temporaryFolder()
  await storeIn(folder.path)
  const broken: Migration = (database) => {
    database.exec('DELETE FROM entries')
    throw new Error('no more')
  }
  const migrations = [...MIGRATIONS, addNote, broken]
  assert.throws(() => openIn(folder.path, { migrations }), {
    code: 'STORE_WRITE_FAILED',
    message: new RegExp(`schema version ${MIGRATIONS.length}.*no more`),
  })
  {
    await using store = openIn(folder.path, { migrations: [...MIGRATIONS, addNote] })
    assert.equal((await store.entriesAfter(0, 1000)).length, 500)
  }
  assert.ok(existsSync(join(folder.path, `spore.db.v${MIGRATIONS.length}.backup`)))
})

// --- Writes that fail ---

test('a full disk rejects the commit whole; reads and smaller commits go on', async () => {
  using folder = temporaryFolder()
  {
    await storeIn(folder.path)
    const { store: limited, limit } = openLimited(folder.path)
    await using store = limited
    limit(statSync(join(folder.path, 'spore.db')).size / 4096 + 4)
    const tooLarge = batch({
      logs: [logRow(1, { next: 501, arrival: 501 }), logRow(2, { next: 1, arrival: 502 })],
      entries: [entryRow(1, 500, 501), entryRow(2, 0, 502, { payload: new Uint8Array(80_000) })],
      keys: [{ key: 'k', value: 'v' }],
      values: [{ name: 'v', value: Uint8Array.of(1) }],
    })
    for (let attempt = 0; attempt < 3; attempt++)
      await assert.rejects(store.commit(tooLarge), { name: 'SporeError', code: 'STORE_WRITE_FAILED' })
    assert.deepEqual(plain(await store.entriesAfter(0, 1000)), plain(filled(500).entries))
    assert.deepEqual(plain(await store.logs()), plain(filled(500).logs))
    assert.equal(await store.key('k'), null)
    assert.equal(await store.value('v'), null)
    await store.commit(
      batch({
        logs: [logRow(1, { next: 501, arrival: 501 })],
        entries: [entryRow(1, 500, 501)],
        keys: [{ key: 'k', value: 'later' }],
      }),
    )
  }
  await using store = openIn(folder.path)
  assert.equal((await store.entriesAfter(0, 1000)).length, 501)
  assert.equal(await store.key('k'), 'later')
  assert.deepEqual(store.integrity(), [])
})

test('a write that the kernel refuses is not acknowledged, and what was is there after a restart', async () => {
  using folder = temporaryFolder()
  const script = fileURLToPath(new URL('../../support/store-filler.ts', import.meta.url))
  // A limit of 2,000 blocks on the size of a file: ~1 MB or ~2 MB, as the shell counts.
  const limited = spawn(
    'sh',
    ['-c', 'ulimit -f 2000; exec "$@"', 'sh', process.execPath, script, folder.path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [output] = await Promise.all([text(limited.stdout), once(limited, 'exit')])
  const { written, readable, refusal, unacknowledged } = JSON.parse(output)
  assert.equal(refusal, 'STORE_WRITE_FAILED')
  assert.ok(written > 5)
  assert.equal(readable, written)
  assert.equal(unacknowledged, null)

  await using store = openIn(folder.path)
  for (let i = 0; i < written; i++) assert.equal((await store.value(String(i)))?.length, 50_000)
  await store.commit(filled(500))
  assert.deepEqual(store.integrity(), [])
})

/** Batches that no correct caller makes; the store must not take half of one. */
const illegal: readonly { name: string; batch: StoreBatch }[] = [
  { name: 'an arrival number with a gap', batch: batch({ entries: [entryRow(1, 2, 3), entryRow(1, 3, 5)] }) },
  { name: 'an arrival number that was used', batch: batch({ entries: [entryRow(1, 2, 2)] }) },
  { name: 'a position that is taken', batch: batch({ entries: [entryRow(1, 2, 3), entryRow(1, 1, 4)] }) },
  { name: 'an entry of an unknown log', batch: batch({ entries: [entryRow(1, 2, 3), entryRow(5, 0, 4)] }) },
]

for (const { name, batch: wrong } of illegal)
  test(`${name} rejects the whole batch`, async () => {
    using folder = temporaryFolder()
    await using store = openIn(folder.path)
    await store.commit(filled(2))
    const withMore = { ...wrong, logs: [logRow(3)], values: [{ name: 'v', value: Uint8Array.of(1) }] }
    await assert.rejects(store.commit(withMore), { name: 'SporeError', code: 'STORE_WRITE_FAILED' })
    assert.equal((await store.entriesAfter(0, 10)).length, 2)
    assert.equal((await store.logs()).length, 1)
    assert.equal(await store.value('v'), null)
    await store.commit(batch({ logs: [logRow(1, { next: 3 })], entries: [entryRow(1, 2, 3)] }))
    assert.deepEqual(store.integrity(), [])
  })

test('a closed store refuses commits and reads, and closing it again does nothing', async () => {
  using folder = temporaryFolder()
  const store = openIn(folder.path)
  await store.commit(filled(2))
  await store[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await assert.rejects(store.commit(filled(2)), { code: 'STORE_WRITE_FAILED' })
  await assert.rejects(store.entriesAfter(0, 1))
  assert.deepEqual(readdirSync(folder.path).sort(), ['spore.db', 'spore.lock'])
})

// --- Checking ---

/** Changes that SQLite takes for sound, and the finding for each. */
const findings: readonly { name: string; sql: string; finding: RegExp }[] = [
  { name: 'a missing entry', sql: 'DELETE FROM entries WHERE arrival = 3', finding: /arrival numbers/ },
  { name: 'a missing log', sql: 'DELETE FROM logs', finding: /log that is not there/ },
  { name: 'a log that counts wrong', sql: 'UPDATE logs SET next = 7', finding: /does not hold/ },
]

for (const { name, sql, finding } of findings)
  test(`integrity() finds ${name}`, async () => {
    using folder = temporaryFolder()
    await storeIn(folder.path)
    changeDatabase(join(folder.path, 'spore.db'), sql)
    await using store = openIn(folder.path)
    assert.match(store.integrity().join('; '), finding)
  })

function writeDatabase(path: string, sql: string): void {
  rmSync(path)
  changeDatabase(path, sql)
}

function changeDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

function flip(path: string, offset: number): void {
  const content = readFileSync(path)
  content[offset] = (content[offset] as number) ^ 1
  writeFileSync(path, content)
}
