/**
 * What the words of a query find: terms, grams and feedback terms, each by BM25, each divided by its best score,
 * summed with weights.
 */
import type { Analyser, Bag } from './analysis.ts'
import {
  addBm25Scores,
  createScoreBoard,
  type Gate,
  inverseDocumentFrequency,
  type PostingBuffer,
  resetScoreBoard,
  retain,
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
  readonly matches: Int32Array
  /** Weighted sum of the parts by ordinal; 0 for what did not match. */
  readonly scores: Float64Array
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
  const sum = createScoreBoard()
  const buffer: PostingBuffer = { ordinals: new Int32Array(0), counts: new Int32Array(0) }

  function prepare(): void {
    const { ordinals } = collection
    for (const board of [termBoard, gramBoard, feedbackBoard, sum]) resetScoreBoard(board, ordinals)
    if (buffer.ordinals.length >= ordinals) return
    buffer.ordinals = new Int32Array(Math.ceil(ordinals * 1.5))
    buffer.counts = new Int32Array(Math.ceil(ordinals * 1.5))
  }

  function scoreTerms(features: WeightedFeature[], gate: Gate): ThreadScorer {
    const threads = collection.threads.scorer(params)
    const possible = addBm25Scores(collection.terms, features, params, gate, termBoard, buffer, {
      onFeature: (postings, weight) => threads.addFeature(buffer, postings, weight, gate),
    })
    coordinate(termBoard, possible, params.coordination)
    return threads
  }

  /** Rare grams find entries of their own; common ones only lift what is already found, unless that is too little. */
  function scoreGrams(bag: Bag, gate: Gate): void {
    const { imaginedDocuments } = params
    const { rare, common, possible } = affordable(collection.grams, bag, params)
    addBm25Scores(collection.grams, rare, params, gate, gramBoard, buffer, { imaginedDocuments })
    const isEnough = termBoard.touchedCount + gramBoard.touchedCount >= params.gramMatchesMin
    const only = isEnough ? ([termBoard.matched, gramBoard.matched] as const) : undefined
    addBm25Scores(collection.grams, common, params, gate, gramBoard, buffer, { only, imaginedDocuments })
    const enough = possible * params.gramShareMin
    retain(gramBoard, (ordinal) => termBoard.matched[ordinal]! > 0 || gramBoard.matched[ordinal]! >= enough)
  }

  /** The terms of the best hits. Only rare ones find further entries, as with grams. */
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
    const isRare = ([term]: WeightedFeature) => frequencyOf(collection.terms, term) <= params.rareMax
    const common = features.filter((feature) => !isRare(feature))
    const only = [termBoard.matched, gramBoard.matched] as const
    addBm25Scores(collection.terms, features.filter(isRare), params, gate, feedbackBoard, buffer)
    addBm25Scores(collection.terms, common, params, gate, feedbackBoard, buffer, { only })
  }

  return {
    score(text, gate) {
      prepare()
      const query = analyser.query(text)
      const threads = scoreTerms(featuresOf(query.terms, params.queryTermsMax), gate)
      if (params.gramWeight > 0) scoreGrams(query.grams, gate)
      scoreFeedback(query.terms.size, gate)
      const parts = [
        part('terms', termBoard, 1),
        part('grams', gramBoard, params.gramWeight),
        part('feedback', feedbackBoard, params.feedbackWeight),
      ]
      sumUp(parts, sum)
      return {
        matches: sum.touched.subarray(0, sum.touchedCount),
        scores: sum.scores,
        threads,
        parts: (ordinal) =>
          Object.fromEntries(parts.map(({ name, board, scale }) => [name, scale * board.scores[ordinal]!])),
      }
    },
  }
}

function featuresOf(bag: Bag, max: number): WeightedFeature[] {
  return [...bag].slice(0, max)
}

interface AffordableGrams {
  readonly rare: WeightedFeature[]
  readonly common: WeightedFeature[]
  /** Idf of all grams of the query, also of those that no entry has or that are too common to read. */
  readonly possible: number
}

/** The rarest grams of a query whose postings together stay within the budget, rarest first. */
function affordable(index: InvertedIndex, bag: Bag, params: RetrievalParams): AffordableGrams {
  const grams = featuresOf(bag, params.queryGramsMax)
    .map(([gram, weight]) => ({ gram, weight, frequency: frequencyOf(index, gram) }))
    .sort((a, b) => a.frequency - b.frequency || (a.gram < b.gram ? -1 : 1))
  const rare: WeightedFeature[] = []
  const common: WeightedFeature[] = []
  let postings = 0
  let possible = 0
  for (const { gram, weight, frequency } of grams) {
    possible += weight * inverseDocumentFrequency(index.documents + params.imaginedDocuments, frequency)
    // Counted in living postings, so that what is removed does not change what is read.
    postings += frequency
    if (frequency === 0 || postings > params.gramPostingsMax) continue
    if (frequency <= params.rareMax) rare.push([gram, weight])
    else common.push([gram, weight])
  }
  return { rare, common, possible }
}

/** Living entries that have a feature. */
export function frequencyOf(index: InvertedIndex, feature: string): number {
  const list = index.list(feature)
  return list < 0 ? 0 : index.frequency(list)
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

/** Adds the parts in their order, so that each sum is the same whatever was touched first. */
function sumUp(parts: readonly Part[], sum: ScoreBoard): void {
  const { scores, matched, touched } = sum
  for (const { board, scale } of parts) {
    for (let i = 0; i < board.touchedCount; i++) {
      const ordinal = board.touched[i]!
      if (matched[ordinal] === 0) touched[sum.touchedCount++] = ordinal
      matched[ordinal] = 1
      scores[ordinal]! += scale * board.scores[ordinal]!
    }
  }
}

function touchedOf(board: ScoreBoard): Int32Array {
  return board.touched.subarray(0, board.touchedCount)
}
