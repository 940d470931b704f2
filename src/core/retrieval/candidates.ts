/**
 * Which documents are worth scoring, from the postings: term at a time, the rarest first, and no further than it can matter.
 *
 * Once the terms that are left could not lift a document that has none of the others among the best (MaxScore: Turtle & Flood
 * 1995), or enough has been read, the rest of the lists stays unread: each of the best so far is then scored from its own
 * tokens, common words included. So a query costs what its telling words do.
 *
 * The sums here choose, in single precision; they are no scores.
 */
import { lengthNorm } from './bm25.ts'
import type { Collection } from './collection.ts'
import { type Gate, INSIDE, OUTSIDE } from './gate.ts'
import { widened } from './growing.ts'
import type { RetrievalParams } from './params.ts'
import { createPostingBuffer } from './posting-pool.ts'
import type { QueryFeature } from './query-features.ts'
import type { ThreadScorer } from './threads.ts'

export interface Candidates {
  /** Best first. */
  readonly ordinals: readonly number[]
  /** Documents that were met. */
  readonly met: number
  /** Every document that matches was met. */
  readonly isComplete: boolean
}

export interface CandidateFinder {
  /** Those that most likely stand at the top for these terms, at most `most`. */
  byTerms(
    features: readonly QueryFeature[],
    possible: number,
    most: number,
    gate: Gate,
    threads: ThreadScorer,
  ): Candidates
  /** Those with the highest sums of weights over lists of terms, at most `most`; the lists are read in full. */
  byWeights(weights: ReadonlyMap<number, number>, most: number, gate: Gate): number[]
}

/** Lists up to this are read rather than argued about. */
const SHORT_LIST = 4096
/** So many times the postings are read where too few documents inside the scope were met. */
const NARROW_FACTOR = 16

export function createCandidateFinder(collection: Collection, params: RetrievalParams): CandidateFinder {
  const { postings, table } = collection
  const buffer = createPostingBuffer()
  // Columns that live on from query to query, so that one allocates nothing of the collection's size.
  let scores = new Float32Array(0)
  let matched = new Float32Array(0)
  let touched = new Int32Array(0)
  let ranks = new Float32Array(0)
  let met = 0

  const begin = (): void => {
    for (let i = 0; i < met; i++) scores[touched[i]!] = matched[touched[i]!] = 0
    met = 0
    scores = widened(scores, table.ordinals)
    matched = widened(matched, table.ordinals)
    touched = widened(touched, table.ordinals)
  }

  /** A factor below 1 for what matches a part of the query alone. */
  const coordination = (share: number): number =>
    params.coordination === 0.25 ? Math.sqrt(Math.sqrt(share)) : share ** params.coordination

  const readTerm = (
    { number, idf, share, weight }: QueryFeature,
    gate: Gate,
    threads: ThreadScorer,
  ): void => {
    const { lengths, meanTerms } = collection
    const base = lengthNorm(params, 0, meanTerms)
    const slope = lengthNorm(params, 1, meanTerms) - base
    const gain = idf * (params.k1 + 1)
    const { states } = gate
    const { ordinals, counts } = buffer
    const hasThreads = !threads.isEmpty
    postings.scan(number, buffer, (size) => {
      for (let i = 0; i < size; i++) {
        const ordinal = ordinals[i]!
        const state = states[ordinal]!
        if (state !== INSIDE && (state === OUTSIDE || gate.decide(ordinal) !== INSIDE)) continue
        const count = counts[i]!
        if (matched[ordinal] === 0) touched[met++] = ordinal
        scores[ordinal]! += (gain * count) / (count + base + slope * lengths[ordinal]!)
        matched[ordinal]! += share
        if (hasThreads) threads.add(ordinal, count)
      }
    })
    if (hasThreads) threads.endFeature(weight)
  }

  /** Asks for the score of each that was met; returns the score that the `most`-th best has, 0 where there are fewer. */
  const rank = (most: number, score: (ordinal: number) => number): number => {
    ranks = widened(ranks, met)
    for (let i = 0; i < met; i++) ranks[i] = score(touched[i]!)
    return met <= most ? 0 : kthLargest(ranks, met, most)
  }

  /** The best of those that were met, as they were ranked; equal ones by id. */
  const best = (most: number, least: number): number[] => {
    const chosen: number[] = []
    for (let i = 0; i < met; i++) if (ranks[i]! >= least) chosen.push(i)
    chosen.sort((a, b) => ranks[b]! - ranks[a]! || table.compareIds(touched[a]!, touched[b]!))
    return chosen.slice(0, most).map((place) => touched[place]!)
  }

  return {
    byTerms(features, possible, most, gate, threads) {
      begin()
      const lists = features
        .filter(({ frequency }) => frequency > 0)
        .sort((a, b) => a.frequency - b.frequency)
      let left = lists.reduce((sum, { idf }) => sum + idf, 0) * (params.k1 + 1)
      let leftShare = lists.reduce((sum, { share }) => sum + share, 0)
      const sure = (ordinal: number): number => scores[ordinal]! * coordination(matched[ordinal]! / possible)
      let read = 0
      for (const [i, list] of lists.entries()) {
        read += list.frequency
        if (list.frequency > SHORT_LIST && i > 0) {
          // A scope may leave out nearly all that is read: then what is left is read for those inside.
          const isSpent = read > params.postingsMax * (met >= most ? 1 : NARROW_FACTOR)
          if (isSpent || met >= most) {
            const least = rank(most, sure)
            if (isSpent || left * coordination(leftShare / possible) < least)
              return { ordinals: best(most, least), met, isComplete: false }
          }
        }
        readTerm(list, gate, threads)
        left -= list.idf * (params.k1 + 1)
        leftShare -= list.share
      }
      return { ordinals: best(most, rank(most, sure)), met, isComplete: true }
    },
    byWeights(weights, most, gate) {
      begin()
      for (const [term, weight] of weights)
        postings.scan(term, buffer, (size) => {
          for (let i = 0; i < size; i++) {
            const ordinal = buffer.ordinals[i]!
            if (gate.decide(ordinal) !== INSIDE) continue
            if (scores[ordinal] === 0) touched[met++] = ordinal
            scores[ordinal]! += weight
          }
        })
      return best(
        most,
        rank(most, (ordinal) => scores[ordinal]!),
      )
    },
  }
}

/** The k-th largest of the first `count` numbers: a heap of the largest so far, the least of them on top. */
function kthLargest(numbers: Float32Array, count: number, k: number): number {
  const heap = numbers.slice(0, k).sort()
  for (let i = k; i < count; i++) {
    const number = numbers[i]!
    if (number <= heap[0]!) continue
    let at = 0
    for (let child = 1; child < k; child = 2 * at + 1) {
      if (child + 1 < k && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= number) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = number
  }
  return heap[0]!
}
