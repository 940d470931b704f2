/**
 * BM25 (Robertson & Zaragoza 2009) over one field, term at a time. Scores stand in columns by ordinal that live as
 * long as the index and are cleared by what was touched, so that a query allocates nothing of the collection's size.
 *
 * Determinism: each score is summed in the order of `features`, which depends on the query alone.
 */
import type { InvertedIndex } from './inverted-index.ts'

/** A feature of a query and its weight in it. */
export type WeightedFeature = readonly [feature: string, weight: number]

/** What an entry is for this query. */
export const UNDECIDED = 0
export const INSIDE = 1
export const OUTSIDE = 2

/** Decides which ordinals may be scored: `states[ordinal]`, and `decide` where that is UNDECIDED. */
export interface Gate {
  readonly states: Uint8Array
  decide(ordinal: number): number
}

/** Scores of one field, by ordinal. */
export interface ScoreBoard {
  scores: Float64Array
  /** Idf of the features that an entry matched. */
  matched: Float64Array
  /** Ordinals with a score, in the order of their discovery. */
  touched: Int32Array
  touchedCount: number
}

export interface Bm25Params {
  readonly k1: number
  readonly b: number
}

/** Robertson–Spärck Jones idf that never turns negative. */
export function inverseDocumentFrequency(documents: number, frequency: number): number {
  return Math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
}

export function createScoreBoard(): ScoreBoard {
  return {
    scores: new Float64Array(0),
    matched: new Float64Array(0),
    touched: new Int32Array(0),
    touchedCount: 0,
  }
}

/** Makes room for ordinals below `ordinals` and forgets the scores of the query before. */
export function resetScoreBoard(board: ScoreBoard, ordinals: number): void {
  for (let i = 0; i < board.touchedCount; i++) {
    const ordinal = board.touched[i]!
    board.scores[ordinal] = 0
    board.matched[ordinal] = 0
  }
  board.touchedCount = 0
  if (board.scores.length >= ordinals) return
  const capacity = Math.ceil(ordinals * 1.5)
  board.scores = new Float64Array(capacity)
  board.matched = new Float64Array(capacity)
  board.touched = new Int32Array(capacity)
}

/** Takes the scores of entries off the board that `isKept` refuses. */
export function retain(board: ScoreBoard, isKept: (ordinal: number) => boolean): void {
  let kept = 0
  for (let i = 0; i < board.touchedCount; i++) {
    const ordinal = board.touched[i]!
    if (isKept(ordinal)) board.touched[kept++] = ordinal
    else board.scores[ordinal] = board.matched[ordinal] = 0
  }
  board.touchedCount = kept
}

/** Postings read into columns: shared by all fields and queries of one retriever. */
export interface PostingBuffer {
  ordinals: Int32Array
  counts: Int32Array
}

export interface Bm25Hooks {
  /** Sees each feature's postings while they are in the buffer. */
  readonly onFeature?: ((postings: number, weight: number) => void) | undefined
  /** Documents imagined on top when idf says how much was matched, not when it scores: see `gramShareMin`. */
  readonly imaginedDocuments?: number
  /** Scores those entries alone that have a value in one of the two columns. */
  readonly only?: readonly [Float64Array, Float64Array] | undefined
}

/**
 * Adds the scores of `features` to the board; returns the sum of the features' idf × weight: what an entry that matches
 * all of them has matched.
 */
export function addBm25Scores(
  index: InvertedIndex,
  features: readonly WeightedFeature[],
  params: Bm25Params,
  gate: Gate,
  board: ScoreBoard,
  buffer: PostingBuffer,
  { onFeature, only, imaginedDocuments = 0 }: Bm25Hooks = {},
): number {
  let possible = 0
  for (const [feature, weight] of features) {
    const list = index.list(feature)
    const frequency = list < 0 ? 0 : index.frequency(list)
    const idf = inverseDocumentFrequency(index.documents, frequency) * weight
    const share = inverseDocumentFrequency(index.documents + imaginedDocuments, frequency) * weight
    possible += share
    if (list < 0) continue
    const postings = index.read(list, buffer.ordinals, buffer.counts)
    addFeature(index, idf, share, keep(buffer, postings, only), params, gate, board, buffer)
    onFeature?.(postings, weight)
  }
  return possible
}

/** Moves the postings that may be scored to the front of the buffer; returns how many they are. */
function keep({ ordinals, counts }: PostingBuffer, postings: number, only: Bm25Hooks['only']): number {
  if (only === undefined) return postings
  const [first, second] = only
  let kept = 0
  for (let i = 0; i < postings; i++) {
    const ordinal = ordinals[i]!
    if (first[ordinal] === 0 && second[ordinal] === 0) continue
    ordinals[kept] = ordinal
    counts[kept++] = counts[i]!
  }
  return kept
}

function addFeature(
  index: InvertedIndex,
  idf: number,
  share: number,
  postings: number,
  { k1, b }: Bm25Params,
  gate: Gate,
  board: ScoreBoard,
  { ordinals, counts }: PostingBuffer,
): void {
  const { lengths } = index
  const { scores, matched, touched } = board
  const { states } = gate
  const base = k1 * (1 - b)
  const slope = (k1 * b) / index.meanLength
  const gain = idf * (k1 + 1)
  for (let i = 0; i < postings; i++) {
    const ordinal = ordinals[i]!
    const state = states[ordinal]!
    if (state !== INSIDE && (state === OUTSIDE || gate.decide(ordinal) !== INSIDE)) continue
    const count = counts[i]!
    if (matched[ordinal] === 0) touched[board.touchedCount++] = ordinal
    scores[ordinal]! += (gain * count) / (count + base + slope * lengths[ordinal]!)
    matched[ordinal]! += share
  }
}
