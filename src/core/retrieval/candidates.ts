/**
 * Which documents are worth scoring, from the postings. The lists of a query are read side by side in windows of documents
 * (Lucene's BooleanScorer), so that the sums of a window stay in the processor's cache and those of the collection are
 * never held; the best of each window are kept.
 *
 * The rarest lists are read, until enough has been; each candidate is later scored from its own tokens, common words
 * included. So a query costs what its telling words do. The sums here choose, in single precision; they are no scores.
 */
import { lengthNorm } from './bm25.ts'
import type { Collection } from './collection.ts'
import { type Gate, INSIDE } from './gate.ts'
import { widened } from './growing.ts'
import { LENGTH_CLASSES, lengthOfClass, NO_LENGTH } from './length-classes.ts'
import type { RetrievalParams } from './params.ts'
import { createPostingBuffer, ORDINALS_MAX } from './posting-pool.ts'
import type { QueryFeature } from './query-features.ts'
import type { ThreadScorer } from './threads.ts'
import { selectTop } from './top.ts'

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
  byWeights(weights: ReadonlyMap<number, number>, most: number, gate: Gate): readonly number[]
}

/** Lists up to this are read whatever was read before. */
const SHORT_LIST = 4096
/** So many times the postings are read where too few documents inside the scope were met. */
export const NARROW_FACTOR = 4
/** Ordinals of a window: two columns of four bytes fit the second cache of any processor. */
const WINDOW = 2 ** 14

/** A list to be read. */
interface List {
  readonly number: number
  /** What one occurrence adds at most. */
  readonly gain: number
  /** What it counts for among what a document matches, above 0. */
  readonly share: number
}

export function createCandidateFinder(collection: Collection, params: RetrievalParams): CandidateFinder {
  const { postings, table } = collection
  const buffer = createPostingBuffer()
  const scores = new Float32Array(WINDOW)
  const shares = new Float32Array(WINDOW)
  const touched = new Int32Array(WINDOW)
  const kept = createBest()

  /** A factor below 1 for what matches a part of the query alone. */
  const coordination = (share: number): number =>
    params.coordination === 0.25 ? Math.sqrt(Math.sqrt(share)) : share ** params.coordination

  /**
   * Keeps the `most` documents whose sums over all lists rank highest; how many were met. `norms` by class of length;
   * `rank` is at most the score.
   */
  const collect = (
    lists: readonly List[],
    norms: Float32Array,
    most: number,
    gate: Gate,
    rank: (score: number, share: number) => number,
    threads: ThreadScorer | null = null,
  ): number => {
    const { lengthClasses } = collection
    const { ordinals, counts } = buffer
    const cursors = lists.map(({ number }) => postings.cursor(number))
    const once = norms.map((norm) => 1 / (1 + norm))
    let met = 0
    kept.begin(most)
    for (;;) {
      let first = ORDINALS_MAX
      for (const { next } of cursors) if (next < first) first = next
      if (first === ORDINALS_MAX) return met
      const start = first - (first % WINDOW)
      let inWindow = 0
      for (let which = 0; which < cursors.length; which++) {
        const cursor = cursors[which]!
        const { gain, share } = lists[which]!
        for (let size = 1; cursor.next < start + WINDOW && size > 0; ) {
          size = postings.read(cursor, start + WINDOW, buffer)
          for (let i = 0; i < size; i++) {
            const ordinal = ordinals[i]!
            const length = lengthClasses[ordinal]!
            if (length === NO_LENGTH || (!gate.isOpen && gate.decide(ordinal) !== INSIDE)) continue
            const slot = ordinal - start
            const count = counts[i]!
            if (shares[slot] === 0) touched[inWindow++] = slot
            scores[slot]! += gain * (count === 1 ? once[length]! : count / (count + norms[length]!))
            shares[slot]! += share
            threads?.add(which, ordinal, count)
          }
        }
      }
      for (let i = 0; i < inWindow; i++) {
        const slot = touched[i]!
        const score = scores[slot]!
        if (score >= kept.least) kept.offer(start + slot, rank(score, shares[slot]!))
        scores[slot] = shares[slot] = 0
      }
      met += inWindow
    }
  }

  /** The rarest of the lists: as many as hold `postingsMax` postings, and every short one. */
  const affordable = (features: readonly QueryFeature[], postingsMax: number): QueryFeature[] => {
    const sorted = features.filter(({ frequency }) => frequency > 0).sort((a, b) => a.frequency - b.frequency)
    let read = 0
    return sorted.filter(({ frequency }, i) => {
      read += frequency
      return i === 0 || frequency <= SHORT_LIST || read <= postingsMax
    })
  }

  return {
    byTerms(features, possible, most, gate, threads) {
      const { meanTerms } = collection
      const norms = Float32Array.from({ length: LENGTH_CLASSES }, (_, i) =>
        lengthNorm(params, lengthOfClass(i), meanTerms),
      )
      const existing = features.filter(({ frequency }) => frequency > 0).length
      const read = (postingsMax: number): Candidates => {
        const chosen = affordable(features, postingsMax)
        const lists = chosen.map(({ number, idf, share }) => ({ number, gain: idf * (params.k1 + 1), share }))
        threads.begin(lists.length)
        const rank = (score: number, share: number): number => score * coordination(share / possible)
        const met = collect(lists, norms, most, gate, rank, threads.isEmpty ? null : threads)
        threads.end(chosen.map(({ weight }) => weight))
        return { ordinals: kept.take(table.compareIds), met, isComplete: chosen.length === existing }
      }
      const found = read(Number.isFinite(most) ? params.postingsMax : most)
      // A scope may leave out nearly all that is read: then more is read for those inside.
      return found.isComplete || found.met >= most ? found : read(params.postingsMax * NARROW_FACTOR)
    },
    byWeights(weights, most, gate) {
      const lists = Array.from(weights, ([number, weight]) => ({ number, gain: weight, share: weight }))
      collect(lists, new Float32Array(LENGTH_CLASSES), most, gate, (score) => score)
      return kept.take(table.compareIds)
    },
  }
}

