/**
 * How an entry spreads through a swarm, in the simulator: copies a spore gets, reach after 30 % of the spores died at once,
 * bytes of a pair of peers that has nothing to say. `npm run bench -- dissemination [--nodes 1000,10000] [--seed 7]`.
 */
import { parseArgs } from 'node:util'
import { runSwarm, type SwarmReport, type SwarmScenario } from '../../src/sim/swarm.ts'
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
  for (const nodes of values.nodes.split(',').map(Number))
    for (const scenario of ['steady', 'loss', 'kill'] as const) {
      const startedAt = process.cpuUsage()
      const figures = await runSwarm({ nodes, scenario, seed: Number(values.seed) })
      const { user, system } = process.cpuUsage(startedAt)
      report.note(
        `${nodes} spores, ${scenario}: signatures ${figures.signatures}, ${figures.events} events in ${Math.round((user + system) / 1e6)} s of processor time`,
      )
      reportScenario(report, scenario, figures)
    }
}

function reportScenario(report: Report, scenario: SwarmScenario, figures: SwarmReport): void {
  const { nodes, copies, unreached, alive, hops, staleness, idleBytesPerPairSecond, bytesANode } = figures
  const name = (what: string): string => `${nodes} spores, ${scenario}: ${what}`
  const bar = { steady: { bar: { atMost: COPIES_STEADY } }, loss: { bar: { atMost: COPIES_LOSS } } }[
    scenario as string
  ]
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
