/**
 * What a hostile peer costs honest spores, mode by mode:
 *
 *     npm run bench -- hostile [--seconds 30] [--quiet 10] [--mode flood,forks] [--spore path/to/bin/spore.js] [--json]
 *
 * For each mode three fresh spores (two that find the hostile peer, one that connects to public addresses only) write, get
 * one another's entries and answer API requests: first in peace, then under attack. Figures are of these two phases. The
 * hostile peer runs at the lowest priority, since anywhere else it had a machine of its own; what it does to the spores'
 * processes counts, not that it keeps this machine busy. With `--spore` the spores are those of another installation.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MODE_NAMES, MODES, type ModeName } from '../../test/support/hostile-peer/modes.ts'
import { type Canary, startCanary, startHostilePeer } from '../../test/support/hostile-peer/start.ts'
import type { Account } from '../../test/support/hostile-peer/tally.ts'
import { HOSTILE_BLOCK } from '../../test/support/hostile-peer/wire.ts'
import { memoryOf } from '../../test/support/process-memory.ts'
import { type RunningSpore, startSpore } from '../../test/support/spore-process.ts'
import type { Report, Run } from './support/harness.ts'
import { createHonestLoad, type HonestLoad, type LoadFigures, quantile } from './support/honest-load.ts'

/** Issue 4: what a hostile peer may cost. */
const P99_RATIO = 2
const RSS_MIB = 64
const CUT_S = 10
const SUCCESS_PERCENT = 99.9

/** As `npm start` has them. */
const NODE_OPTIONS = ['--max-semi-space-size=4']
/** A whole bench of one mode takes less. */
const HANG_MS = 3600 * 1000
/** Spores get to know one another, and their code gets warm. */
const WARM_MS = 3000
const RSS_EVERY_MS = 200
/** A share of what was served before it was cut that counts as none: a bucket lets a trickle through. */
const TRICKLE = 0.05

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      quiet: { type: 'string', default: '10' },
      mode: { type: 'string', default: 'all' },
      spore: { type: 'string' },
    },
  })
  const modes = values.mode === 'all' ? MODE_NAMES : (values.mode.split(',') as ModeName[])
  const unknown = modes.filter((mode) => !MODE_NAMES.includes(mode))
  if (unknown.length > 0) throw new Error(`no mode ${unknown.join(', ')}; there are ${MODE_NAMES.join(', ')}`)
  const seconds = Number(values.seconds)
  const program = values.spore === undefined ? {} : { program: resolve(values.spore) }
  for (const mode of modes) {
    report.note(`${mode}: ${MODES[mode].says}`)
    await using bench = await startHonest(program)
    const outcome = await attack(mode, bench, seconds, Number(values.quiet))
    reportOutcome(mode, outcome, report)
  }
}

interface Bench extends AsyncDisposable {
  readonly spores: readonly [RunningSpore, RunningSpore, RunningSpore]
  readonly load: HonestLoad
  readonly canary: Canary
}

