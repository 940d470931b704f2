/**
 * What the words of a query find: terms, grams and feedback terms, each by BM25, each divided by its best score,
 * summed with weights.
 */
import type { Analyser, Bag } from './analysis.ts'
import {
  addBm25Scores,
  createScoreBoard,
  type Gate,
  type PostingBuffer,
  resetScoreBoard,
  type ScoreBoard,
  type WeightedFeature,
} from './bm25.ts'
import type { Collection } from './collection.ts'
import { feedbackTerms } from './feedback.ts'
import type { InvertedIndex } from './inverted-index.ts'
import type { RetrievalParams } from './params.ts'
import type { ThreadScorer } from './threads.ts'
import { selectTop } from './top.ts'

export interface LexicalScores {
  /** Ordinals that matched anything, each once. */
  readonly matches: readonly number[]
  /** Weighted sum of the parts; 0 for what did not match. */
  score(ordinal: number): number
  /** The summands by name. */
  parts(ordinal: number): Record<string, number>
  /** Scores of whole threads for the query's terms. */
  readonly threads: ThreadScorer
}

export interface Lexical {
  /** Scores a query; what it returns holds until the next call. */
  score(text: string, gate: Gate): LexicalScores
}

interface Part {
  readonly name: string
  readonly board: ScoreBoard
  /** Weight over the best score. */
  readonly scale: number
}

export function createLexical(collection: Collection, analyser: Analyser, params: RetrievalParams): Lexical {
  // Columns that live on from query to query, so that one allocates nothing of the collection's size.
  const termBoard = createScoreBoard()
  const gramBoard = createScoreBoard()
  const feedbackBoard = createScoreBoard()
  const buffer: PostingBuffer = { ordinals: new Int32Array(0), counts: new Int32Array(0) }

  function prepare(): void {
    const { ordinals } = collection
    for (const board of [termBoard, gramBoard, feedbackBoard]) resetScoreBoard(board, ordinals)
    if (buffer.ordinals.length >= ordinals) return
    buffer.ordinals = new Int32Array(Math.ceil(ordinals * 1.5))
    buffer.counts = new Int32Array(Math.ceil(ordinals * 1.5))
  }

  function scoreTerms(features: WeightedFeature[], gate: Gate): ThreadScorer {
    const threads = collection.threads.scorer(params)
    const possible = addBm25Scores(
      collection.terms,
      features,
      params,
      gate,
      termBoard,
      buffer,
      (postings, weight) => threads.addFeature(buffer, postings, weight, gate),
    )
    coordinate(termBoard, possible, params.coordination)
    return threads
  }

  function scoreFeedback(queryTerms: number, gate: Gate): void {
    if (params.feedbackWeight === 0 || queryTerms < params.feedbackQueryTermsMin) return
    const { scores } = termBoard
    const best = selectTop(touchedOf(termBoard), params.feedbackDocuments, (a, b) =>
      scores[a] === scores[b]
        ? collection.document(a).id < collection.document(b).id
        : scores[a]! > scores[b]!,
    )
    const sources = best.map((ordinal) => ({
      terms: analyser.document(collection.document(ordinal).text).terms,
      score: scores[ordinal]!,
    }))
    const features = feedbackTerms(sources, params.feedbackTerms)
    addBm25Scores(collection.terms, features, params, gate, feedbackBoard, buffer)
  }

  return {
    score(text, gate) {
      prepare()
      const query = analyser.query(text)
      const threads = scoreTerms(featuresOf(query.terms, params.queryTermsMax), gate)
      if (params.gramWeight > 0) {
        const features = affordable(collection.grams, query.grams, params)
        addBm25Scores(collection.grams, features, params, gate, gramBoard, buffer)
      }
      scoreFeedback(query.terms.size, gate)
      const parts = [
        part('terms', termBoard, 1),
        part('grams', gramBoard, params.gramWeight),
        part('feedback', feedbackBoard, params.feedbackWeight),
      ]
      return {
        matches: union(parts),
        threads,
        score(ordinal) {
          let sum = 0
          for (const { board, scale } of parts) sum += scale * board.scores[ordinal]!
          return sum
        },
        parts: (ordinal) =>
          Object.fromEntries(parts.map(({ name, board, scale }) => [name, scale * board.scores[ordinal]!])),
      }
    },
  }
}

function featuresOf(bag: Bag, max: number): WeightedFeature[] {
  return [...bag].slice(0, max)
}

/** The rarest grams of a query whose postings together stay within the budget. */
function affordable(index: InvertedIndex, bag: Bag, params: RetrievalParams): WeightedFeature[] {
  const known = featuresOf(bag, params.queryGramsMax)
    .map(([gram, weight]) => ({ gram, weight, list: index.list(gram) }))
    .filter(({ list }) => list >= 0)
    .map((feature) => ({ ...feature, frequency: index.frequency(feature.list) }))
    .sort((a, b) => a.frequency - b.frequency || (a.gram < b.gram ? -1 : 1))
  const features: WeightedFeature[] = []
  let postings = 0
  for (const { gram, weight, frequency } of known) {
    // Counted in living postings, so that what is removed does not change what is read.
    postings += frequency
    if (postings > params.gramPostingsMax) break
    features.push([gram, weight])
  }
  return features
}

/** Multiplies by (matched share of the query's idf)^exponent. */
function coordinate(board: ScoreBoard, possible: number, exponent: number): void {
  if (exponent === 0) return
  for (let i = 0; i < board.touchedCount; i++) {
    const ordinal = board.touched[i]!
    board.scores[ordinal]! *= (board.matched[ordinal]! / possible) ** exponent
  }
}

function part(name: string, board: ScoreBoard, weight: number): Part {
  let best = 0
  for (let i = 0; i < board.touchedCount; i++) best = Math.max(best, board.scores[board.touched[i]!]!)
  return { name, board, scale: best > 0 ? weight / best : 0 }
}

function union(parts: readonly Part[]): number[] {
  const ordinals: number[] = []
  for (const [i, { board }] of parts.entries()) {
    const earlier = parts.slice(0, i).map((other) => other.board.matched)
    for (let j = 0; j < board.touchedCount; j++) {
      const ordinal = board.touched[j]!
      if (earlier.every((matched) => matched[ordinal] === 0)) ordinals.push(ordinal)
    }
  }
  return ordinals
}

function touchedOf(board: ScoreBoard): Int32Array {
  return board.touched.subarray(0, board.touchedCount)
}
