/**
 * How suspicious a peer's silence is: the φ-accrual failure detector (Hayashibara, Défago, Yared, Katayama 2004) over the
 * times at which anything came from it. Messages here come at random rather than in a beat, so the distribution of the gaps is the
 * exponential one, of which the mean is all there is to know: φ = −log₁₀ P(a gap longer than this one).
 */

export interface Arrivals {
  /** When something came last; null before. */
  lastMs: number | null
  /** Moving mean of the gaps, in milliseconds; null until there was one. */
  meanMs: number | null
}

export const noArrivals = (): Arrivals => ({ lastMs: null, meanMs: null })

/** What comes within this of the last is of the same burst: a push and what it leads to say nothing of the next gap. */
export const BURST_MS = 1000
/** Weight of the newest gap: the mean follows a change of habit within some dozen gaps. */
const WEIGHT = 1 / 16

/** Something came at `nowMs` of a clock that does not jump. */
export function arrived(arrivals: Arrivals, nowMs: number): void {
  const { lastMs, meanMs } = arrivals
  const gapMs = lastMs === null ? null : nowMs - lastMs
  if (gapMs !== null && gapMs < BURST_MS) return
  arrivals.lastMs = nowMs
  if (gapMs !== null) arrivals.meanMs = meanMs === null ? gapMs : meanMs + WEIGHT * (gapMs - meanMs)
}

/**
 * φ of the silence since the last arrival; 0 where there was none. Gaps are never thought shorter on average than
 * `expectedMs`: a lively hour must not make an ordinary quiet one look like a death.
 */
export function phi({ lastMs, meanMs }: Arrivals, nowMs: number, expectedMs: number): number {
  if (lastMs === null) return 0
  return ((nowMs - lastMs) / Math.max(expectedMs, meanMs ?? 0)) * Math.LOG10E
}
