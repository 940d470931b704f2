/**
 * Which entries stand in which thread, in what order, and how well each thread as a whole matches a query.
 *
 * Invariant: `members` of a thread are its living entries that have a position, sorted by position, then id.
 */

import { type Bm25Params, inverseDocumentFrequency } from './bm25.ts'
import type { DocumentTable } from './document-table.ts'
import { widened } from './growing.ts'

/** Steps to each side in search of neighbours inside the scope: a walk through foreign entries ends. */
const NEIGHBOUR_STEPS_MAX = 16

export interface Threads {
  /** `length`: features of the entry's text. */
  add(ordinal: number, length: number): void
  /** Before the table has forgotten the entry. */
  remove(ordinal: number, length: number): void
  /** The nearest entries to one side (−1 before, 1 after) that `isInside`, nearest first, at most `count`. */
  neighbours(
    ordinal: number,
    direction: -1 | 1,
    count: number,
    isInside: (ordinal: number) => boolean,
  ): number[]
  /** A scorer for one query; it holds until the next one. */
  scorer(params: Bm25Params): ThreadScorer
}

/**
 * BM25 of threads as if each were one text, from those postings alone that the query may see. Where a query leaves the list
 * of a common feature unread, that feature counts for no thread.
 */
export interface ThreadScorer {
  /** No entry has a thread. */
  readonly isEmpty: boolean
  /** From now on for the lists of so many features. */
  begin(features: number): void
  /** Takes one posting of a feature. */
  add(feature: number, ordinal: number, count: number): void
  /** All is read; what the features weigh. */
  end(weights: readonly number[]): void
  /** Score of the thread of an entry, 0 without one. */
  score(ordinal: number): number
  /** The best thread's score. */
  readonly best: number
}

export function createThreads(table: DocumentTable): Threads {
  /** By number of the thread: its members, and how many entries and features it has in all. */
  const members: number[][] = []
  let entries = new Uint32Array(0)
  let lengths = new Float64Array(0)
  let living = 0
  let totalLength = 0
  // A column of the scorers, one after the other: a query allocates nothing of the collection's size.
  let slots = new Uint32Array(0)

  const precedes = (a: number, b: number): boolean => {
    const difference = table.position(a)! - table.position(b)!
    return difference === 0 ? table.compareIds(a, b) < 0 : difference < 0
  }

  /** Where an entry stands among the members, or would stand. */
  function rank(of: readonly number[], ordinal: number): number {
    let low = 0
    let high = of.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (precedes(of[middle]!, ordinal)) low = middle + 1
      else high = middle
    }
    return low
  }

  const change = (thread: number, sign: 1 | -1, length: number): void => {
    entries = widened(entries, thread)
    lengths = widened(lengths, thread)
    const before = entries[thread]!
    entries[thread] = before + sign
    lengths[thread] = lengths[thread]! + sign * length
    totalLength += sign * length
    if (before === 0) living++
    else if (before + sign === 0) living--
  }

  return {
    add(ordinal, length) {
      const thread = table.threadOf[ordinal]!
      if (thread === 0) return
      change(thread, 1, length)
      if (table.position(ordinal) === null) return
      members[thread] ??= []
      members[thread].splice(rank(members[thread], ordinal), 0, ordinal)
    },
    remove(ordinal, length) {
      const thread = table.threadOf[ordinal]!
      if (thread === 0) return
      change(thread, -1, length)
      const of = members[thread]
      if (of && table.position(ordinal) !== null) of.splice(rank(of, ordinal), 1)
    },
    neighbours(ordinal, direction, count, isInside) {
      const of = members[table.threadOf[ordinal]!]
      if (of === undefined || table.position(ordinal) === null) return []
      const found: number[] = []
      let at = rank(of, ordinal) + direction
      for (let step = 0; step < NEIGHBOUR_STEPS_MAX && found.length < count; step++, at += direction) {
        const neighbour = of[at]
        if (neighbour === undefined) break
        if (isInside(neighbour)) found.push(neighbour)
      }
      return found
    },
    scorer(params) {
      const { threadOf, threads } = table
      slots = widened(slots, threads.size - 1)
      const meanLength = totalLength / Math.max(1, living)
      return createThreadScorer(params, { threadOf, lengths, living, meanLength, slots })
    },
  }
}

interface ThreadColumns {
  readonly threadOf: Uint32Array
  readonly lengths: Float64Array
  readonly living: number
  readonly meanLength: number
  /** By thread: its place among those that were met, from 1. What an earlier query left is told by what was met. */
  readonly slots: Uint32Array
}

function createThreadScorer({ k1, b }: Bm25Params, columns: ThreadColumns): ThreadScorer {
  const { threadOf, lengths, living, meanLength, slots } = columns
  /** Threads that were met, each at its slot; the first is none. */
  const met = [0]
  /** By slot and feature. */
  let counts = new Int32Array(0)
  let scores: Float64Array = new Float64Array(1)
  let features = 0
  let best = 0

  const slotOf = (thread: number): number => {
    const slot = slots[thread]!
    return met[slot] === thread ? slot : 0
  }

  return {
    get best() {
      return best
    },
    isEmpty: living === 0,
    begin(wanted) {
      met.length = 1
      features = wanted
      counts.fill(0)
    },
    add(feature, ordinal, count) {
      const thread = threadOf[ordinal]!
      if (thread === 0) return
      let slot = slotOf(thread)
      if (slot === 0) {
        slot = slots[thread] = met.push(thread) - 1
        counts = widened(counts, (slot + 1) * features)
      }
      counts[slot * features + feature]! += count
    },
    end(weights) {
      scores = new Float64Array(met.length)
      for (const [feature, weight] of weights.entries()) {
        let frequency = 0
        for (let slot = 1; slot < met.length; slot++) if (counts[slot * features + feature]! > 0) frequency++
        const idf = inverseDocumentFrequency(living, frequency) * weight
        for (let slot = 1; slot < met.length; slot++) {
          const count = counts[slot * features + feature]!
          if (count === 0) continue
          const norm = k1 * (1 - b + (b * lengths[met[slot]!]!) / meanLength)
          scores[slot]! += (idf * count * (k1 + 1)) / (count + norm)
        }
      }
      best = scores.reduce((most, score) => Math.max(most, score), 0)
    },
    score: (ordinal) => scores[slotOf(threadOf[ordinal]!)] ?? 0,
  }
}
