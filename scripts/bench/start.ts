/**
 * A spore with a long memory: how soon it serves, what its replication part needs, and what a change costs it.
 *
 *     npm run bench -- start [--entries 1000000] [--authors 300] [--seed 1] [--json]
 *
 * The store is filled with signed logs beforehand (`support/filled-store.ts`); filling it is not measured.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { createKeyFile } from '../../src/adapters/key-file.ts'
import { openSqliteStore } from '../../src/adapters/sqlite-store.ts'
import { utf8ToBytes } from '../../src/core/base/bytes.ts'
import { sha256 } from '../../src/core/base/hash.ts'
import { createSigner } from '../../src/core/identity/keys.ts'
import { createLogTable, emptyLogRow, type LogTable } from '../../src/core/memory/log-table.ts'
import { createSpaces } from '../../src/core/memory/spaces.ts'
import type { LogRow } from '../../src/core/memory/store.ts'
import { DEFAULT_NETWORK } from '../../src/core/protocol/version.ts'
import { fillStore } from './support/filled-store.ts'
import type { Report, Run } from './support/harness.ts'
import { type MeasuredSpore, startMeasuredSpore } from './support/measured-spore.ts'
import type { ReplicationFigures } from './support/replication-process.ts'
import { makeTexts } from './support/texts.ts'

const SECONDS_BAR = 20
const RSS_MIB_BAR = 150
const QUIET_BYTES_BAR = 1024
/** A change among ten thousand authors may cost so many times what it costs among ten. */
const CHANGE_RATIO_BAR = 3

const MIB = 2 ** 20
/** Bytes of a text, and how many different ones there are. */
const TEXT_BYTES = 310
const TEXTS = 2000
const EPOCH = new Uint8Array(8).fill(3)
const FEW_AUTHORS = 10
const MANY_AUTHORS = 10_000
/** Changes that are timed. */
const CHANGES = 4000
/** What is not there by then never comes. */
const GIVE_UP_MS = 60_000
/** Ten times what a spore waits before it pushes. */
const QUIET_MS = 500

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '1000000' },
      authors: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [entries, authors] = [Number(values.entries), Number(values.authors)]
  if (!Number.isSafeInteger(entries) || entries < 1) throw new Error('--entries is a whole number')
  if (!Number.isSafeInteger(authors) || authors < 1) throw new Error('--authors is a whole number')
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  const fill = (name: string, count: number, by: number): Promise<string> =>
    fillHome(join(folder, name), { entries: count, authors: by, seed: values.seed })
  try {
    report.note(`${entries} entries of ${authors} authors, seed ${values.seed}`)
    const full = await fill('full', entries, authors)
    await measureReplication(full, await fill('empty', 0, 1), entries, report)
    await measureStart(full, entries, report)
    await rm(full, { recursive: true, force: true })
    measureChange(report)
    await measureQuiet(
      await fill('a', MANY_AUTHORS, MANY_AUTHORS),
      await fill('b', MANY_AUTHORS, MANY_AUTHORS),
      report,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Filled {
  readonly entries: number
  readonly authors: number
  readonly seed: string
}

/** A data folder with a key of its own and the entries of others. */
async function fillHome(home: string, { entries, authors, seed }: Filled): Promise<string> {
  const { publicKey } = createSigner(createKeyFile(home).seed)
  const origin = { publicKey, network: DEFAULT_NETWORK }
  await using store = openSqliteStore(home, { ...origin, create: () => ({ ...origin, epoch: EPOCH }) })
  await fillStore(store, { entries, authors, seed, texts: makeTexts(TEXTS, TEXT_BYTES, seed) })
  return home
}

// --- The replication part alone ---

async function measureReplication(
  full: string,
  empty: string,
  entries: number,
  report: Report,
): Promise<void> {
  // Twice: the first start fills the compile cache, as installing does.
  await runReplication(empty)
  const base = await runReplication(empty)
  const figures = await runReplication(full)
  if (figures.entries !== entries || figures.damaged > 0) throw new Error(JSON.stringify(figures))
  report.note(`${figures.memories} memories are visible`)
  const rss = figures.rssBytes / MIB
  report.row({ metric: 'replication part: RSS', value: rss, unit: 'MiB', bar: { atMost: RSS_MIB_BAR } })
  report.row({ metric: 'replication part: RSS with an empty store', value: base.rssBytes / MIB, unit: 'MiB' })
  report.row({
    metric: 'replication part: bytes an entry above that',
    value: (figures.rssBytes - base.rssBytes) / entries,
    unit: 'B',
  })
  report.row({ metric: 'replication part: seconds of replay', value: figures.seconds, unit: 's' })
  report.row({ metric: 'replication part: CPU of the process', value: figures.cpuSeconds, unit: 's' })
}

async function runReplication(home: string): Promise<ReplicationFigures> {
  const script = join(import.meta.dirname, 'support', 'replication-process.ts')
  const env = { ...process.env, NODE_COMPILE_CACHE: join(home, '..', 'compile-cache') }
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=4', script, home], {
    env,
  })
  return JSON.parse(stdout) as ReplicationFigures
}

// --- A whole spore ---

