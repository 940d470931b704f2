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
  /** 0…1: how far it may be luck all the same, the chance of such outcomes over the level that was asked for. */
  readonly doubt: number
}

type Levels = Pick<TrustParams, 'fallLevel' | 'fallOutcomesMin' | 'riseLevel' | 'riseOutcomesMin'>

/** Outcomes before a change without which there is nothing that could have changed. */
const BEFORE_MIN = 3
/** Squares of standard deviations below which no tail is as small as a level in use; spares its sum. */
const PLAIN_SQUARES = 1

/**
 * Of `newest` (1 is right, the newest first) and all outcomes, them among it. A fall is dated where it is plainest; a rise as far back as
 * it shows at all, with whatever was wrong since: that is the stricter choice. A fall wins.
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
  const goodBefore = (k: number): number => Math.max(0, right - (rightsOf[k] as number))
  const badBefore = (k: number): number => Math.max(0, wrong - (k - (rightsOf[k] as number)))
  let fall: ChangePoint | null = null
  for (let k = levels.fallOutcomesMin; k <= newest.length; k++) {
    const doubt = chanceOf(rightsOf[k] as number, k, goodBefore(k), badBefore(k)) / levels.fallLevel
    if (doubt < (fall?.doubt ?? 1)) fall = { kind: 'fall', newest: k, doubt }
  }
  if (fall) return fall
  for (let k = newest.length; k >= levels.riseOutcomesMin; k--) {
    // A rise of what is right is a fall of what is wrong.
    const doubt = chanceOf(k - (rightsOf[k] as number), k, badBefore(k), goodBefore(k)) / levels.riseLevel
    if (doubt < 1) return { kind: 'rise', newest: k, doubt }
  }
  return null
}

/** Of at most so many hits, after so many hits and misses; 1 where it is plainly not small. */
function chanceOf(hits: number, of: number, hitsBefore: number, missesBefore: number): number {
  if (hitsBefore + missesBefore < BEFORE_MIN) return 1
  const [a, b] = [hitsBefore + 1, missesBefore + 1]
  const share = a / (a + b)
  const missing = of * share - hits
  if (missing <= 0 || missing * missing < PLAIN_SQUARES * of * share * (1 - share)) return 1
  return lowerTail(hits, of, a, b)
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
