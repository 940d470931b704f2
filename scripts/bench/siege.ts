/**
 * Honest spores among hostile ones, in the simulator: rounds until an honest entry is everywhere, honest spores that still
 * exchange with one another, and the largest of what strangers can make grow; what cannot be read from outside is proven by the
 * tests that docs/bounds.md names. `npm run bench -- siege [--nodes 1000] [--seed 1] [--json]`.
 */
import { parseArgs } from 'node:util'
import { runSiege, SIEGES, type SiegeName } from '../../src/sim/siege.ts'
import type { Report } from './support/harness.ts'

/** Issue 4: rounds until an honest entry has arrived. */
const ROUNDS = 20
const ECLIPSED_BY = 200
const HONEST_ECLIPSED = 3

export async function run(args: readonly string[], report: Report): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { nodes: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
  })
  const seed = Number(values.seed)
  await measure('eclipse', ECLIPSED_BY + HONEST_ECLIPSED, seed, report)
  await measure('byzantine', Number(values.nodes), seed, report)
}

async function measure(siege: SiegeName, nodes: number, seed: number, report: Report): Promise<void> {
  const startedAt = process.cpuUsage()
  const figures = await runSiege({ siege, nodes, seed })
  const { user, system } = process.cpuUsage(startedAt)
  const { honest, hostile, entries, hostilePeersShare, cutHostile, events } = figures
  report.note(`${siege}: ${SIEGES[siege]}`)
  report.note(
    `  ${honest} honest, ${hostile} hostile of which ${cutHostile} were cut off by somebody; ${events} events in ${Math.round((user + system) / 1e6)} s of processor time`,
  )
  report.note(
    `  rounds of ${entries} entries: ${figures.rounds.map((rounds) => rounds ?? 'lost').join(', ')}`,
  )
  const name = (what: string): string => `${siege}, ${nodes} spores: ${what}`
  const arrived = figures.rounds.filter((rounds) => rounds !== null)
  report.row({
    metric: name('entries that came to every honest spore'),
    value: (100 * arrived.length) / entries,
    unit: '%',
    bar: { atLeast: 100 },
  })
  if (arrived.length > 0)
    report.row({
      metric: name('rounds until everywhere, at most'),
      value: Math.max(...arrived),
      unit: '',
      bar: { atMost: ROUNDS },
    })
  report.row({
    metric: name('honest spores in the largest component'),
    value: 100 * figures.largestComponent,
    unit: '%',
    bar: { atLeast: 100 },
  })
  for (const { what, most, cap } of figures.caps)
    report.row({
      metric: name(`${what}, of one spore at most`),
      value: most,
      unit: '',
      bar: { atMost: cap },
    })
  report.row({
    metric: name('honest spores cut off by honest ones'),
    value: figures.cutHonest,
    unit: '',
    bar: { atMost: 0 },
  })
  report.row({ metric: name('of an honest table, hostile'), value: 100 * hostilePeersShare, unit: '%' })
}
