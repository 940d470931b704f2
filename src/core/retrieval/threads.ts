/**
 * Which entries stand in which thread, in what order, and how well each thread as a whole matches a query.
 *
 * Invariant: `members` of a thread are its living entries that have a position, sorted by position, then id.
 */

import { type Bm25Params, type Gate, INSIDE, inverseDocumentFrequency, type PostingBuffer } from './bm25.ts'
import type { RetrievalDocument } from './contract.ts'

/** Steps to each side in search of neighbours inside the scope: a walk through foreign entries ends. */
const NEIGHBOUR_STEPS_MAX = 16

export interface Threads {
  /** `length`: features of the entry's text. */
  add(ordinal: number, document: RetrievalDocument, length: number): void
  remove(ordinal: number, document: RetrievalDocument, length: number): void
  /** Number of an entry's thread, −1 without one. */
  threadOf(ordinal: number): number
  /** The nearest entries to one side (−1 before, 1 after) that `isInside`, nearest first, at most `count`. */
  neighbours(
    ordinal: number,
    direction: -1 | 1,
    count: number,
    isInside: (ordinal: number) => boolean,
  ): number[]
  /** A scorer for one query; it holds until the next one. */
  scorer(params: Bm25Params): ThreadScorer
  clear(): void
}

/** BM25 of threads as if each were one text, from those postings alone that the query may see. */
export interface ThreadScorer {
  /** Takes one feature's postings from the buffer. */
  addFeature(buffer: PostingBuffer, postings: number, weight: number, gate: Gate): void
  /** Score of the thread of an entry, 0 without one. */
  score(ordinal: number): number
  /** The best thread's score. */
  readonly best: number
}

interface Thread {
  readonly number: number
  readonly members: number[]
  entries: number
  length: number
}

export function createThreads(documentOf: (ordinal: number) => RetrievalDocument): Threads {
  const threadsByName = new Map<string, Thread>()
  const threads: Thread[] = []
  let threadNumbers = new Int32Array(0)
  let living = 0
  let totalLength = 0
  // Columns of the scorers, one after the other: a query allocates nothing of the collection's size.
  let scores = new Float64Array(0)
  let counts = new Int32Array(0)

  function opened(name: string): Thread {
    const thread = { number: threads.length, members: [], entries: 0, length: 0 }
    threadsByName.set(name, thread)
    threads.push(thread)
    return thread
  }

  /** Where an entry stands among the members, or would stand. */
  function rank(members: readonly number[], document: RetrievalDocument): number {
    let low = 0
    let high = members.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (precedes(documentOf(members[middle]!), document)) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    threadOf: (ordinal) => (threadNumbers[ordinal] ?? 0) - 1,
    add(ordinal, document, length) {
      if (document.thread === null) return
      const thread = threadsByName.get(document.thread) ?? opened(document.thread)
      if (ordinal >= threadNumbers.length) threadNumbers = widened(threadNumbers, ordinal)
      threadNumbers[ordinal] = thread.number + 1
      if (thread.entries++ === 0) living++
      thread.length += length
      totalLength += length
      if (document.position !== null) thread.members.splice(rank(thread.members, document), 0, ordinal)
    },
    remove(ordinal, document, length) {
      const thread = threads[this.threadOf(ordinal)]
      if (thread === undefined) return
      if (--thread.entries === 0) living--
      thread.length -= length
      totalLength -= length
      if (document.position !== null) thread.members.splice(rank(thread.members, document), 1)
    },
    neighbours(ordinal, direction, count, isInside) {
      const document = documentOf(ordinal)
      const thread = threads[this.threadOf(ordinal)]
      if (thread === undefined || document.position === null) return []
      const found: number[] = []
      let at = rank(thread.members, document) + direction
      for (let step = 0; step < NEIGHBOUR_STEPS_MAX && found.length < count; step++, at += direction) {
        const neighbour = thread.members[at]
        if (neighbour === undefined) break
        if (isInside(neighbour)) found.push(neighbour)
      }
      return found
    },
    scorer(params) {
      if (scores.length < threads.length) scores = new Float64Array(threads.length * 2)
      else scores.fill(0)
      if (counts.length < threads.length) counts = new Int32Array(threads.length * 2)
      const meanLength = totalLength / Math.max(1, living)
      return createThreadScorer(params, { threads, threadNumbers, living, meanLength, scores, counts })
    },
    clear() {
      threadsByName.clear()
      threads.length = 0
      threadNumbers = new Int32Array(0)
      living = 0
      totalLength = 0
    },
  }
}

interface ThreadColumns {
  readonly threads: readonly Thread[]
  readonly threadNumbers: Int32Array
  readonly living: number
  readonly meanLength: number
  /** By thread, zero at first. */
  readonly scores: Float64Array
  /** By thread, zero between features. */
  readonly counts: Int32Array
}

function createThreadScorer({ k1, b }: Bm25Params, columns: ThreadColumns): ThreadScorer {
  const { threads, threadNumbers, living, meanLength, scores, counts } = columns
  let best = 0
  return {
    get best() {
      return best
    },
    score(ordinal) {
      return scores[(threadNumbers[ordinal] ?? 0) - 1] ?? 0
    },
    addFeature(buffer, postings, weight, gate) {
      const touched: number[] = []
      for (let i = 0; i < postings; i++) {
        const number = (threadNumbers[buffer.ordinals[i]!] ?? 0) - 1
        if (number < 0 || gate.decide(buffer.ordinals[i]!) !== INSIDE) continue
        if (counts[number] === 0) touched.push(number)
        counts[number]! += buffer.counts[i]!
      }
      const idf = inverseDocumentFrequency(living, touched.length) * weight
      for (const number of touched) {
        const count = counts[number]!
        const norm = k1 * (1 - b + (b * threads[number]!.length) / meanLength)
        scores[number]! += (idf * count * (k1 + 1)) / (count + norm)
        counts[number] = 0
        best = Math.max(best, scores[number]!)
      }
    },
  }
}

function precedes(a: RetrievalDocument, b: RetrievalDocument): boolean {
  return a.position === b.position ? a.id < b.id : a.position! < b.position!
}

function widened(column: Int32Array<ArrayBuffer>, index: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(256, index + 1, column.length * 2))
  next.set(column)
  return next
}