async function startHonest(program: { readonly program?: string }): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const start = async (name: string, allowsPrivate: boolean): Promise<RunningSpore> => {
    const env = {
      SPORE_ALLOW_PRIVATE_ADDRESSES: String(allowsPrivate),
      SPORE_PULL_INTERVAL_MS: '1000',
      SPORE_TRUST_PROXY: HOSTILE_BLOCK,
    }
    const options = { home: join(folder, name), env, nodeOptions: NODE_OPTIONS, hangMs: HANG_MS, ...program }
    return stack.use(await startSpore(options))
  }
  const spores = await Promise.all([start('a', true), start('b', true), start('strict', false)])
  for (const other of spores.slice(1)) await addPeer(spores[0], other.url)
  const load = stack.use(await createHonestLoad(spores.map(({ url }) => url)))
  const canary = stack.use(await startCanary())
  const parts = stack.move()
  return { spores, load, canary, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

async function addPeer({ url }: RunningSpore, peer: string): Promise<void> {
  const reply = await fetch(`${url}/api/peers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: peer }),
  })
  if (!reply.ok) throw new Error(`no join: ${await reply.text()}`)
}

interface Outcome {
  readonly quiet: LoadFigures
  readonly attacked: LoadFigures
  /** Of the spore that grew most. */
  readonly rssMib: number
  readonly canary: readonly string[]
  readonly isUp: boolean
  readonly account: Account
}

async function attack(mode: ModeName, bench: Bench, seconds: number, quietS: number): Promise<Outcome> {
  const { spores, load, canary } = bench
  const [a, b, strict] = spores
  await load.measure(WARM_MS)
  const before = await watchRss(spores, () => load.measure(quietS * 1000))
  await using peer = await startHostilePeer({
    modes: [mode],
    targets: [a.url, b.url],
    strict: [strict.url],
    canary: canary.authority,
    seconds: seconds + 60,
  })
  const during = await watchRss(spores, () => load.measure(seconds * 1000))
  const accounts = await peer.stop()
  return {
    quiet: before.value,
    attacked: during.value,
    rssMib: Math.max(...during.mib.map((mib, i) => mib - (before.mib[i] as number))),
    canary: canary.connections,
    isUp: spores.every(({ process }) => process.exitCode === null && process.signalCode === null),
    account: accounts[mode] as Account,
  }
}

/** The most memory that each spore held while something went on, in MiB. */
async function watchRss<T>(
  spores: readonly RunningSpore[],
  during: () => Promise<T>,
): Promise<{ readonly value: T; readonly mib: readonly number[] }> {
  const mib = spores.map(() => 0)
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) {
      for (const [i, spore] of spores.entries()) mib[i] = Math.max(mib[i] as number, rssMib(spore))
      await sleep(RSS_EVERY_MS)
    }
  }
  const watching = watch()
  const value = await during()
  isOver = true
  await watching
  return { value, mib }
}

const rssMib = ({ process }: RunningSpore): number => (memoryOf(process.pid)?.now ?? 0) / 2 ** 20

/**
 * The second from which on nothing is done for it any more, but for a trickle: neither is it served, nor asked. Where it
 * never was in either, 0.
 */
export function cutAfterS({ served, asked }: Pick<Account, 'served' | 'asked'>): number {
  const busy = Array.from(
    { length: Math.max(served.length, asked.length) },
    (_, s) => (served[s] ?? 0) + (asked[s] ?? 0),
  )
  const most = Math.max(0, ...busy)
  return busy.findLastIndex((count) => count > Math.max(1, most * TRICKLE)) + 1
}

function reportOutcome(mode: ModeName, outcome: Outcome, report: Report): void {
  const { quiet, attacked, rssMib, canary, isUp, account } = outcome
  const { apiMs, exchangeMs, failures } = attacked
  const attempts = apiMs.length + exchangeMs.length + failures.length
  const row = (what: string, value: number, unit: string, bar?: { atMost: number } | { atLeast: number }) =>
    report.row({ metric: `${mode}: ${what}`, value, unit, ...(bar && { bar }) })
  for (const [what, before, now] of [
    ['exchange', quiet.exchangeMs, exchangeMs],
    ['API', quiet.apiMs, apiMs],
  ] as const) {
    const [p99, quietP99] = [quantile(now, 0.99), quantile(before, 0.99)]
    if (Number.isNaN(p99) || Number.isNaN(quietP99)) throw new Error(`${mode}: nothing was measured`)
    report.row({
      metric: `${mode}: ${what} p99, times that in peace`,
      value: p99 / quietP99,
      unit: '',
      bar: { atMost: P99_RATIO },
      peer: { name: 'in peace, ms', value: quietP99 },
    })
  }
  row(
    'honest requests and exchanges that came through',
    (100 * (attempts - failures.length)) / attempts,
    '%',
    {
      atLeast: SUCCESS_PERCENT,
    },
  )
  row('memory beyond that in peace', rssMib, 'MiB', { atMost: RSS_MIB })
  row('connections at the canary', canary.length, '', { atMost: 0 })
  row('replies of 500', account.broken.length, '', { atMost: 0 })
  row('spores that ended', isUp ? 0 : 1, '', { atMost: 0 })
  row('cut after', cutAfterS(account), 's', MODES[mode].isCut ? { atMost: CUT_S } : undefined)
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0)
  const notes = Object.entries({ ...account.statuses, ...account.notes }).map(([what, n]) => `${what} ${n}`)
  report.note(
    `  ${sum(account.sent)} sent, ${sum(account.served)} served, asked ${sum(account.asked)} times; ${notes.join(', ')}`,
  )
  for (const what of [...new Set(failures)].slice(0, 3)) report.note(`  failed: ${what}`)
}
