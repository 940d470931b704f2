/**
 * What an answer weighs by the chance that its author is right: ln(p(K−1)/(1−p)) for K classes, 0 at chance (p = 1/K),
 * never below 0. It is the weight that a Bayes-optimal vote over independent answers gives (Nitzan & Paroush 1982).
 *
 * Invariant: the same to the bit on every engine. `Math.log` may differ in its last bit (ECMA-262 leaves it open), so the
 * logarithm here is made of the four operations that IEEE 754 rounds exactly; weights are whole micronats, whose sums are
 * the same in any order.
 */
import { assert } from '../base/assert.ts'
import type { AggregationParams } from './aggregation-params.ts'

/** Units of a weight in one nat: a millionth is far below what a record of any length can tell. */
export const MICRONATS = 1_000_000

// Constants are no computation: ECMA-262 gives their nearest doubles.
const SQRT_2 = Math.SQRT2
const LN_2 = Math.LN2
/** Terms of the series: the 12th of (m−1)/(m+1) ≤ .1716 adds less than the last bit of a double. */
const SERIES_TERMS = 12

/** Weight in micronats of the chance `right` (0…1) among `classes` (≥ 2): a whole number, 0 at chance and below. */
export function logOddsWeight(right: number, classes: number, params: AggregationParams): number {
  return Math.max(0, Math.round(logOdds(right, classes, params) * MICRONATS))
}

/** ln(p(K−1)/(1−p)) in nats, negative below chance; `right` is first brought within the trust bounds. */
export function logOdds(right: number, classes: number, params: AggregationParams): number {
  assert(classes >= 2, 'log-odds need two classes')
  // Whatever is no number is no evidence: at chance.
  const known = Number.isNaN(right) ? 1 / classes : right
  const bounded = Math.min(params.trustMax, Math.max(params.trustMin, known))
  return naturalLog((bounded * (classes - 1)) / (1 - bounded))
}

/** ln x for a positive finite number, within two units of the last place. */
export function naturalLog(x: number): number {
  assert(x > 0 && x < Number.POSITIVE_INFINITY, 'the logarithm is of a positive finite number')
  let mantissa = x
  let exponent = 0
  // Halving and doubling are exact.
  for (; mantissa > SQRT_2; exponent++) mantissa /= 2
  for (; mantissa < SQRT_2 / 2; exponent--) mantissa *= 2
  const z = (mantissa - 1) / (mantissa + 1)
  let sum = 0
  for (let k = 2 * SERIES_TERMS - 1; k >= 1; k -= 2) sum = sum * z * z + 1 / k
  return exponent * LN_2 + 2 * z * sum
}
