/**
 * How far a rater's word is believed: 0 at chance or unknown, more the surer he is right; and less the more he contradicts what this
 * spore has seen itself. To answer well does not make a slanderer believable.
 */
import { outcomesOf, type Posterior } from './posterior.ts'
import { type Counted, MILLIONTHS } from './testimony.ts'
import type { TrustParams } from './trust-params.ts'

/** Steps of a rater's weight. Few, so that not every outcome of a rater moves all whom he has rated. */
export const WEIGHT_STEPS = 8

/** What a rater says beside what this spore has seen: whole numbers, that sum in any order. */
export interface Agreement {
  /** Subjects and domains that both rated. */
  readonly shared: number
  /** Squares of standard deviations beyond those that chance explains, in millionths. */
  readonly excess: number
}

export const NO_AGREEMENT: Agreement = { shared: 0, excess: 0 }

/**
 * Informedness (Youden's J) of a rater with this mean. The prior is at chance, so that the mean of whoever is little known is near it:
 * who is unknown weighs nothing.
 */
export const informednessOf = ({ mean, chance }: Pick<Posterior, 'mean' | 'chance'>): number =>
  chance >= 1 ? 0 : Math.max(0, (mean - chance) / (1 - chance))

/** 0…1: 1 without a contradiction. */
export function credibilityOf({ shared, excess }: Agreement, params: TrustParams): number {
  const prior = params.contradictionPrior + shared
  return prior / (prior + params.contradictionWeight * (excess / MILLIONTHS))
}

export const stepsOf = (weight: number): number => Math.floor(weight * WEIGHT_STEPS)

/** Two counts of one subject in one domain: a test of equal shares, with a right and a wrong one added to each (Laplace). */
export function compareCounts(own: Counted, said: Counted, params: TrustParams): Agreement {
  const [n, m] = [outcomesOf(own) / MILLIONTHS, outcomesOf(said) / MILLIONTHS]
  // Less than one outcome says nothing about anybody's honesty.
  if (n < 1 || m < 1) return NO_AGREEMENT
  const [right, alsoRight] = [own.right / MILLIONTHS, said.right / MILLIONTHS]
  const share = (right + alsoRight + 1) / (n + m + 2)
  const apart = (right + 1) / (n + 2) - (alsoRight + 1) / (m + 2)
  const squares = (apart * apart) / (share * (1 - share) * (1 / n + 1 / m))
  const excess = Math.min(params.contradictionMax, Math.max(0, squares - params.contradictionFrom))
  return { shared: 1, excess: Math.round(excess * MILLIONTHS) }
}
