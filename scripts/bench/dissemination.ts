/**
 * How an entry spreads through a swarm, in the simulator: copies a spore gets, reach after 30 % of the spores died at once,
 * bytes of a pair of peers that has nothing to say. `npm run bench -- dissemination [--nodes 1000,10000] [--seed 7]`.
 */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { SwarmReport } from '../../src/sim/swarm.ts'
import type { Report } from './support/harness.ts'

const COPIES_STEADY = 1.1
const COPIES_LOSS = 1.6
/** Bytes a second of a pair of peers. */
const IDLE_BYTES = 2048
/** The heap of 10,000 spores; and a young half of it in which most of what a message costs dies. */
const HEAP_MIB = 14_000
const YOUNG_MIB = 256

export async function run(args: readonly string[], report: Report): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { nodes: { type: 'string', default: '1000,10000' }, seed: { type: 'string', default: '7' } },
  })
  for (const nodes of values.nodes.split(',').map(Number)) {
    const startedAt = process.cpuUsage()
    const reports = await runSwarm(nodes, Number(values.seed), ({ scenario, copies, hops, staleness }) =>
      report.note(
        `${nodes} spores, ${scenario}: ${copies} copies, ${hops.mean} hops, p99 ${staleness.p99} ms`,
      ),
    )
    const { user, system } = process.cpuUsage(startedAt)
    const [{ signatures, degree } = {}] = reports
    report.note(
      `${nodes} spores, ${degree} peers each, signatures: ${signatures}; ${reports.at(-1)?.events} events in ${Math.round((user + system) / 1e6)} s of processor time`,
    )
    for (const figures of reports) reportScenario(report, figures)
  }
}

/** A swarm in a thread of its own, whose heap may be larger than Node's default; each scenario is told when it is over. */
async function runSwarm(
  nodes: number,
  seed: number,
  onReport: (report: SwarmReport) => void,
): Promise<SwarmReport[]> {
  const worker = new Worker(new URL('support/swarm-thread.ts', import.meta.url), {
    workerData: { nodes, seed, scenarios: ['steady', 'loss', 'kill'] },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
  })
  const reports: SwarmReport[] = []
  worker.on('message', (figures: SwarmReport) => {
    reports.push(figures)
    onReport(figures)
  })
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
  return reports
}

function reportScenario(report: Report, figures: SwarmReport): void {
  const { nodes, scenario, copies, unreached, alive, hops, staleness, idleBytesPerPairSecond, bytesANode } =
    figures
  const name = (what: string): string => `${nodes} spores, ${scenario}: ${what}`
  const most = { steady: COPIES_STEADY, loss: COPIES_LOSS, kill: null, churn: null }[scenario]
  const bar = most === null ? {} : { bar: { atMost: most } }
  report.row({ metric: name('copies a spore'), value: copies, unit: '', ...bar })
  const reached = (100 * (alive - unreached)) / alive
  report.row({ metric: name('reached'), value: reached, unit: '%', bar: { atLeast: 100 } })
  report.row({ metric: name('hops, mean'), value: hops.mean, unit: '' })
  report.row({ metric: name('staleness p99'), value: staleness.p99, unit: 'ms' })
  report.row({ metric: name('bytes a spore'), value: bytesANode, unit: 'B' })
  if (scenario === 'steady')
    report.row({
      metric: name('idle, a pair of peers'),
      value: idleBytesPerPairSecond,
      unit: 'B/s',
      bar: { atMost: IDLE_BYTES },
    })
}
