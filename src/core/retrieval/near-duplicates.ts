/**
 * Folds what says the same into one hit: near-duplicates stand behind the best of them, as its copies. Two texts are that
 * when they share nearly all of their words, and every word with a digit: "paid 40" is no copy of "paid 50".
 */
import type { Collection } from './collection.ts'
import { createTokenBuffer, type TokenBuffer } from './forward-index.ts'

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
  const buffer = createTokenBuffer()
  for (const ordinal of ordinals) {
    const words = wordsOf(ordinal, collection, buffer)
    const original = kept.find((each) => isAlike(each.words, words))
    if (original) {
      if (original.copies.length < COPIES_MAX) original.copies.push(ordinal)
    } else if (kept.length < limit) kept.push({ ordinal, words, copies: [] })
    else break
  }
  return kept
}

/** The different words of a document: most are never told apart, for it is like no other. */
interface Words {
  readonly all: ReadonlySet<number>
  readonly plain: () => ReadonlySet<number>
  readonly numeric: () => ReadonlySet<number>
}

const NUMERIC = /\p{N}/u

function wordsOf(ordinal: number, { forward, vocabulary }: Collection, buffer: TokenBuffer): Words {
  const size = forward.read(ordinal, buffer)
  const all = new Set(buffer.tokens.subarray(0, size))
  const isNumeric = (token: number): boolean => NUMERIC.test(vocabulary.tokens.text(token))
  const parts = once(() => Object.groupBy(all, (token) => (isNumeric(token) ? 'numeric' : 'plain')))
  return { all, numeric: once(() => new Set(parts().numeric)), plain: once(() => new Set(parts().plain)) }
}

function isAlike(a: Words, b: Words): boolean {
  // With the same words with a digit on both sides, all words are at least as alike as the others.
  if (!shareMost(a.all, b.all)) return false
  const [numericOfA, numericOfB] = [a.numeric(), b.numeric()]
  if (numericOfA.size !== numericOfB.size || shared(numericOfA, numericOfB) < numericOfA.size) return false
  return shareMost(a.plain(), b.plain())
}

/** The same function, carried out at its first call alone. */
function once<T extends object>(make: () => T): () => T {
  let made: T | null = null
  return () => {
    made ??= make()
    return made
  }
}

function shareMost(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  const most = Math.min(a.size, b.size)
  if (most < ALIKE_MIN * Math.max(a.size, b.size)) return false
  // More words of the first than this that the second lacks, and they are not alike: long texts need not be read to their end.
  const spare = Math.ceil(a.size - (ALIKE_MIN * (a.size + b.size)) / (1 + ALIKE_MIN))
  const both = shared(a, b, spare)
  return both >= ALIKE_MIN * (a.size + b.size - both)
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
