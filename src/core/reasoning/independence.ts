/**
 * What is left of a weight when others say the same for the same reason. Contributors are entangled that have one owner, one
 * model family or correlated errors; k of them with equal weights count 1/k each, and with errors of correlation ρ
 * 1/(1 + (k−1)ρ), which is what k such votes are worth (nine judges of ρ = .44 are two).
 *
 * With unequal weights a contributor keeps its share of the weight of those that it is entangled with. So whoever has no
 * weight takes none away, however many claim to be of an honest author's model family; and it is counted from each
 * contributor's own partners, not over chains of them, so that nobody can tie two strangers together.
 */
import type { Contribution } from './contribution.ts'

type Member = Pick<Contribution, 'author' | 'owner' | 'modelFamily'>

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

function overlapOf(a: Member, b: Member, entanglement: Entanglement): number {
  if (isOneHouse(a, b)) return 1
  // Asked in one order, so that a one-sided answer cannot make the result depend on who comes first.
  const overlap = a.author < b.author ? entanglement(a.author, b.author) : entanglement(b.author, a.author)
  return overlap > 0 ? Math.min(1, overlap) : 0
}

/** Whether two contributors are of one owner or one model family. */
export function isOneHouse(a: Member, b: Member): boolean {
  return a.owner === b.owner || (a.modelFamily !== null && a.modelFamily === b.modelFamily)
}
