/**
 * Entanglement: contributors that say the same for the same reason. They are entangled by one owner, one model family, or errors made
 * together: the correlation of their outcomes (phi, shrunk) over the tasks that both answered and that were scored. Three things follow:
 *
 * - k entangled votes with equal weights count 1/k each, and with errors of correlation ρ 1/(1 + (k−1)ρ), which is what k such votes are
 *   worth (nine judges of ρ = .44 are two)
 * - what chance explains counts as none, and from `entangledAt` on two count as one
 * - what an entangled partner has earned is a *prior* for who is still uncertain (`priorLift`), never evidence
 *
 * With unequal weights a contributor keeps its share of the weight of those that it is entangled with. So whoever has no weight takes none
 * away, however many claim to be of an honest author's model family; and it is counted from each contributor's own partners, not over chains
 * of them, so that nobody can tie two strangers together.
 *
 * Invariant: the same to the bit on every engine (see `log-odds.ts`).
 */
import type { AggregationParams } from '../aggregation-params.ts'
import type { Contribution } from '../contribution.ts'
import type { QuantumParams } from './quantum-params.ts'

// --- How far two err together ---

/** Tasks that both answered: how often both were right, only the one, only the other, neither. */
export interface SharedOutcomes {
  both: number
  onlyA: number
  onlyB: number
  neither: number
}

/** 0…1: the part of a vote of the one that the other has cast already. */
export const entanglementOf = (shared: SharedOutcomes, params: AggregationParams): number =>
  entangledBy(correlationOf(shared, params), params)

/** From `entangledAt` on two count as one. */
export const entangledBy = (correlation: number, { entangledAt }: AggregationParams): number =>
  correlation >= entangledAt ? 1 : correlation

/** Phi of two outcomes, mixed with tasks without correlation; 0 where chance may explain it, or where it is not positive. */
export function correlationOf(shared: SharedOutcomes, params: AggregationParams): number {
  const { both, onlyA, onlyB, neither } = shared
  const count = both + onlyA + onlyB + neither
  const covariance = both * neither - onlyA * onlyB
  const variance = (both + onlyA) * (onlyB + neither) * (both + onlyB) * (onlyA + neither)
  // Who never erred, or always did, shows no correlation.
  if (covariance <= 0 || variance === 0) return 0
  const squared = (covariance / variance) * covariance
  // phi²·n is chi-squared of one degree: its root is how many sigmas it is away from chance.
  if (squared * count < params.correlationSigmas * params.correlationSigmas) return 0
  return (squareRoot(squared) * count) / (count + params.correlationPriorTasks)
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

// --- What is left of a vote ---

export type Member = Pick<Contribution, 'author' | 'owner' | 'modelFamily'>

/** How far two authors err together, 0…1. */
export type Entanglement = (a: string, b: string) => number

/** Factors in 0…1, in the order of `members`; `weights` are theirs, whole numbers from 0. */
export function independenceFactors(
  members: readonly Member[],
  weights: readonly number[],
  entanglement: Entanglement,
): number[] {
  return members.map((member, i) => {
    const own = weights[i] ?? 0
    if (own === 0) return 1
    let others = 0
    for (const [j, other] of members.entries()) {
      const weight = weights[j] ?? 0
      // Rounded, so that the sum is of whole numbers and has no order.
      if (j !== i && weight > 0) others += Math.round(weight * overlapOf(member, other, entanglement))
    }
    return own / (own + others)
  })
}

/** How far two are one, 0…1: by house in full, else by errors made together. */
export function overlapOf(a: Member, b: Member, entanglement: Entanglement): number {
  if (isOneHouse(a, b)) return 1
  // Asked in one order, so that a one-sided answer cannot make the result depend on who comes first.
  const overlap = a.author < b.author ? entanglement(a.author, b.author) : entanglement(b.author, a.author)
  return overlap > 0 ? Math.min(1, overlap) : 0
}

/** Whether two contributors are of one owner or one model family. */
export function isOneHouse(a: Member, b: Member): boolean {
  return a.owner === b.owner || (a.modelFamily !== null && a.modelFamily === b.modelFamily)
}

// --- What a partner's evidence is for who has little ---

/** One that a contributor is entangled with: by owner or by outcomes. A model family is what anybody may claim, and makes no partner. */
export interface Partner {
  /** 0…1. */
  readonly overlap: number
  /** Its chance of being right above the one that it started with, by evidence; nothing where it is not above. */
  readonly gain: number
}

/**
 * What partners add to the prior chance of a contributor with `answers` scored ones: Δ · correlation · share of the best of them, less as
 * it has answers of its own, none from `uncertainBelow` on, and never more than `priorMax`. The best alone counts, so a house cannot
 * pile up its members.
 */
export function priorLift(
  partners: readonly Partner[],
  answers: number,
  { entangledAt }: AggregationParams,
  { priorShare, priorMax, uncertainBelow }: QuantumParams,
): number {
  const uncertain = 1 - Math.min(1, answers / uncertainBelow)
  let best = 0
  for (const { overlap, gain } of partners)
    if (overlap >= entangledAt && gain > 0) best = Math.max(best, gain * Math.min(1, overlap) * priorShare)
  return Math.min(priorMax, best) * uncertain
}
