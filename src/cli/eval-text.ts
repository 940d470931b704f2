/** The evaluation of aggregation as Markdown: one table of accuracies, one of bars. */
import type { Bar } from '../sim/eval/aggregate-bars.ts'
import { METHOD_NAMES, METHODS, type WorldResult } from '../sim/eval/aggregate-eval.ts'

export interface AggregateReport {
  readonly ok: boolean
  /** Questions that count, and questions scored before, a seed. */
  readonly questions: number
  readonly scored: number
  readonly choices: number
  readonly seeds: readonly number[]
  readonly params: Readonly<Record<string, number>>
  readonly worlds: readonly WorldResult[]
  readonly bars: readonly Bar[]
}

export function describeAggregate({ questions, scored, seeds, worlds, bars }: AggregateReport): string {
  const header = ['world', ...METHOD_NAMES.map((method) => METHODS[method]), 'overruled']
  const rows = worlds.map((result) => [
    result.world,
    ...METHOD_NAMES.map((method) => percentWithError(result.mean[method], result.error[method])),
    `${result.seeds.filter(({ bestSingle }) => bestSingle !== null).length} of ${result.seeds.length}`,
  ])
  const barRows = bars.map(({ world, what, measured, least, isMet }) => [
    world,
    what,
    measured.toFixed(2),
    least.toFixed(2),
    isMet ? 'yes' : 'NO',
  ])
  return [
    `Right answers in percent, mean ± standard error over seeds ${seeds.join(' ')}; ${questions} questions a seed, ` +
      `${scored} scored before.`,
    'Overruled: seeds in which history showed one contributor to be better than the panel.',
    '',
    ...worlds.map(({ world, about }) => `- ${world}: ${about}`),
    '',
    ...toTable(header, rows),
    '',
    ...toTable(['world', 'bar', 'measured', 'least', 'met'], barRows),
  ].join('\n')
}

const percentWithError = (mean: number, error: number): string =>
  `${(mean * 100).toFixed(1)} ± ${(error * 100).toFixed(1)}`

function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}
