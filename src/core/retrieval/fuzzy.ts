/**
 * Documents that have none of a query's terms, but words that look like its words: misspelt, inflected in a language that
 * the stemmer does not know, or parts of longer ones. The vocabulary names the words, and their terms' postings the documents.
 */
import type { CandidateFinder } from './candidates.ts'
import type { Collection } from './collection.ts'
import type { Gate } from './gate.ts'
import { widened } from './growing.ts'
import type { RetrievalParams } from './params.ts'
import { createPostingBuffer, ORDINALS_MAX } from './posting-pool.ts'
import type { QueryFeatures } from './query-features.ts'
import { selectTop } from './top.ts'

export interface FuzzyFinder {
  /** Ordinals of documents that may match by grams alone. */
  find(query: QueryFeatures, gate: Gate): readonly number[]
}

/** Words that are followed to their documents. */
const WORDS_MAX = 64

export function createFuzzyFinder(
  collection: Collection,
  finder: CandidateFinder,
  params: RetrievalParams,
): FuzzyFinder {
  const { vocabulary } = collection
  const buffer = createPostingBuffer()
  let shares = new Float32Array(0)
  const touched: number[] = []

  /** Adds up the shares of the query's grams by word, the rarest grams first, within the budget. */
  const weighWords = ({ grams }: QueryFeatures): void => {
    shares = widened(shares, vocabulary.tokens.size)
    let read = 0
    const lists = grams
      .filter(({ frequency }) => frequency > 0)
      .map(({ number, share }) => ({ number, share, words: vocabulary.tokensOfGram.length(number) }))
      .sort((a, b) => a.words - b.words)
    for (const { number, share, words } of lists) {
      read += words
      if (read > params.gramPostingsMax) return
      const cursor = vocabulary.tokensOfGram.cursor(number)
      for (let size = 1; size > 0; ) {
        size = vocabulary.tokensOfGram.read(cursor, ORDINALS_MAX, buffer)
        for (let i = 0; i < size; i++) {
          const token = buffer.ordinals[i]!
          if (shares[token] === 0) touched.push(token)
          shares[token]! += share
        }
      }
    }
  }

  const isLiving = (token: number): boolean => collection.termFrequencies[vocabulary.termOf[token]!]! > 0

  return {
    find(query, gate) {
      weighWords(query)
      const asked = new Set(query.terms.map(({ number }) => number))
      const enough = (query.gramsPossible * params.gramShareMin) / 2
      const isBefore = (a: number, b: number): boolean =>
        shares[a] === shares[b]
          ? vocabulary.tokens.text(a) < vocabulary.tokens.text(b)
          : shares[a]! > shares[b]!
      const alike = touched.filter(
        (token) => shares[token]! >= enough && isLiving(token) && !asked.has(vocabulary.termOf[token]!),
      )
      const words = selectTop(alike, WORDS_MAX, isBefore)
      const weights = new Map<number, number>()
      let read = 0
      for (const token of words) {
        const term = vocabulary.termOf[token]!
        // Counted in living documents, so that what is removed does not change what is read.
        read += collection.termFrequencies[term]!
        if (read > params.fuzzyPostingsMax) continue
        weights.set(term, Math.max(weights.get(term) ?? 0, shares[token]!))
      }
      for (const token of touched) shares[token] = 0
      touched.length = 0
      return weights.size === 0 ? [] : finder.byWeights(weights, params.fuzzyMax, gate)
    },
  }
}
