/** A report as Markdown, which is what a terminal gets, too. */
import type { EvalBar, EvalReport, EvalTable } from '../../../sim/eval/report.ts'
import { printable } from '../../terminal-text.ts'
import { barText, toTexts } from './numbers.ts'

export function toMarkdown(report: EvalReport): string {
  const { title, command, seeds, params, tables, bars, notes } = report
  const lines = [
    `# ${inline(title)}`,
    '',
    `    ${printable(command).replaceAll('\n', ' ')}`,
    '',
    `Seeds ${seedsText(seeds)}; ± is half the 95 % confidence interval.`,
    ...(Object.keys(params).length > 0 ? [paramsText(params)] : []),
    ...notes.flatMap((note, i) => [...(i === 0 ? [''] : []), `- ${inline(note)}`]),
    ...tables.flatMap((table) => ['', `## ${inline(table.title)}`, '', ...tableLines(table)]),
    ...(bars.length === 0 ? [] : ['', '## Bars', '', ...barLines(bars)]),
  ]
  return `${lines.join('\n')}\n`
}

/** `1 to 20`, or each of them. */
export function seedsText(seeds: readonly number[]): string {
  const [first, last] = [seeds[0], seeds.at(-1)]
  const isRange = seeds.length > 3 && seeds.every((seed, i) => seed === (first as number) + i)
  return isRange ? `${first} to ${last}` : seeds.join(', ')
}

export const paramsText = (params: EvalReport['params']): string =>
  Object.entries(params)
    .map(([name, value]) => `${inline(name)} ${inline(String(value))}`)
    .join(', ')

const tableLines = (table: EvalTable): string[] => toTable(table.columns, toTexts(table))

const barLines = (bars: readonly EvalBar[]): string[] =>
  toTable(
    ['about', 'bar', 'measured', '', 'bound', 'met'],
    bars.map(({ about, what, measured, kind, bound, unit, isMet }) => [
      about,
      what,
      barText(measured, unit),
      kind === 'least' ? '≥' : '≤',
      barText(bound, unit),
      isMet ? 'yes' : 'NO',
    ]),
  )

function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows].map((row) => row.map(inline))
  const widths = header.map((_, i) => Math.max(3, ...all.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(all[0] as string[]), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)]
}

/** One line that is text and nothing else: names and questions of a report may be a stranger's. */
const inline = (text: string): string =>
  printable(text)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\|<>`[\]*]/g, (mark) => `\\${mark}`)
