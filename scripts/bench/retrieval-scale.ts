/**
 * What search costs as the memory grows, in a whole spore over its store on disk: generated entries of 200 characters with the
 * word statistics of natural language.
 *
 *     npm run bench -- retrieval-scale [--entries 10000,100000,1000000] [--json]
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { Report, Run } from './support/harness.ts'
import type { ReopenFigures, RetrievalFigures } from './support/retrieval-process.ts'

const GROWTH_BAR = 3
const P99_MS_BAR = 100
const RECALL_BAR = 0.97
const ADD_MS_BAR = 1
const BYTES_BAR = 600
const FIRST_REPLY_SECONDS_BAR = 2
const BLOCK_MS_BAR = 20

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: { entries: { type: 'string', default: '10000,100000,1000000' } },
  })
  let first: number | null = null
  for (const entries of values.entries.split(',').map(Number)) {
    if (!Number.isSafeInteger(entries) || entries < 1) throw new Error('--entries are whole numbers')
    const home = await mkdtemp(join(tmpdir(), 'spore-bench-'))
    try {
      const figures = await runProcess<RetrievalFigures>([home, String(entries)])
      first ??= percentile(figures.searchMs, 0.5)
      reportFigures(entries, figures, first, report)
      reportReopen(entries, await runProcess<ReopenFigures>([home, String(entries), 'reopen']), report)
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  }
}

function reportFigures(entries: number, figures: RetrievalFigures, first: number, report: Report): void {
  const row = (metric: string, value: number, unit: string, bar?: { atMost: number } | { atLeast: number }) =>
    report.row({ metric: `${entries} entries: ${metric}`, value, unit, ...(bar && { bar }) })
  const p50 = percentile(figures.searchMs, 0.5)
  row('search p50', p50, 'ms')
  row('search p50 against the first size', p50 / first, '×', { atMost: GROWTH_BAR })
  row('search p99', percentile(figures.searchMs, 0.99), 'ms', { atMost: P99_MS_BAR })
  row('event loop stopped, p99', figures.loopDelayMs, 'ms', { atMost: BLOCK_MS_BAR })
  row('recall@10 against the exhaustive scorer', figures.recall, '', { atLeast: RECALL_BAR })
  row('add one, searchable at once, p50', percentile(figures.addMs, 0.5), 'ms', { atMost: ADD_MS_BAR })
  row('index an entry', figures.indexBytes / entries, 'B', { atMost: BYTES_BAR })
  row('RSS', figures.rssBytes / 2 ** 20, 'MiB')
  row('add in batches', (1e6 * figures.fillSeconds) / entries, 'µs')
}

function reportReopen(entries: number, figures: ReopenFigures, report: Report): void {
  const row = (what: string, value: number, unit: string, bar?: { atMost: number } | { atLeast: number }) =>
    report.row({ metric: `${entries} entries: reopened, ${what}`, value, unit, ...(bar && { bar }) })
  row('first reply', figures.firstReply, 's', { atMost: FIRST_REPLY_SECONDS_BAR })
  row('documents in it', figures.documents / entries, '', { atLeast: 1 })
  row('all is served', figures.opened, 's')
  row('all indexed', figures.allIndexed, 's')
  row('processor time of that', figures.cpuSeconds, 's')
  row('event loop stopped, longest', figures.blockMs, 'ms')
  row('kept index an entry', figures.bytes / entries, 'B')
  report.row({
    metric: `${entries} entries: event loop stopped while what lives is moved, p99`,
    value: figures.movingDelayMs,
    unit: 'ms',
    bar: { atMost: BLOCK_MS_BAR },
  })
  report.row({ metric: `${entries} entries: the move`, value: figures.movingSeconds, unit: 's' })
}

async function runProcess<T>(args: readonly string[]): Promise<T> {
  const script = join(import.meta.dirname, 'support', 'retrieval-process.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-semi-space-size=4', script, ...args],
    {
      maxBuffer: 2 ** 26,
    },
  )
  return JSON.parse(stdout) as T
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? 0
}
