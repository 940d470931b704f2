/** What several seeds say together: the mean, and how far it may be off. */
import type { EvalCell } from './report.ts'

export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length

/** Standard error of the mean; 0 of fewer than two values, which tell nothing of it. */
export function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = meanOf(values)
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1) / values.length)
}

/** Half the width of the 95 % confidence interval of the mean, by Student's t: few seeds have wide intervals. */
export const halfWidth = (values: readonly number[]): number =>
  values.length < 2 ? 0 : standardError(values) * studentQuantile(values.length - 1)

/** Mean and interval of values, times `scale` (100 for percent). */
export const cellOf = (values: readonly number[], scale = 1): Exclude<EvalCell, string | number> => ({
  value: meanOf(values) * scale,
  plusMinus: halfWidth(values) * scale,
})

/** Half the width of Wilson's 95 % interval of a share of `of` trials: it does not shrink to nothing at 0 and 1. */
export function shareHalfWidth(right: number, of: number): number {
  if (of === 0) return 0
  const share = right / of
  const z2 = NORMAL_QUANTILE ** 2
  const inner = (share * (1 - share)) / of + z2 / (4 * of * of)
  return (NORMAL_QUANTILE * Math.sqrt(inner)) / (1 + z2 / of)
}

/** The value below which a share of the values lies, between neighbours in proportion; NaN of none. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  return low + (high - low) * (at - Math.floor(at))
}

const NORMAL_QUANTILE = 1.959964
/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom (any table of statistics). */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond the table by the first terms of its expansion around the normal one: right to the third digit. */
function studentQuantile(freedom: number): number {
  const z = NORMAL_QUANTILE
  return STUDENT[freedom - 1] ?? z + (z ** 3 + z) / (4 * freedom)
}
