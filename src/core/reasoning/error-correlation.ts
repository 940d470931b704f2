/**
 * How far two contributors err together: the correlation of their outcomes (phi) over the tasks that both answered and that
 * were scored. What chance explains counts as none; from `entangledAt` on they count as one.
 *
 * Invariant: the same to the bit on every engine (see `log-odds.ts`).
 */
import type { AggregationParams } from './aggregation-params.ts'

/** Tasks that both answered: how often both were right, only the one, only the other, neither. */
export interface SharedOutcomes {
  both: number
  onlyA: number
  onlyB: number
  neither: number
}

/** 0…1: the part of a vote of the one that the other has cast already. */
export function entanglementOf(shared: SharedOutcomes, params: AggregationParams): number {
  const { both, onlyA, onlyB, neither } = shared
  const count = both + onlyA + onlyB + neither
  const covariance = both * neither - onlyA * onlyB
  const variance = (both + onlyA) * (onlyB + neither) * (both + onlyB) * (onlyA + neither)
  // Who never erred, or always did, shows no correlation.
  if (covariance <= 0 || variance === 0) return 0
  const squared = (covariance / variance) * covariance
  // phi²·n is chi-squared of one degree: its root is how many sigmas it is away from chance.
  if (squared * count < params.correlationSigmas * params.correlationSigmas) return 0
  const shrunk = (squareRoot(squared) * count) / (count + params.correlationPriorTasks)
  return shrunk >= params.entangledAt ? 1 : shrunk
}

/** Of a number in 0…1, by Newton's method with a fixed number of steps: only operations that are rounded exactly. */
export function squareRoot(x: number): number {
  if (x <= 0) return 0
  let root = 1
  for (let step = 0; step < STEPS; step++) root = (root + x / root) / 2
  return root
}
/** 40 halvings bring 1 down to the root of 1e−24, and a few steps more every bit of it. */
const STEPS = 48
