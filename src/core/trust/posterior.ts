/** From outcomes to a score: the mean of a Beta posterior, its standard deviation, and the lower bound that tiers go by. */
import { TIERS, type Tier } from '../protocol/api-trust.ts'
import { type Counted, MILLIONTHS } from './testimony.ts'
import type { TrustParams } from './trust-params.ts'

/** All that a score rests on, in millionths of an outcome. */
export interface Grounds {
  /** This spore's own outcomes of what is asked about. */
  readonly own: Counted
  /** Its outcomes of the same author in other domains, and of its other models; as they are, not yet weighed. */
  readonly related: Counted
  /** Others' outcomes, as far as they are believed. */
  readonly others: Counted
  /** Wrong outcomes for faults. */
  readonly faults: number
  /** Whether the operator chose the author. */
  readonly isChosen: boolean
}

export interface Posterior {
  readonly mean: number
  readonly uncertainty: number
  readonly lower: number
  /** How often chance would have been right. */
  readonly chance: number
}

export interface Assessment {
  readonly grounds: Grounds
  readonly hasFallen: boolean
  /** Null where nothing is known. */
  readonly posterior: Posterior | null
}

/** Null where there is nothing to judge by. */
export function judge(grounds: Grounds, params: TrustParams): Posterior | null {
  const { own, others, faults, isChosen } = grounds
  const related = scale(grounds.related, params.relatedWeight, params.relatedAnswersMax)
  const judged = outcomesOf(own) + outcomesOf(others) + outcomesOf(related)
  if (judged === 0 && faults === 0 && !isChosen) return null
  const chance = judged === 0 ? params.unknownChance : (own.chance + others.chance + related.chance) / judged
  const start = isChosen ? params.startTrust : chance
  const prior = params.priorAnswers * MILLIONTHS
  const weight = judged + faults + prior
  const mean = Math.max(params.meanMin, (own.right + others.right + related.right + prior * start) / weight)
  // IEEE 754 rounds square roots exactly, as it does the four operations.
  const uncertainty = Math.sqrt((mean * (1 - mean)) / (weight / MILLIONTHS + 1))
  return { mean, uncertainty, lower: Math.max(0, mean - params.lowerSigmas * uncertainty), chance }
}

export const outcomesOf = ({ right, wrong }: Pick<Counted, 'right' | 'wrong'>): number => right + wrong

/** At `weight`, and at most `answersMax` answers of it. */
export function scale(counted: Counted, weight: number, answersMax: number): Counted {
  const all = outcomesOf(counted)
  const factor = all * weight > answersMax * MILLIONTHS ? (answersMax * MILLIONTHS) / all : weight
  if (factor === 1) return counted
  return {
    right: Math.floor(counted.right * factor),
    wrong: Math.floor(counted.wrong * factor),
    chance: Math.floor(counted.chance * factor),
  }
}

/** Lower bounds of the tiers (05-reasoning §5). */
export const TIER_BOUNDS: Readonly<Record<Tier, number>> = {
  stranger: 0,
  observer: 0.2,
  contributor: 0.4,
  peer: 0.6,
  commander: 0.8,
}

export const tierAt = (lower: number): Tier =>
  TIERS.findLast((tier) => lower >= TIER_BOUNDS[tier]) ?? 'stranger'
export const isTierAtLeast = (tier: Tier, least: Tier): boolean => TIERS.indexOf(tier) >= TIERS.indexOf(least)