/** The highest ranks of many that are offered, and all that equal the least of them. */
function createBest() {
  let ordinals = new Int32Array(0)
  let ranks = new Float32Array(0)
  let size = 0
  let most = 0
  let full = 0
  const best = {
    /** What ranks below this stays out. */
    least: 0,
    begin(wanted: number): void {
      most = wanted
      // Room for some that will not stay: finding out who is the last of them costs a look at all.
      full = 4 * wanted
      size = 0
      best.least = 0
    },
    offer(ordinal: number, rank: number): void {
      const rounded = Math.fround(rank)
      if (rounded < best.least) return
      if (size >= full) {
        thin()
        full = Math.max(full, 2 * size)
      }
      ordinals = widened(ordinals, size)
      ranks = widened(ranks, size)
      ordinals[size] = ordinal
      ranks[size++] = rounded
    },
    /** The best first, equal ones by id, at most as many as are wanted. */
    take(compareIds: (a: number, b: number) => number): number[] {
      if (size > most) thin()
      const places = [...ranks.subarray(0, size).keys()]
      const above = places.filter((place) => ranks[place]! > best.least)
      // Of those that equal the last there may be many: they need no order, but for who is among the first.
      const last = selectTop(
        places.filter((place) => ranks[place] === best.least),
        most - above.length,
        (a, b) => compareIds(ordinals[a]!, ordinals[b]!) < 0,
      )
      above.sort((a, b) => ranks[b]! - ranks[a]! || compareIds(ordinals[a]!, ordinals[b]!))
      return [...above, ...last].map((place) => ordinals[place]!)
    },
  }

  const thin = (): void => {
    best.least = kthLargest(ranks, size, most)
    let left = 0
    for (let i = 0; i < size; i++) {
      if (ranks[i]! < best.least) continue
      ordinals[left] = ordinals[i]!
      ranks[left++] = ranks[i]!
    }
    size = left
  }
  return best
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
