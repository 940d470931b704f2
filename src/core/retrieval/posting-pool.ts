/**
 * Posting lists in shared pages of bytes. Each list is a chain of slices that double in size (Lucene's
 * ByteBlockPool), so that a list of one costs 8 bytes, appending is O(1) and never moves what is there, and no list
 * is an object of its own.
 *
 * A posting is `varint(gap << 1 | more)`, and `varint(count)` where `more` is 1 (the count is above 1). Gaps count
 * from the ordinal before; the first gap from −1. Invariant: ordinals of a list rise strictly.
 * A slice that is not the last ends with the 4-byte address of the next.
 */
import { assert } from '../base/assert.ts'
import type { Kept } from '../base/kept-columns.ts'
import { widened } from './growing.ts'

/** Bytes of a page: slices never cross pages, growth never copies, and an empty pool stays small. */
const PAGE_BITS = 16
const PAGE_BYTES = 1 << PAGE_BITS
const ADDRESS_BYTES = 4
/** Bytes of a list's first slice: half of all lists have one posting of two or three bytes. */
const SLICE_BYTES_MIN = 8
/** Slices double up to 2^10 × 8 = 8 KiB: the unused end of a long list stays below its tenth. */
const LEVEL_MAX = 10
/** Ordinals stay below this, so that `gap << 1` is a non-negative 32-bit integer. */
export const ORDINALS_MAX = 2 ** 30

export interface PostingPool extends Kept {
  /** How many lists there are: their numbers are 0 … lists − 1. */
  readonly lists: number
  /** Opens an empty list; returns its number. */
  open(): number
  append(list: number, ordinal: number, count: number): void
  /** Postings of a list. */
  length(list: number): number
  /** Stands before the first posting of a list. */
  cursor(list: number): PostingCursor
  /**
   * Moves the postings below the ordinal `before` to the buffer, as many as it holds; how many they are, 0 where none
   * is left below.
   */
  read(cursor: PostingCursor, before: number, into: PostingBuffer): number
  /** Bytes allocated. */
  readonly bytes: number
}

/** Where somebody reads in a list; of no use after an append to it. */
export interface PostingCursor {
  /** Ordinal of the posting that comes next; `ORDINALS_MAX` behind the last. */
  next: number
  /** Its count. */
  count: number
  /** Postings behind it. */
  left: number
  page: Uint8Array
  offset: number
  /** Where the slice at hand ends in its page. */
  end: number
  level: number
}

/** Postings on their way to whoever reads them; both of the same length. */
export interface PostingBuffer {
  readonly ordinals: Int32Array
  readonly counts: Int32Array
}

/** Room that stays in the cache of the processor. */
const BUFFER_POSTINGS = 1024
export const createPostingBuffer = (): PostingBuffer => ({
  ordinals: new Int32Array(BUFFER_POSTINGS),
  counts: new Int32Array(BUFFER_POSTINGS),
})

