/** `spore sim`: many federations in virtual time, each from one seed, with everything going wrong that may. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName, TURN_NAMES } from '../sim/plan.ts'
import { replayCommand, type SimReport } from '../sim/run.ts'
import {
  runSiege,
  SIEGE_NAMES,
  SIEGE_NODES_MIN,
  SIEGES,
  type SiegeName,
  type SiegeReport,
} from '../sim/siege.ts'
import { missingOf } from '../sim/sometimes.ts'
import {
  runSwarm,
  SWARM_SCENARIO_NAMES,
  SWARM_SCENARIOS,
  type SwarmReport,
  type SwarmScenario,
} from '../sim/swarm.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, type ExitCode, UsageError } from './exit.ts'
import type { SimJob } from './sim-worker.ts'

const SEEDS_DEFAULT = 24
const SEEDS_MAX = 1_000_000
const STEPS_DEFAULT = 2000
const STEPS_MAX = 10_000_000
const JOBS_MAX = 64
/** Spores of one swarm: some 200 KiB each. */
const NODES_MAX = 20_000
/** Seeds from which on everything that must happen sometimes has to have happened. */
const SEEDS_OF_ALL = 300

export const spec: CommandSpec = {
  name: 'sim',
  summary: 'Simulate federations: faults, partitions and lies, from a seed',
  description:
    'Runs the core on a virtual clock, network and disk. Each seed draws a world, what goes wrong in it and when; checkers\n' +
    'watch every step, and once faults stop all spores must agree. A seed that fails is printed with the command that\n' +
    `shows it again. Scenarios:\n${SCENARIO_NAMES.map((name) => `  ${name.padEnd(8)}${SCENARIOS[name]}`).join('\n')}\n\n` +
    'With --nodes it measures how entries spread through one large swarm instead: reach over time, copies a spore gets,\n' +
    `hops, bytes, staleness. Scenarios:\n${SWARM_SCENARIO_NAMES.map((name) => `  ${name.padEnd(8)}${SWARM_SCENARIOS[name]}`).join('\n')}\n` +
    `or how honest spores fare among hostile ones:\n${SIEGE_NAMES.map((name) => `  ${name.padEnd(11)}${SIEGES[name]}`).join('\n')}`,
  examples: [
    'spore sim --seeds 300 --steps 2000',
    'spore sim --scenario N2 --seeds 50 --json',
    'spore sim --scenario N2 --seed 7',
    'spore sim --scenario tasks --seeds 300 --steps 600',
    'spore sim --nodes 1000 --scenario churn --seed 7 --json',
    'spore sim --nodes 203 --scenario eclipse',
  ],
  configure: (command) =>
    command
      .option('--seeds <n>', 'how many seeds, from 1 on', wholeNumber(1, SEEDS_MAX), SEEDS_DEFAULT)
      .option('--seed <n>', 'this seed alone', wholeNumber(0, Number.MAX_SAFE_INTEGER))
      .option('--steps <n>', 'events while faults happen', wholeNumber(1, STEPS_MAX), STEPS_DEFAULT)
      .option(
        '--scenario <name>',
        'one of those above (default all in turn but tasks, or steady with --nodes)',
      )
      .option('--nodes <n>', `one swarm of so many spores, at most ${NODES_MAX}`, wholeNumber(2, NODES_MAX))
      .option('--jobs <n>', 'threads', wholeNumber(1, JOBS_MAX), 2),
  run: async (context) => {
    const { options } = context
    if (options.nodes !== undefined) return measureSwarm(context, options.nodes as number)
    const scenario = (options.scenario ?? 'all') as ScenarioName | 'all'
    if (scenario !== 'all' && !SCENARIO_NAMES.includes(scenario))
      throw new UsageError(
        `--scenario is all, ${SCENARIO_NAMES.join(', ')}; with --nodes ${[...SWARM_SCENARIO_NAMES, ...SIEGE_NAMES].join(', ')}`,
      )
    const steps = options.steps as number
    const only = options.seed as number | undefined
    const seeds =
      only === undefined ? Array.from({ length: options.seeds as number }, (_, i) => i + 1) : [only]
    const jobs = seeds.map((seed) => ({ seed, steps, scenario: scenarioOf(seed, scenario) }))
    return summarize(context, jobs, await runJobs(context, jobs))
  },
}

async function measureSwarm({ options, output }: CommandContext, nodes: number): Promise<ExitCode> {
  const scenario = (options.scenario ?? 'steady') as SwarmScenario | SiegeName
  const seed = (options.seed as number | undefined) ?? 1
  if (isSiege(scenario)) {
    if (nodes < SIEGE_NODES_MIN)
      throw new UsageError(`--nodes with ${scenario} is at least ${SIEGE_NODES_MIN}`)
    const report = await runSiege({ nodes, siege: scenario, seed, onProgress: output.note })
    output.result(describeSiege(report), report)
    return EXIT.ok
  }
  if (!SWARM_SCENARIO_NAMES.includes(scenario))
    throw new UsageError(`--scenario with --nodes is ${[...SWARM_SCENARIO_NAMES, ...SIEGE_NAMES].join(', ')}`)
  const report = await runSwarm({ nodes, scenario, seed, onProgress: output.note })
  output.result(describeSwarm(report), report)
  return EXIT.ok
}

