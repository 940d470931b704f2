/** Numbers of a report, as people read them. */
import type { EvalCell, EvalTable } from '../../../sim/eval/report.ts'

/** Numbers from which on a column has one digit behind the point, and none. */
const ONE_DIGIT = 10
const NO_DIGIT = 10_000
/** Columns whose largest number is not above it have three digits: shares and correlations. */
const TWO_DIGITS = 1

/** What is left of a sum of binary fractions that is a whole number. */
const TINY = 1e-9

/** The rows as text: the numbers of a column have the same digits, unless each row is of another unit. */
export function toTexts({ columns, rows, isMixed = false }: EvalTable): string[][] {
  const digits = columns.map((_, column) => digitsOf(rows.map((row) => row[column] as EvalCell)))
  return rows.map((row) =>
    row.map((cell, column) => cellText(cell, isMixed ? digitsOf([cell]) : (digits[column] ?? 0))),
  )
}

/** A bar's numbers, which may lie close to each other. */
export const barText = (value: number, unit: string): string => {
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < TWO_DIGITS ? 3 : 2)
  return unit === '' ? text : `${text} ${unit}`
}

export const isNumeric = (cell: EvalCell | undefined): boolean =>
  cell !== undefined && typeof cell !== 'string'

function digitsOf(cells: readonly EvalCell[]): number {
  const values = cells.flatMap((cell) =>
    typeof cell === 'string' ? [] : typeof cell === 'number' ? [cell] : [cell.value, cell.plusMinus],
  )
  if (values.every((value) => Math.abs(value - Math.round(value)) < TINY)) return 0
  const largest = Math.max(...values.filter(Number.isFinite).map(Math.abs))
  return largest >= NO_DIGIT ? 0 : largest >= ONE_DIGIT ? 1 : largest > TWO_DIGITS ? 2 : 3
}

function cellText(cell: EvalCell, digits: number): string {
  if (typeof cell === 'string') return cell
  const text = (value: number): string =>
    // What rounds to 0 from below is 0.
    Number.isFinite(value) ? value.toFixed(digits).replace(/^-(0(\.0*)?)$/, '$1') : '–'
  return typeof cell === 'number' ? text(cell) : `${text(cell.value)} ± ${text(cell.plusMinus)}`
}