export function createPostingPool(): PostingPool {
  const pages: Uint8Array[] = []
  let pageUsed = PAGE_BYTES
  let lists = 0
  let heads = new Uint32Array(0)
  let tails = new Uint32Array(0)
  let ends = new Uint32Array(0)
  let levels = new Uint8Array(0)
  let lengths = new Int32Array(0)
  let lasts = new Int32Array(0)

  function reserve(level: number): number {
    const size = SLICE_BYTES_MIN << level
    if (pageUsed + size > PAGE_BYTES) {
      pages.push(new Uint8Array(PAGE_BYTES))
      pageUsed = 0
    }
    const address = (pages.length - 1) * PAGE_BYTES + pageUsed
    pageUsed += size
    return address
  }

  /** Makes room for one more list. */
  function grow(): void {
    heads = widened(heads, lists)
    tails = widened(tails, lists)
    ends = widened(ends, lists)
    levels = widened(levels, lists)
    lengths = widened(lengths, lists)
    lasts = widened(lasts, lists)
  }

  function writeByte(list: number, byte: number): void {
    if (tails[list] === ends[list]) chain(list)
    const at = tails[list]!
    pages[at >>> PAGE_BITS]![at & (PAGE_BYTES - 1)] = byte
    tails[list] = at + 1
  }

  function writeVarint(list: number, value: number): void {
    let rest = value
    while (rest > 127) {
      writeByte(list, (rest & 127) | 128)
      rest >>>= 7
    }
    writeByte(list, rest)
  }

  /** Puts a new slice behind a full one. */
  function chain(list: number): void {
    const level = Math.min(LEVEL_MAX, levels[list]! + 1)
    const next = reserve(level)
    const end = ends[list]!
    const page = pages[end >>> PAGE_BITS]!
    for (let i = 0; i < ADDRESS_BYTES; i++) page[(end & (PAGE_BYTES - 1)) + i] = (next >>> (8 * i)) & 255
    levels[list] = level
    tails[list] = next
    ends[list] = next + (SLICE_BYTES_MIN << level) - ADDRESS_BYTES
  }

  return {
    get lists() {
      return lists
    },
    get bytes() {
      const columns = [heads, tails, ends, levels, lengths, lasts]
      return columns.reduce((sum, { byteLength }) => sum + byteLength, pages.length * PAGE_BYTES)
    },
    open() {
      grow()
      const head = reserve(0)
      heads[lists] = head
      tails[lists] = head
      ends[lists] = head + SLICE_BYTES_MIN - ADDRESS_BYTES
      lasts[lists] = -1
      return lists++
    },
    append(list, ordinal, count) {
      const gap = ordinal - lasts[list]!
      assert(gap > 0 && ordinal < ORDINALS_MAX, 'ordinals of a posting list rise')
      writeVarint(list, count > 1 ? (gap << 1) | 1 : gap << 1)
      if (count > 1) writeVarint(list, count)
      lasts[list] = ordinal
      lengths[list] = lengths[list]! + 1
    },
    length(list) {
      return lengths[list]!
    },
    cursor(list) {
      const page = pages[heads[list]! >>> PAGE_BITS]!
      const offset = heads[list]! & (PAGE_BYTES - 1)
      const end = offset + SLICE_BYTES_MIN - ADDRESS_BYTES
      const cursor = { next: -1, count: 0, left: lengths[list]!, page, offset, end, level: 0 }
      advance(cursor)
      return cursor
    },
    read(cursor, before, { ordinals, counts }) {
      let filled = 0
      while (cursor.next < before && filled < ordinals.length) {
        ordinals[filled] = cursor.next
        counts[filled++] = cursor.count
        // Nearly all that follow are one byte that stands in the same slice.
        const { page, end } = cursor
        let { offset, left, next } = cursor
        for (; left > 0 && offset < end && filled < ordinals.length; left--) {
          const byte = page[offset]!
          if ((byte & 129) !== 0 || next + (byte >>> 1) >= before) break
          offset++
          next += byte >>> 1
          ordinals[filled] = next
          counts[filled++] = 1
        }
        cursor.offset = offset
        cursor.left = left
        cursor.next = next
        advance(cursor)
      }
      return filled
    },
    *save() {
      yield Float64Array.of(lists, pageUsed, pages.length)
      for (const column of [heads, tails, ends, levels, lengths, lasts]) yield column.subarray(0, lists)
      yield* pages
    },
    async load(from) {
      const [savedLists = 0, savedUsed = 0, savedPages = 0] = await from.next(Float64Array)
      heads = await from.growing(Uint32Array)
      tails = await from.growing(Uint32Array)
      ends = await from.growing(Uint32Array)
      levels = await from.growing(Uint8Array)
      lengths = await from.growing(Int32Array)
      lasts = await from.growing(Int32Array)
      lists = savedLists
      pageUsed = savedUsed
      for (let i = 0; i < savedPages; i++) pages.push(await from.next(Uint8Array))
    },
  }

  /** Takes the next posting apart. */
  function advance(cursor: PostingCursor): void {
    if (cursor.left === 0) {
      cursor.next = ORDINALS_MAX
      return
    }
    cursor.left--
    const gap = readVarint(cursor)
    cursor.next += gap >>> 1
    cursor.count = (gap & 1) === 1 ? readVarint(cursor) : 1
  }

  function readVarint(cursor: PostingCursor): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (cursor.offset === cursor.end) hop(cursor)
      const byte = cursor.page[cursor.offset++]!
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }

  /** Goes on where the slice at hand says. */
  function hop(cursor: PostingCursor): void {
    const { page, end } = cursor
    const at = page[end]! | (page[end + 1]! << 8) | (page[end + 2]! << 16) | (page[end + 3]! << 24)
    cursor.level = Math.min(LEVEL_MAX, cursor.level + 1)
    cursor.page = pages[at >>> PAGE_BITS]!
    cursor.offset = at & (PAGE_BYTES - 1)
    cursor.end = cursor.offset + (SLICE_BYTES_MIN << cursor.level) - ADDRESS_BYTES
  }
}
