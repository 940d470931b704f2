/**
 * One field's inverted index: feature → the ordinals of the entries that have it. Adding is O(features of the entry);
 * removing takes the entry out of every statistic at once and leaves its postings behind, dead, until `renumber`.
 *
 * Invariant: `documents`, `totalLength` and `frequency` count living entries only, so that an index after any history
 * scores to the bit as one that was built from what is left.
 */
import { detached } from './detached.ts'
import { createPostingPool, type PostingPool } from './posting-pool.ts'

export interface InvertedIndex {
  /** Living entries. */
  readonly documents: number
  /** Mean features of a living entry, repetitions counted. */
  readonly meanLength: number
  /** `ordinal` must be above every one before. */
  add(ordinal: number, bag: ReadonlyMap<string, number>): void
  /** `bag` must be what `add` was called with. */
  remove(ordinal: number, bag: ReadonlyMap<string, number>): void
  /** Number of a feature's list; −1 where no living entry has it. */
  list(feature: string): number
  /** Living entries that have the feature of a list. */
  frequency(list: number): number
  /** Postings of a list, dead ones included: what reading it costs. */
  postings(list: number): number
  /** See `PostingPool.read`. Dead ordinals are among them: the caller knows which live. */
  read(list: number, ordinals: Int32Array, counts: Int32Array): number
  /** Features of each entry by ordinal, repetitions counted. Replaced as it grows: read it anew for each query. */
  readonly lengths: Int32Array
  /** Drops dead postings and gives each entry the ordinal `renumbered[old]` (−1: dead); must keep the order. */
  renumber(renumbered: Int32Array): void
  /** Bytes of postings and columns, without the dictionary. */
  readonly bytes: number
}

export function createInvertedIndex(): InvertedIndex {
  let dictionary = new Map<string, number>()
  let pool = createPostingPool()
  let frequencies = new Int32Array(256)
  let lengths = new Int32Array(256)
  let documents = 0
  let totalLength = 0

  function listOf(feature: string): number {
    const known = dictionary.get(feature)
    if (known !== undefined) return known
    const list = pool.open()
    dictionary.set(detached(feature), list)
    if (list >= frequencies.length) frequencies = doubled(frequencies, list)
    frequencies[list] = 0
    return list
  }

  /** The living lists and postings, copied into a new pool; long gone features leave the dictionary. */
  function rewritten(renumbered: Int32Array): { pool: PostingPool; dictionary: Map<string, number> } {
    const next = createPostingPool()
    const nextDictionary = new Map<string, number>()
    const ordinals = new Int32Array(renumbered.length)
    const counts = new Int32Array(renumbered.length)
    const nextFrequencies = new Int32Array(Math.max(256, dictionary.size))
    for (const [feature, list] of dictionary) {
      if (frequencies[list] === 0) continue
      const nextList = next.open()
      nextDictionary.set(feature, nextList)
      nextFrequencies[nextList] = frequencies[list]!
      const length = pool.read(list, ordinals, counts)
      for (let i = 0; i < length; i++) {
        const ordinal = renumbered[ordinals[i]!]!
        if (ordinal >= 0) next.append(nextList, ordinal, counts[i]!)
      }
    }
    frequencies = nextFrequencies
    return { pool: next, dictionary: nextDictionary }
  }

  return {
    get documents() {
      return documents
    },
    get meanLength() {
      return documents === 0 ? 0 : totalLength / documents
    },
    get lengths() {
      return lengths
    },
    get bytes() {
      return pool.bytes + frequencies.byteLength + lengths.byteLength
    },
    add(ordinal, bag) {
      let length = 0
      for (const [feature, count] of bag) {
        const list = listOf(feature)
        pool.append(list, ordinal, count)
        frequencies[list] = frequencies[list]! + 1
        length += count
      }
      if (ordinal >= lengths.length) lengths = doubled(lengths, ordinal)
      lengths[ordinal] = length
      totalLength += length
      documents++
    },
    remove(ordinal, bag) {
      for (const feature of bag.keys()) {
        const list = dictionary.get(feature)!
        frequencies[list] = frequencies[list]! - 1
      }
      totalLength -= lengths[ordinal]!
      documents--
    },
    list(feature) {
      const list = dictionary.get(feature)
      return list === undefined || frequencies[list] === 0 ? -1 : list
    },
    frequency: (list) => frequencies[list]!,
    postings: (list) => pool.length(list),
    read: (list, ordinals, counts) => pool.read(list, ordinals, counts),
    renumber(renumbered) {
      ;({ pool, dictionary } = rewritten(renumbered))
      const next = new Int32Array(Math.max(256, renumbered.length))
      for (let i = 0; i < renumbered.length; i++) if (renumbered[i]! >= 0) next[renumbered[i]!] = lengths[i]!
      lengths = next
    },
  }
}

function doubled(column: Int32Array<ArrayBuffer>, index: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(index + 1, column.length * 2))
  next.set(column)
  return next
}
