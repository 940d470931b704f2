/**
 * Where a task stands after some rounds, by how far each of them agreed: go on, challenge an agreement that came too early,
 * stop because it converged, or stop with the dissent written out. A pure function of the rounds.
 */
import type { AggregationParams } from './aggregation-params.ts'

/** One finished round. */
export interface RoundAgreement {
  /** Of `agreementOf`. */
  readonly agreement: number
  readonly isUnanimous: boolean
  /** First answers, each given alone. */
  readonly isDiverge: boolean
  /** The adversarial role was forced in it. */
  readonly isChallenge: boolean
}

export type Verdict =
  /** The answers are stable: aggregate. */
  | 'converged'
  /** They agreed before anybody doubted them: one more diverge round, with the adversarial role forced. */
  | 'premature'
  /** Go on. */
  | 'open'
  /** Rounds are used up: aggregate, with the dissent written out. */
  | 'dissent'

export interface Convergence {
  readonly verdict: Verdict
  /** The agreement that counts now: lower once answers went to and fro. */
  readonly threshold: number
  readonly crossings: number
  readonly isOscillating: boolean
}

/** `roundsMax`: the rounds that the task's effort allows, from 1 on. */
export function convergenceOf(
  rounds: readonly RoundAgreement[],
  roundsMax: number,
  params: AggregationParams,
): Convergence {
  const crossings = crossingsOf(rounds, params.agreedAt)
  const isOscillating = crossings >= params.crossingsMax
  const threshold = isOscillating ? params.agreedAfterOscillation : params.agreedAt
  return { verdict: verdictOf(rounds, roundsMax, threshold, params), threshold, crossings, isOscillating }
}

function verdictOf(
  rounds: readonly RoundAgreement[],
  roundsMax: number,
  threshold: number,
  params: AggregationParams,
): Verdict {
  const last = rounds.at(-1)
  if (!last) return 'open'
  const isLast = rounds.length >= roundsMax
  const wasChallenged = rounds.some(({ isChallenge }) => isChallenge)
  // Also where all first answers are the same: that costs one round where there is one, and nothing at effort `quick`.
  if (last.isDiverge && last.agreement >= params.agreedAt && !wasChallenged && !isLast) return 'premature'
  if (last.isUnanimous) return 'converged'
  if (isStable(rounds, threshold, params)) return 'converged'
  return isLast ? 'dissent' : 'open'
}

/** The last rounds all agreed, and differ by little. */
function isStable(
  rounds: readonly RoundAgreement[],
  threshold: number,
  { stableRounds, stableWithin }: AggregationParams,
): boolean {
  if (rounds.length < stableRounds) return false
  const last = rounds.slice(-stableRounds).map(({ agreement }) => agreement)
  const spread = Math.max(...last) - Math.min(...last)
  return Math.min(...last) >= threshold && spread <= stableWithin + ROUNDING
}
/** What keeps .75 − .70 within .05. */
const ROUNDING = 1e-9

/** How often agreement changed sides of a threshold. */
function crossingsOf(rounds: readonly RoundAgreement[], threshold: number): number {
  let crossings = 0
  for (const [i, { agreement }] of rounds.entries()) {
    const before = rounds[i - 1]
    if (before && before.agreement >= threshold !== agreement >= threshold) crossings++
  }
  return crossings
}
