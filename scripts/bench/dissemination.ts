/**
 * How an entry spreads through a swarm, in the simulator: copies a spore gets, reach after 30 % of the spores died at once,
 * bytes of a pair of peers that has nothing to say. `npm run bench -- dissemination [--nodes 1000,10000] [--seed 7]`.
 */
import { parseArgs } from 'node:util'
import { runSwarmThrough, type SwarmReport } from '../../src/sim/swarm.ts'
import type { Report } from './support/harness.ts'

const COPIES_STEADY = 1.1
const COPIES_LOSS = 1.6
/** Bytes a second of a pair of peers. */
const IDLE_BYTES = 2048

export async function run(args: readonly string[], report: Report): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { nodes: { type: 'string', default: '1000,10000' }, seed: { type: 'string', default: '7' } },
  })
  for (const nodes of values.nodes.split(',').map(Number)) {
    const startedAt = process.cpuUsage()
    const reports = await runSwarmThrough(['steady', 'loss', 'kill'], { nodes, seed: Number(values.seed) })
    const { user, system } = process.cpuUsage(startedAt)
    const [{ signatures, degree } = {}] = reports
    report.note(
      `${nodes} spores, ${degree} peers each, signatures: ${signatures}; ${reports.at(-1)?.events} events in ${Math.round((user + system) / 1e6)} s of processor time`,
    )
    for (const figures of reports) reportScenario(report, figures)
  }
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
