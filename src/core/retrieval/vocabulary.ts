/**
 * Every token that a document ever had, and what it stands for: its term, mostly a stem, and its 4-grams. A
 * document is kept as its tokens alone, so terms and grams of any document can be told again without its text.
 *
 * The grams' own lists hold tokens, not documents: a million documents share some hundred thousand words, and which of
 * those look alike tells which documents do.
 */

import type { Kept } from '../base/kept-columns.ts'
import type { Analyser } from './analysis.ts'
import { widened } from './growing.ts'
import { createInterner, type Interner } from './interner.ts'
import { createPostingPool, type PostingPool } from './posting-pool.ts'

export interface Vocabulary extends Kept {
  readonly tokens: Interner
  readonly terms: Interner
  readonly grams: Interner
  /** The number of a token; one that is new is taken apart. */
  intern(token: string): number
  /** The number of a token's term, by token. This and the columns below are to be read anew after an `intern`. */
  readonly termOf: Uint32Array
  /** Where the grams of a token begin in `gramNumbers`; those of the next begin where they end. */
  readonly gramStarts: Uint32Array
  readonly gramNumbers: Uint32Array
  /** 1 by the number of a term that is a stop word. */
  readonly stops: Uint8Array
  /** By gram: the tokens that have it. */
  readonly tokensOfGram: PostingPool
  readonly bytes: number
}

/** Bytes of one text beside its characters, about: the string and where it is noted, its hash, its place in the index. */
const INTERNED_BYTES = 44

/** `secret`: of the tables of texts. */
export function createVocabulary(analyser: Analyser, secret: number): Vocabulary {
  const [tokens, terms, grams] = [createInterner(secret), createInterner(secret), createInterner(secret)]
  const tokensOfGram = createPostingPool()
  let termOf = new Uint32Array(0)
  let gramStarts = new Uint32Array(1)
  let gramNumbers = new Uint32Array(0)
  let stops = new Uint8Array(0)

  const addTerm = (token: number, text: string, isStop: boolean): void => {
    const term = terms.intern(text)
    stops = widened(stops, term)
    if (isStop) stops[term] = 1
    termOf = widened(termOf, token)
    termOf[token] = term
  }

  const addGrams = (token: number, texts: Iterable<string>): void => {
    let at = gramStarts[token]!
    const start = at
    for (const text of texts) {
      const gram = grams.intern(text)
      if (gram === tokensOfGram.lists) tokensOfGram.open()
      gramNumbers = widened(gramNumbers, at)
      if (!gramNumbers.subarray(start, at).includes(gram)) tokensOfGram.append(gram, token, 1)
      gramNumbers[at++] = gram
    }
    gramStarts = widened(gramStarts, token + 1)
    gramStarts[token + 1] = at
  }

  return {
    tokens,
    terms,
    grams,
    tokensOfGram,
    intern(text) {
      const known = tokens.find(text)
      if (known >= 0) return known
      const token = tokens.intern(text)
      const parts = analyser.parts(text)
      addTerm(token, parts.term, parts.isStop)
      addGrams(token, parts.grams)
      return token
    },
    get termOf() {
      return termOf
    },
    get gramStarts() {
      return gramStarts
    },
    get gramNumbers() {
      return gramNumbers
    },
    get stops() {
      return stops
    },
    get bytes() {
      const columns = [termOf, gramStarts, gramNumbers, stops]
      const interners = [tokens, terms, grams]
      return (
        columns.reduce((sum, { byteLength }) => sum + byteLength, tokensOfGram.bytes) +
        interners.reduce((sum, { size, characters }) => sum + size * INTERNED_BYTES + characters, 0)
      )
    },
    *save() {
      for (const part of [tokens, terms, grams, tokensOfGram]) yield* part.save()
      yield termOf.subarray(0, tokens.size)
      yield gramStarts.subarray(0, tokens.size + 1)
      yield gramNumbers.subarray(0, gramStarts[tokens.size])
      yield stops.subarray(0, terms.size)
    },
    async load(from) {
      for (const part of [tokens, terms, grams, tokensOfGram]) await part.load(from)
      termOf = await from.growing(Uint32Array)
      gramStarts = await from.growing(Uint32Array)
      gramNumbers = await from.growing(Uint32Array)
      stops = await from.growing(Uint8Array)
    },
  }
}
