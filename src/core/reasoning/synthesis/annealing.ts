/**
 * Annealing: models answer hot in the first round of a task, so that what they try differs, and cold in its last one, so that they settle on
 * what they hold likeliest. T(c) = T_cold + (T_hot − T_cold)(1 + cos(π·min(c/h, 1)))/2 over c rounds of this task.
 *
 * `Math.cos` is only as exact as an engine makes it; a temperature steers local sampling and enters nothing that spores compare.
 */
import type { QuantumParams } from './quantum-params.ts'

/**
 * Temperature of round `round` (the first is 0) where a task may take `rounds`: the last one is the coldest. The only round of a task is its
 * first: hot.
 */
export function temperatureAt(round: number, rounds: number, params: QuantumParams): number {
  const { hotTemperature, coldTemperature } = params
  const steps = Math.max(0, rounds - 1)
  return annealed(steps === 0 ? 0 : Math.max(0, round) / steps, hotTemperature, coldTemperature)
}

/** From `hot` at 0 to `cold` at 1 and beyond, along half a cosine. What is explored cools along it, too (`preference.ts`). */
export const annealed = (passed: number, hot: number, cold: number): number =>
  cold + ((hot - cold) * (1 + Math.cos(Math.PI * Math.min(1, passed)))) / 2

/** What a model is told in a round; null for the provider's own. `isReopened`: tunnelling begins anew, hot. */
export function samplingTemperature(
  {
    round,
    rounds,
    isReopened,
  }: { readonly round: number; readonly rounds: number; readonly isReopened: boolean },
  params: QuantumParams,
): number | null {
  if (!params.isOn.annealing) return null
  return isReopened ? params.hotTemperature : temperatureAt(round, rounds, params)
}
