/**
 * What a hostile peer costs honest spores, mode by mode:
 *
 *     npm run bench -- hostile [--seconds 30] [--quiet 10] [--rounds 1] [--mode flood,forks]
 *       [--spore path/to/bin/spore.js] [--profiles folder] [--json]
 *
 * For each mode three fresh spores (two that find the hostile peer, one that connects to public addresses only) write, get
 * one another's entries and answer API requests: in peace, under attack, in peace again, and so on for as many rounds as
 * are asked for, each with a hostile peer of new keys and addresses. Figures are of all phases of a kind together, so that
 * what else the machine does meanwhile is in both; with several rounds the median of the ratios is told too. The
 * hostile peer runs at the lowest priority, since anywhere else it had a machine of its own; what it does to the spores'
 * processes counts, not that it keeps this machine busy. With `--spore` the spores are those of another installation. With `--profiles` each
 * spore leaves a CPU profile in a folder.
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
import { memoryOf, processorMsOf } from '../../test/support/process-memory.ts'
import { type CommandOptions, type RunningSpore, startSpore } from '../../test/support/spore-process.ts'
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
/** Addresses of one hostile peer: the next has others. */
const BLOCKS_PER_PEER = 10
/** Spores get to know one another, and their code gets warm. */
const WARM_MS = 6000
const WATCH_EVERY_MS = 200
/** A share of what was served before it was cut that counts as none: a bucket lets a trickle through. */
const TRICKLE = 0.05

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      quiet: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '1' },
      mode: { type: 'string', default: 'all' },
      spore: { type: 'string' },
      profiles: { type: 'string' },
    },
  })
  const modes = values.mode === 'all' ? MODE_NAMES : (values.mode.split(',') as ModeName[])
  const unknown = modes.filter((mode) => !MODE_NAMES.includes(mode))
  if (unknown.length > 0) throw new Error(`no mode ${unknown.join(', ')}; there are ${MODE_NAMES.join(', ')}`)
  const seconds = Number(values.seconds)
  const { spore, profiles } = values
  const options: SporeOptions = {
    ...(spore !== undefined && { program: resolve(spore) }),
    nodeOptions: [
      ...NODE_OPTIONS,
      ...(profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profiles)]),
    ],
  }
  for (const mode of modes) {
    report.note(`${mode}: ${MODES[mode].says}`)
    await using bench = await startHonest(options)
    const rounds = Number(values.rounds)
    const outcome = await attack(mode, bench, { seconds, quietS: Number(values.quiet), rounds })
    reportOutcome(mode, outcome, report)
  }
}

interface Bench extends AsyncDisposable {
  readonly spores: readonly [RunningSpore, RunningSpore, RunningSpore]
  readonly load: HonestLoad
  readonly canary: Canary
}

type SporeOptions = Pick<CommandOptions, 'program' | 'nodeOptions'>

async function startHonest(sporeOptions: SporeOptions): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const start = async (name: string, allowsPrivate: boolean): Promise<RunningSpore> => {
    const env = {
      SPORE_ALLOW_PRIVATE_ADDRESSES: String(allowsPrivate),
      SPORE_PULL_INTERVAL_MS: '1000',
      SPORE_TRUST_PROXY: HOSTILE_BLOCK,
    }
    const options = { home: join(folder, name), env, hangMs: HANG_MS, ...sporeOptions }
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

interface Durations {
  readonly seconds: number
  readonly quietS: number
  readonly rounds: number
}

interface Phase {
  readonly load: LoadFigures
  /** The most memory that each spore held, in MiB. */
  readonly mib: readonly number[]
  /** Share of a processor that each spore took. */
  readonly busy: readonly number[]
}

interface Outcome {
  /** One more than of those under attack: before each, and after the last. */
  readonly quiet: readonly Phase[]
  readonly attacked: readonly (Phase & { readonly account: Account })[]
  readonly canary: readonly string[]
  readonly isUp: boolean
}

async function attack(
  mode: ModeName,
  bench: Bench,
  { seconds, quietS, rounds }: Durations,
): Promise<Outcome> {
  const { spores, load, canary } = bench
  const [a, b, strict] = spores
  const phase = (lastsS: number): Promise<Phase> => watched(spores, () => load.measure(lastsS * 1000))
  await load.measure(WARM_MS)
  const quiet = [await phase(quietS)]
  const attacked: (Phase & { readonly account: Account })[] = []
  for (let round = 0; round < rounds; round++) {
    await using peer = await startHostilePeer({
      modes: [mode],
      targets: [a.url, b.url],
      strict: [strict.url],
      canary: canary.authority,
      seconds: seconds + 60,
      block: round * BLOCKS_PER_PEER,
    })
    const during = await phase(seconds)
    const accounts = await peer.stop()
    attacked.push({ ...during, account: accounts[mode] as Account })
    quiet.push(await phase(quietS))
  }
  return {
    quiet,
    attacked,
    canary: canary.connections,
    isUp: spores.every(({ process }) => process.exitCode === null && process.signalCode === null),
  }
}

/** What each spore takes while something goes on. */
async function watched(spores: readonly RunningSpore[], during: () => Promise<LoadFigures>): Promise<Phase> {
  const mib = spores.map(() => 0)
  const processorMs = (): number[] => spores.map(({ process }) => processorMsOf(process.pid) ?? 0)
  const [startedAt, before] = [performance.now(), processorMs()]
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) {
      for (const [i, spore] of spores.entries()) mib[i] = Math.max(mib[i] as number, rssMib(spore))
      await sleep(WATCH_EVERY_MS)
    }
  }
  const watching = watch()
  const load = await during()
  isOver = true
  await watching
  const tookMs = performance.now() - startedAt
  const busy = processorMs().map((now, i) => (now - (before[i] as number)) / tookMs)
  return { load, mib, busy }
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

