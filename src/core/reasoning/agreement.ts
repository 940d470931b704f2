/**
 * How far contributors of one round agree: the share of pairs whose best claims say the same, after copies of one house were
 * made one and nobody has more claims than his share.
 *
 * Invariant: the same in any order of the positions.
 */
import { compareText } from '../base/bytes.ts'
import type { AggregationParams } from './aggregation-params.ts'
import type { AnswerClass } from './answer-classes.ts'
import type { Similarity } from './claim-similarity.ts'
import { isOneHouse } from './synthesis/entanglement.ts'

/** What one contributor holds in one round. Failures are none. */
export interface Position {
  readonly author: string
  readonly owner: string
  readonly modelFamily: string | null
  /** The class of its likeliest answer, null where it has only claims. */
  readonly class: AnswerClass | null
  readonly claims: readonly string[]
}

export interface Agreement {
  /** Share of agreeing pairs, 0…1; 0 where fewer than two independent positions are left. */
  readonly agreement: number
  /** Two independent positions or more, all with the same class. */
  readonly isUnanimous: boolean
  /** Positions that are left once copies count once. */
  readonly independent: number
}

/** Claims of one position that are compared: pairs of them cost time squared. */
export const CLAIMS_MAX = 32
/** Positions of one round that are compared, the first by author. */
export const POSITIONS_MAX = 64

export function agreementOf(
  positions: readonly Position[],
  similarity: Similarity,
  params: AggregationParams,
): Agreement {
  const sorted = [...positions].sort((a, b) => compareText(a.author, b.author)).slice(0, POSITIONS_MAX)
  const distinct = withoutCopies(sorted, similarity, params)
  const fair = withoutDominance(distinct, params)
  let [pairs, agreeing] = [0, 0]
  for (const [i, a] of fair.entries())
    for (const b of fair.slice(0, i)) {
      pairs++
      if (sayTheSame(a, b, similarity, params.claimsAlikeAt)) agreeing++
    }
  const [first] = fair
  const isUnanimous =
    fair.length >= 2 && first?.class != null && fair.every(({ class: key }) => key === first.class)
  return { agreement: pairs === 0 ? 0 : agreeing / pairs, isUnanimous, independent: fair.length }
}

/** Equal classes agree and different ones do not; where one has none, the best pair of claims decides. */
function sayTheSame(a: Position, b: Position, similarity: Similarity, alikeAt: number): boolean {
  if (a.class !== null && b.class !== null) return a.class === b.class
  return a.claims.some((x) => b.claims.some((y) => similarity(x, y) >= alikeAt))
}

/** Of near-identical positions of one owner or model family the first is kept. */
function withoutCopies(
  positions: readonly Position[],
  similarity: Similarity,
  { copiesAlikeAt }: AggregationParams,
): Position[] {
  const kept: Position[] = []
  for (const position of positions) {
    const isCopy = kept.some(
      (other) => isOneHouse(position, other) && position.class === other.class && areCopies(position, other),
    )
    if (!isCopy) kept.push(position)
  }
  return kept

  /** Every claim of each has its like in the other. */
  function areCopies(a: Position, b: Position): boolean {
    const covers = (xs: readonly string[], ys: readonly string[]): boolean =>
      xs.slice(0, CLAIMS_MAX).every((x) => ys.some((y) => similarity(x, y) >= copiesAlikeAt))
    return covers(a.claims, b.claims) && covers(b.claims, a.claims)
  }
}

/**
 * Cuts the claims of whoever has more than his share of all: with enough of them one agrees with anybody. An equal part is
 * always his: of two, a half.
 */
export function withoutDominance(
  positions: readonly Position[],
  { claimShareMax }: Pick<AggregationParams, 'claimShareMax'>,
): Position[] {
  const counts = positions.map(({ claims }) => Math.min(claims.length, CLAIMS_MAX))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const share = Math.max(claimShareMax, 1 / positions.length)
  return positions.map((position, i) => {
    const own = counts[i] as number
    const others = total - own
    const isDominant = others > 0 && own > share * total
    // own / (own + others) ≤ share ⇔ own ≤ others · share / (1 − share)
    const allowed = share >= 1 ? own : Math.floor((others * share) / (1 - share) + ROUNDING)
    return { ...position, claims: position.claims.slice(0, isDominant ? Math.max(1, allowed) : own) }
  })
}
/** What makes 3 of 2.9999999999999996. */
const ROUNDING = 1e-9
