/**
 * Decoherence: how much of its weight a memory has kept. A tie-breaker by default, for a memory that never forgets must find
 * what is a month old; nothing is ever removed by age.
 */
import type { RetrievalParams } from './params.ts'

const DAY_MS = 24 * 3_600_000

/** 1 for what is new, falling with the days since it was last useful, never below `ageFloor`. */
export function decoherence(ageMs: number, { ageRate, ageFloor }: RetrievalParams): number {
  return Math.max(ageFloor, Math.exp(-ageRate * (Math.max(0, ageMs) / DAY_MS)))
}

/** Factor on a score: 1 − w + w · decoherence. */
export const ageFactor = (ageMs: number, params: RetrievalParams): number =>
  1 - params.ageWeight + params.ageWeight * decoherence(ageMs, params)