function reportOutcome(mode: ModeName, { quiet, attacked, canary, isUp }: Outcome, report: Report): void {
  const accounts = attacked.map(({ account }) => account)
  const during = attacked.map(({ load }) => load)
  const failures = during.flatMap((load) => load.failures)
  const attempts = during.reduce(
    (sum, load) => sum + load.apiMs.length + load.exchangeMs.length,
    failures.length,
  )
  const row = (what: string, value: number, unit: string, bar?: { atMost: number } | { atLeast: number }) =>
    report.row({ metric: `${mode}: ${what}`, value, unit, ...(bar && { bar }) })
  for (const [what, of] of [
    ['exchange', (load: LoadFigures) => load.exchangeMs],
    ['API', (load: LoadFigures) => load.apiMs],
  ] as const) {
    const p99 = (phases: readonly Phase[]): number => quantile(together(phases, of), 0.99)
    const quietP99 = p99(quiet)
    if (Number.isNaN(p99(attacked)) || Number.isNaN(quietP99))
      throw new Error(`${mode}: nothing was measured`)
    report.row({
      metric: `${mode}: ${what} p99, times that in peace`,
      value: p99(attacked) / quietP99,
      unit: '',
      bar: { atMost: P99_RATIO },
      peer: { name: 'in peace, ms', value: quietP99 },
    })
    const medians = [attacked, quiet].map((phases) => quantile(together(phases, of), 0.5))
    // Each beside the peace before and after it.
    const ratios = attacked.map((phase, i) => p99([phase]) / p99(quiet.slice(i, i + 2)))
    report.note(
      `  ${what}, ms: median ${ms(medians[0])}, in peace ${ms(medians[1])}; p99 ${ms(p99(attacked))}, in peace ${ms(quietP99)} (${quiet.map((phase) => ms(p99([phase]))).join(', ')}); ratios of p99 by round ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}, median ${quantile(
        ratios.toSorted((x, y) => x - y),
        0.5,
      ).toFixed(2)}`,
    )
  }
  row(
    'honest requests and exchanges that came through',
    (100 * (attempts - failures.length)) / attempts,
    '%',
    {
      atLeast: SUCCESS_PERCENT,
    },
  )
  const busy = (phases: readonly Phase[]): string =>
    (phases[0] as Phase).busy
      .map((_, i) =>
        Math.round((100 * sumOf(phases.map((phase) => phase.busy[i] as number))) / phases.length),
      )
      .join(', ')
  report.note(`  processor of each spore: ${busy(attacked)} %, in peace ${busy(quiet)} %`)
  row('memory beyond that in peace', memoryBeyond(quiet[0] as Phase, attacked), 'MiB', { atMost: RSS_MIB })
  row('connections at the canary', canary.length, '', { atMost: 0 })
  row('replies of 500', accounts.flatMap(({ broken }) => broken).length, '', { atMost: 0 })
  row('spores that ended', isUp ? 0 : 1, '', { atMost: 0 })
  row(
    'cut after',
    Math.max(...accounts.map(cutAfterS)),
    's',
    MODES[mode].isCut ? { atMost: CUT_S } : undefined,
  )
  for (const account of accounts) report.note(`  ${describeAccount(account)}`)
  for (const what of [...new Set(failures)].slice(0, 3)) report.note(`  failed: ${what}`)
}

/** Of several phases, sorted. */
const together = (
  phases: readonly Phase[],
  of: (load: LoadFigures) => readonly number[],
): readonly number[] => phases.flatMap(({ load }) => of(load)).sort((x, y) => x - y)

/** Of the spore that grew most since the first peace. */
const memoryBeyond = (before: Phase, attacked: readonly Phase[]): number =>
  Math.max(...attacked.flatMap(({ mib }) => mib.map((most, i) => most - (before.mib[i] as number))))

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const ms = (value: number | undefined): string => (value ?? Number.NaN).toFixed(1)

function describeAccount({ sent, served, asked, statuses, notes }: Account): string {
  const seen = Object.entries({ ...statuses, ...notes }).map(([what, n]) => `${what} ${n}`)
  return `${sumOf(sent)} sent, ${sumOf(served)} served (by the second: ${served.join(' ')}), asked ${sumOf(asked)} times; ${seen.join(', ')}`
}