const isSiege = (scenario: string): scenario is SiegeName => SIEGE_NAMES.some((name) => name === scenario)

function describeSiege(report: SiegeReport): string {
  const { siege, honest, hostile, rounds, largestComponent, caps, cutHonest } = report
  return [
    `${honest} honest spores and ${hostile} hostile ones: ${SIEGES[siege]}`,
    `rounds until an entry was at every honest spore: ${rounds.map((count) => count ?? 'never').join(', ')}`,
    `${(largestComponent * 100).toFixed(1)} % of the honest ones exchange with one another; ${cutHonest} of them were cut off`,
    `at most ${caps.map(({ what, most, cap }) => `${most} ${what} of ${cap}`).join(', ')}`,
  ].join('\n')
}

function describeSwarm(report: SwarmReport): string {
  const { nodes, scenario, degree, signatures, alive, entries, reach, unreached } = report
  const { copies, hops, staleness, bytesANode, requestsANode, idleBytesPerPairSecond } = report
  return [
    `${nodes} spores with ${degree} peers each, ${SWARM_SCENARIOS[scenario]}; signatures: ${signatures}`,
    `${entries} entries, ${alive} spores at the end, ${unreached} of them lack an entry`,
    `reach: ${reach.map(({ ms, share }) => `${(share * 100).toFixed(1)} % in ${ms} ms`).join(', ')}`,
    `copies a spore ${copies}, hops ${hops.mean} on average and ${hops.max} at most`,
    `staleness p50 ${staleness.p50} ms, p99 ${staleness.p99} ms, at most ${staleness.max} ms`,
    `${requestsANode} requests and ${bytesANode} bytes a spore; idle ${idleBytesPerPairSecond} B/s a pair of peers`,
  ].join('\n')
}

/** With `all`, seeds take scenarios in turn. */
const scenarioOf = (seed: number, scenario: ScenarioName | 'all'): ScenarioName =>
  scenario === 'all' ? (TURN_NAMES[seed % TURN_NAMES.length] as ScenarioName) : scenario

/** Reports in the order in which seeds end; the first failure of each is said at once. */
async function runJobs(
  { options, output, signal }: CommandContext,
  jobs: readonly SimJob[],
): Promise<SimReport[]> {
  const waiting = [...jobs]
  const reports: SimReport[] = []
  const threads = Math.min(options.jobs as number, jobs.length)
  const url = new URL(`./sim-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url)
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(url)
      const next = (): void => {
        const job = signal.aborted ? undefined : waiting.shift()
        if (job) worker.postMessage(job)
        else void worker.terminate().then(() => resolve())
      }
      worker.on('message', (report: SimReport) => {
        reports.push(report)
        if (report.violations.length > 0) output.note(describeFailure(report, options.steps as number))
        next()
      })
      worker.once('error', reject)
      next()
    })
  await Promise.all(Array.from({ length: threads }, work))
  return reports.sort((a, b) => a.seed - b.seed)
}

function summarize(
  { output, signal }: CommandContext,
  jobs: readonly SimJob[],
  reports: readonly SimReport[],
): ExitCode {
  const failed = reports.filter(({ violations }) => violations.length > 0)
  const happened: Record<string, number> = {}
  for (const { sometimes } of reports)
    for (const [what, count] of Object.entries(sometimes)) happened[what] = (happened[what] ?? 0) + count
  const scenarios = new Set(jobs.map(({ scenario }) => scenario))
  const ofTasks = scenarios.has('tasks')
  const isWhole = jobs.length >= SEEDS_OF_ALL && (ofTasks || scenarios.size > 1)
  const missing = isWhole && !signal.aborted ? missingOf(happened, ofTasks) : []
  const steps = reports.reduce((sum, report) => sum + report.steps, 0)
  const isSound = failed.length === 0 && missing.length === 0 && reports.length === jobs.length
  const text = [
    ...(jobs.length === 1 ? reports.map(describeReport) : []),
    ...Object.entries(happened)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `  ${String(count).padStart(8)}  ${what}`),
    ...missing.map((what) => `never happened: ${what}`),
    `${reports.length - failed.length} seeds passed, ${failed.length} failed; ${steps} steps`,
  ].join('\n')
  const value = { ok: isSound, seeds: reports.length, steps, failed, missing, sometimes: happened }
  output.result(text, jobs.length === 1 ? { ...value, report: reports[0] } : value)
  return isSound ? EXIT.ok : EXIT.failure
}

const describeReport = ({
  scenario,
  seed,
  nodes,
  virtualMs,
  rounds,
  entries,
  traceHash,
}: SimReport): string =>
  `${scenario} seed ${seed}: ${nodes} spores, ${entries} entries, ${Math.round(virtualMs / 1000)} virtual seconds, ` +
  `${rounds === null ? 'no agreement' : `agreed in round ${rounds}`}, trace ${traceHash}`

function describeFailure(report: SimReport, steps: number): string {
  const { scenario, seed, violations } = report
  const [first] = violations
  return `seed ${seed} (${scenario}) failed: ${first?.checker}: ${first?.detail}\n  ${replayCommand(report, steps)}`
}