async function measureStart(home: string, entries: number, report: Report): Promise<void> {
  const startedAt = performance.now()
  await using spore = await startMeasuredSpore({ home })
  const seconds = (performance.now() - startedAt) / 1000
  report.row({ metric: 'seconds until it serves', value: seconds, unit: 's', bar: { atMost: SECONDS_BAR } })
  const health = (await spore.ask('/api/health')) as { entries: number; indexing: { behind: number } }
  if (health.entries !== entries) throw new Error(`${health.entries} entries are there`)
  report.note(`${health.indexing.behind} entries are not indexed yet when it serves`)
  const searchedAt = performance.now()
  await spore.ask('/api/memory/search?q=what+is+there')
  report.row({ metric: 'a search right then', value: performance.now() - searchedAt, unit: 'ms' })
  const { rssBytes, cpuMs } = await spore.meter()
  report.row({ metric: 'whole spore: RSS when it serves', value: rssBytes / MIB, unit: 'MiB' })
  report.row({ metric: 'whole spore: CPU until it serves', value: cpuMs / 1000, unit: 's' })
}

// --- A change ---

/** What one more entry of one log costs whoever keeps the view and tells what advanced. */
function measureChange(report: Report): void {
  const few = timeChanges(FEW_AUTHORS)
  const many = timeChanges(MANY_AUTHORS)
  report.row({
    metric: `rows read for heads after a change, ${MANY_AUTHORS} authors`,
    value: many.rows,
    unit: '',
    bar: { atMost: 1 },
  })
  report.row({ metric: `a change and its heads, ${FEW_AUTHORS} authors`, value: few.micros, unit: 'µs' })
  report.row({ metric: `a change and its heads, ${MANY_AUTHORS} authors`, value: many.micros, unit: 'µs' })
  report.row({
    metric: 'the one as many times the other',
    value: many.micros / few.micros,
    unit: '',
    bar: { atMost: CHANGE_RATIO_BAR },
  })
}

function timeChanges(authors: number): { readonly micros: number; readonly rows: number } {
  const logs = createLogTable()
  const spaces = createSpaces('commons').replicating
  const rows = Array.from({ length: authors }, (_, i) => advanced(firstRow(i), i + 1))
  for (const row of rows) logs.set(row)
  let rowsRead = 0
  const micros: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    const arrival = authors + i
    const at = (i * 7919) % authors
    rows[at] = advanced(rows[at] as LogRow, arrival + 1)
    const startedAt = performance.now()
    rowsRead = Math.max(rowsRead, changeOnce(logs, rows[at], arrival, spaces))
    micros.push((performance.now() - startedAt) * 1000)
  }
  // The middle one: the garbage collector and other processes take their time from a few.
  return { micros: micros.sort((x, y) => x - y)[CHANGES / 2] as number, rows: rowsRead }
}

/** Returns how many rows were read. */
function changeOnce(
  logs: LogTable,
  row: LogRow,
  cursor: number,
  spaces: Parameters<LogTable['viewDigest']>[0],
): number {
  logs.set(row)
  logs.viewDigest(spaces)
  return [...logs.behind(cursor)].length
}

const firstRow = (author: number): LogRow =>
  emptyLogRow({
    publicKey: sha256(utf8ToBytes(String(author))),
    space: 'commons' as LogRow['space'],
    epoch: EPOCH,
  })

const advanced = (row: LogRow, arrival: number): LogRow => ({
  ...row,
  next: row.next + 1,
  chain: sha256(row.chain),
  arrival,
})

// --- A round without news ---

/** Two spores that hold the same ten thousand logs. */
async function measureQuiet(homeA: string, homeB: string, report: Report): Promise<void> {
  await using a = await startMeasuredSpore({ home: homeA })
  await using b = await startMeasuredSpore({ home: homeB })
  await b.join(a.publicUrl)
  await quiet([a, b])
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    if (performance.now() > deadline) throw new Error('no round came')
    const round = await nextRound([a, b])
    report.note(`without news, ${MANY_AUTHORS} authors: ${round.requests.join(', ')}`)
    // Now and then spores also tell one another whom they know.
    if (!round.requests.every((request) => request === 'GET /federation/v1/heads 204')) continue
    report.row({
      metric: `a round without news, ${MANY_AUTHORS} authors`,
      value: round.bytes / round.requests.length,
      unit: 'B',
      bar: { atMost: QUIET_BYTES_BAR },
    })
    return
  }
}

/** What the next that one of them asks the other costs. */
async function nextRound(spores: readonly MeasuredSpore[]) {
  const before = await stateOf(spores)
  for (let now = before; now.bytes === before.bytes; now = await stateOf(spores)) await sleep(QUIET_MS / 10)
  await quiet(spores)
  const after = await stateOf(spores)
  return {
    requests: after.requests.flatMap((made, i) => made.slice(before.requests[i]?.length)),
    bytes: after.bytes - before.bytes,
  }
}

async function stateOf(spores: readonly MeasuredSpore[]) {
  const meters = await Promise.all(spores.map((spore) => spore.meter()))
  return {
    requests: meters.map(({ requests }) => requests),
    bytes: spores.reduce((sum, { proxy }) => sum + proxy.bytes, 0),
  }
}

/** Resolves when a moment has passed in which neither sent anything. */
async function quiet(spores: readonly MeasuredSpore[]): Promise<void> {
  for (let before = await stateOf(spores); ; ) {
    await sleep(QUIET_MS)
    const now = await stateOf(spores)
    if (now.bytes === before.bytes) return
    before = now
  }
}
