/** What each engine costs with many generated texts: each in a process of its own, one behind the other, the same texts and questions. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../support/harness.ts'
import { quantile } from '../support/quantile.ts'
import { ENGINES, type EngineName, FTS5, MINISEARCH, NATURAL, OURS } from './engine.ts'
import type { EngineFigures } from './engine-process.ts'
import type { WorkloadSize } from './workload.ts'

/** Parts of their p50 that ours may take. */
const PARTS = new Map<EngineName, number>([
  [MINISEARCH, 1 / 10],
  [FTS5, 1 / 4],
])
/** Beyond it one query of `natural` takes seconds: it looks at every document for every word. */
export const NATURAL_ENTRIES_MAX = 10_000

export async function reportSpeed(size: WorkloadSize, report: Report): Promise<void> {
  const figures = new Map<EngineName, EngineFigures>()
  for (const engine of ENGINES) {
    figures.set(engine, await measure(engine, sizeFor(engine, size)))
    report.note(`${engine}: done`)
  }
  for (const engine of OURS)
    for (const [peer, part] of PARTS) {
      const theirs = p50(figures.get(peer)!)
      report.row({
        metric: `${label(engine, size)}: query p50, part of that of ${peer}`,
        value: p50(figures.get(engine)!) / theirs,
        unit: '',
        bar: { atMost: part },
        peer: { name: peer, value: theirs },
      })
    }
  for (const [engine, its] of figures) reportEngine(engine, its, size, report)
}

function reportEngine(engine: EngineName, its: EngineFigures, size: WorkloadSize, report: Report): void {
  const { entries, queries } = sizeFor(engine, size)
  const row = (metric: string, value: number, unit: string): void =>
    report.row({ metric: `${label(engine, size)}: ${metric}`, value, unit })
  row('query p50', p50(its), 'ms')
  row('query p99', quantile(its.searchMs, 0.99), 'ms')
  row('hits a query', its.hits / queries, '')
  row('add one, p50', quantile(its.addMs, 0.5), 'ms')
  row('add in batches, an entry', (its.fillSeconds * 1e6) / entries, 'µs')
  row('memory, an entry', its.grownBytes / entries, 'B')
}

const label = (engine: EngineName, size: WorkloadSize): string =>
  `${sizeFor(engine, size).entries} entries: ${engine}`

const sizeFor = (engine: EngineName, size: WorkloadSize): WorkloadSize =>
  engine === NATURAL ? { ...size, entries: Math.min(size.entries, NATURAL_ENTRIES_MAX) } : size

const p50 = ({ searchMs }: EngineFigures): number => quantile(searchMs, 0.5)

async function measure(engine: EngineName, size: WorkloadSize): Promise<EngineFigures> {
  const script = join(import.meta.dirname, 'engine-process.ts')
  const argv = ['--expose-gc', '--max-semi-space-size=4', script, engine, JSON.stringify(size)]
  const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as EngineFigures
}
