/**
 * Whether the newest outcomes are of another quality than those before: an exact test on counts, made of the operations that IEEE 754
 * rounds exactly, so that all replicas find the same change.
 *
 * The tail of the beta-binomial distribution is what counts before (with one right and one wrong added, Laplace's rule) let one expect of
 * the next k: where few came before, it is wide, and nothing is concluded from luck.
 */
import type { TrustParams } from './trust-params.ts'

export type ChangeKind = 'fall' | 'rise'

export interface ChangePoint {
  readonly kind: ChangeKind
  /** How many of the newest outcomes came after it. */
  readonly newest: number
}

type Levels = Pick<TrustParams, 'fallLevel' | 'fallOutcomesMin' | 'riseLevel' | 'riseOutcomesMin'>

/** Outcomes before a change without which there is nothing that could have changed. */
const BEFORE_MIN = 3
/** Squares of standard deviations below which no tail is as small as a level in use; spares its sum. */
const PLAIN_SQUARES = 3

/**
 * Of `newest` (1 is right, the newest first) and all outcomes, them among it. A fall is told by the shortest stretch that shows it, a
 * rise by the longest: both are the stricter choice. A fall wins.
 */
export function findChange(
  newest: readonly number[],
  right: number,
  wrong: number,
  levels: Levels,
): ChangePoint | null {
  let rights = 0
  const rightsOf: number[] = [0]
  for (const one of newest) {
    rights += one
    rightsOf.push(rights)
  }
  const before = (k: number): { right: number; wrong: number } => {
    const good = rightsOf[k] as number
    return { right: Math.max(0, right - good), wrong: Math.max(0, wrong - (k - good)) }
  }
  for (let k = levels.fallOutcomesMin; k <= newest.length; k++)
    if (isBelow(rightsOf[k] as number, k, before(k), levels.fallLevel)) return { kind: 'fall', newest: k }
  for (let k = newest.length; k >= levels.riseOutcomesMin; k--) {
    const { right: good, wrong: bad } = before(k)
    const wrongs = k - (rightsOf[k] as number)
    // A rise of what is right is a fall of what is wrong.
    if (isBelow(wrongs, k, { right: bad, wrong: good }, levels.riseLevel)) return { kind: 'rise', newest: k }
  }
  return null
}

function isBelow(hits: number, of: number, before: { right: number; wrong: number }, level: number): boolean {
  if (before.right + before.wrong < BEFORE_MIN) return false
  const [a, b] = [before.right + 1, before.wrong + 1]
  const share = a / (a + b)
  const missing = of * share - hits
  if (missing <= 0 || missing * missing < PLAIN_SQUARES * of * share * (1 - share)) return false
  return lowerTail(hits, of, a, b) < level
}

/** Chance of at most `hits` hits of `of`, where a − 1 hits and b − 1 misses came before (beta-binomial). */
export function lowerTail(hits: number, of: number, a: number, b: number): number {
  let term = 1
  for (let j = 0; j < of; j++) term = (term * (b + j)) / (a + b + j)
  let sum = term
  for (let i = 0; i < hits; i++) {
    term = (term * (of - i) * (a + i)) / ((i + 1) * (b + of - i - 1))
    sum += term
  }
  return sum
}
