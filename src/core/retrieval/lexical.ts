/**
 * What the words of a query find: terms, grams and feedback terms, each by BM25, each divided by its best score,
 * summed with weights. Postings name candidates; each of these is scored from its own tokens.
 */
import type { Analyser } from './analysis.ts'
import { createCandidateFinder } from './candidates.ts'
import type { Collection } from './collection.ts'
import type { RetrievalQuery } from './contract.ts'
import { createDocumentScorer, type DocumentScore } from './document-scorer.ts'
import { feedbackTerms } from './feedback.ts'
import { createTokenBuffer } from './forward-index.ts'
import { createFuzzyFinder } from './fuzzy.ts'
import { type Gate, INSIDE } from './gate.ts'
import type { RetrievalParams } from './params.ts'
import { createQueryFeatures, termFeatures } from './query-features.ts'
import type { ThreadScorer } from './threads.ts'
import { selectTop } from './top.ts'

export interface LexicalScores {
  /** Ordinals that matched and may stand at the top. */
  readonly matches: readonly number[]
  /** Documents that match, as far as they were met. */
  readonly total: number
  /** All were met. */
  readonly isTotalExact: boolean
  /** Weighted sum of the parts of any document, also of one that is no match; 0 where nothing of it counts. */
  score(ordinal: number): number
  /** The summands by name. */
  parts(ordinal: number): Record<string, number>
  /** Scores of whole threads for the query's terms. */
  readonly threads: ThreadScorer
}

export interface Lexical {
  /**
   * Scores a query; what it returns holds until the next call. `isExhaustive`: every document is a candidate. `wanted`: so many
   * of the best are scored at least.
   */
  score(
    text: string,
    gate: Gate,
    how?: Pick<RetrievalQuery, 'isExhaustive' | 'without'>,
    wanted?: number,
  ): LexicalScores
}

export function createLexical(collection: Collection, analyser: Analyser, params: RetrievalParams): Lexical {
  const finder = createCandidateFinder(collection, params)
  const fuzzy = createFuzzyFinder(collection, finder, params)
  const scorer = createDocumentScorer(collection, params)
  const buffer = createTokenBuffer()

  /** Terms of a document and how often each occurs: what feedback learns from. */
  const bagOf = (ordinal: number): Map<string, number> => {
    const { forward, vocabulary } = collection
    const bag = new Map<string, number>()
    const size = forward.read(ordinal, buffer)
    for (let i = 0; i < size; i++) {
      const term = vocabulary.termOf[buffer.tokens[i]!]!
      if (vocabulary.stops[term] === 1) continue
      const text = vocabulary.terms.text(term)
      bag.set(text, (bag.get(text) ?? 0) + buffer.counts[i]!)
    }
    return bag
  }

  const everything = (gate: Gate): number[] => {
    const all: number[] = []
    for (let ordinal = 0; ordinal < collection.table.ordinals; ordinal++)
      if (gate.decide(ordinal) === INSIDE) all.push(ordinal)
    return all
  }

  return {
    score(text, gate, { isExhaustive = false, without } = {}, wanted = 0) {
      const gramWeight = without?.has('grams') ? 0 : params.gramWeight
      const feedbackWeight = without?.has('feedback') ? 0 : params.feedbackWeight
      const bags = analyser.query(text)
      const query = createQueryFeatures(bags, collection, params)
      const threads = collection.threads.scorer(params)
      scorer.begin(query)
      const scored = Math.max(params.scoredMax, wanted)
      const most = isExhaustive ? Number.POSITIVE_INFINITY : scored
      const found = finder.byTerms(query.terms, query.termsPossible, most, gate, threads)
      const ordinals = new Set(isExhaustive ? everything(gate) : found.ordinals)
      const mayBeMisspelt =
        query.terms.length === 0 || query.terms.some(({ frequency }) => frequency < params.fuzzyBelow)
      if (gramWeight > 0 && mayBeMisspelt)
        for (const ordinal of fuzzy.find(query, gate)) ordinals.add(ordinal)

      const features = learn(found.ordinals, bags.terms.size)
      if (features.length > 0) {
        scorer.beginFeedback(features)
        const rare = features.filter(({ frequency }) => frequency > 0 && frequency <= params.rareMax)
        const weights = new Map(rare.map(({ number, idf }) => [number, idf]))
        for (const ordinal of finder.byWeights(weights, scored, gate)) ordinals.add(ordinal)
      }

      const matches = new Map<number, DocumentScore>()
      const scales = { terms: 0, grams: 0, feedback: 0 }
      for (const ordinal of ordinals) {
        const score = scorer.score(ordinal)
        if (!isMatch(score)) continue
        matches.set(ordinal, score)
        for (const part of PARTS) scales[part] = Math.max(scales[part], score[part])
      }
      const weights = { terms: 1, grams: gramWeight, feedback: feedbackWeight }
      for (const part of PARTS) scales[part] = scales[part] > 0 ? weights[part] / scales[part] : 0
      const sumOf = (score: DocumentScore): number =>
        scales.terms * score.terms + scales.grams * score.grams + scales.feedback * score.feedback
      const sums = new Map<number, number>()
      for (const [ordinal, score] of matches) sums.set(ordinal, sumOf(score))
      const matchOf = (ordinal: number): DocumentScore | null => {
        const score = matches.get(ordinal) ?? scorer.score(ordinal)
        return isMatch(score) ? score : null
      }
      return {
        matches: [...matches.keys()],
        total: Math.max(found.met, matches.size),
        isTotalExact: found.isComplete,
        threads,
        score(ordinal) {
          let sum = sums.get(ordinal)
          if (sum === undefined) {
            const score = matchOf(ordinal)
            sum = score ? sumOf(score) : 0
            sums.set(ordinal, sum)
          }
          return sum
        },
        parts(ordinal) {
          const score = matchOf(ordinal)
          return Object.fromEntries(PARTS.map((part) => [part, score ? scales[part] * score[part] : 0]))
        },
      }

      /** The terms of the best hits, where the query is long enough for them to be sure. */
      function learn(best: readonly number[], queryTerms: number) {
        if (feedbackWeight === 0 || queryTerms < params.feedbackQueryTermsMin) return []
        const { table } = collection
        const first = best.slice(0, 4 * params.feedbackDocuments)
        const scores = new Map(first.map((ordinal) => [ordinal, scorer.score(ordinal).terms]))
        const top = selectTop(first, params.feedbackDocuments, (a, b) => {
          const difference = scores.get(a)! - scores.get(b)!
          return difference === 0 ? table.compareIds(a, b) < 0 : difference > 0
        })
        const sources = top.map((ordinal) => ({ terms: bagOf(ordinal), score: scores.get(ordinal)! }))
        return termFeatures(feedbackTerms(sources, params.feedbackTerms), collection)
      }
    },
  }

  /** Grams alone make no match unless they are many: half of all texts share an end with some word of the query. */
  function isMatch({ termsShare, gramsShare, feedback }: DocumentScore): boolean {
    return termsShare > 0 || feedback > 0 || gramsShare >= params.gramShareMin
  }
}

const PARTS = ['terms', 'grams', 'feedback'] as const
