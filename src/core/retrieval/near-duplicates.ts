/**
 * Folds what says the same into one hit: near-duplicates stand behind the best of them, as its copies. Two texts are that
 * when they share nearly all of their words, and every word with a digit: "paid 40" is no copy of "paid 50".
 */
import type { Collection } from './collection.ts'
import { createTokenBuffer } from './forward-index.ts'

/** Share of the different words of two texts that both have (Jaccard), from which on they are near-duplicates. */
const ALIKE_MIN = 0.9
/** Copies that a hit lists; more are folded all the same. */
export const COPIES_MAX = 8

export interface Folded {
  readonly ordinal: number
  readonly copies: readonly number[]
}

/** The first `limit` of `ordinals`, best first, and behind each the copies that come after it. */
export function foldNearDuplicates(
  ordinals: readonly number[],
  limit: number,
  collection: Collection,
): Folded[] {
  const kept: { readonly ordinal: number; readonly words: Words; readonly copies: number[] }[] = []
  for (const ordinal of ordinals) {
    const words = wordsOf(ordinal, collection)
    const original = kept.find((each) => isAlike(each.words, words))
    if (original) {
      if (original.copies.length < COPIES_MAX) original.copies.push(ordinal)
    } else if (kept.length < limit) kept.push({ ordinal, words, copies: [] })
    else break
  }
  return kept
}

interface Words {
  readonly plain: ReadonlySet<number>
  readonly numeric: ReadonlySet<number>
}

const NUMERIC = /\p{N}/u

function wordsOf(ordinal: number, { forward, vocabulary }: Collection): Words {
  const buffer = createTokenBuffer()
  const size = forward.read(ordinal, buffer)
  const tokens = [...buffer.tokens.subarray(0, size)]
  const isNumeric = (token: number): boolean => NUMERIC.test(vocabulary.tokens.text(token))
  return {
    plain: new Set(tokens.filter((token) => !isNumeric(token))),
    numeric: new Set(tokens.filter(isNumeric)),
  }
}

function isAlike(a: Words, b: Words): boolean {
  if (a.numeric.size !== b.numeric.size || shared(a.numeric, b.numeric) < a.numeric.size) return false
  const most = Math.min(a.plain.size, b.plain.size)
  if (most < ALIKE_MIN * Math.max(a.plain.size, b.plain.size)) return false
  // More words of the first than this that the second lacks, and they are not alike: long texts need not be read to their end.
  const spare = Math.ceil(a.plain.size - (ALIKE_MIN * (a.plain.size + b.plain.size)) / (1 + ALIKE_MIN))
  const both = shared(a.plain, b.plain, spare)
  return both >= ALIKE_MIN * (a.plain.size + b.plain.size - both)
}

/** How many words both have; fewer where more than `spare` of the first are not in the second. */
function shared(a: ReadonlySet<number>, b: ReadonlySet<number>, spare = 0): number {
  let both = 0
  let missed = 0
  for (const word of a) {
    if (b.has(word)) both++
    else if (++missed > spare) break
  }
  return both
}
