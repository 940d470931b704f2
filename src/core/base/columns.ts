/**
 * Columns: numbers and records of bytes by index, in typed arrays outside of the garbage collector's heap. A column
 * grows by whole chunks that are never copied, so growing needs no room for two of them, and a chunk in which nothing
 * was set costs nothing. Only the first chunk, small for the many columns that stay small, doubles until it is one.
 */

import type { Kept } from './kept-columns.ts'

/** Records of one chunk: growing by a chunk costs little next to what is there. */
const CHUNK_BITS = 14
const CHUNK_RECORDS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_RECORDS - 1
/** Records of the first chunk at first. */
const FIRST_RECORDS = 16

/** By the number of the chunk; those in which nothing was set may be lacking. */
type Chunks<T> = (T | undefined)[]
type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** Unsigned integers by index; 0 where none was set. */
export interface Column {
  get(index: number): number
  set(index: number, value: number): void
}

/** Records of `width` bytes by index; one that is read must have been set. */
export interface ByteColumn extends Kept {
  set(index: number, record: Uint8Array): void
  /** A copy of a record. */
  get(index: number): Uint8Array
  equals(index: number, record: Uint8Array): boolean
  /** The 32 bits at byte `at` of a record, little-endian. */
  word(index: number, at: number): number
}

export const createByteNumbers = (): Column => createColumn((length) => new Uint8Array(length))
export const createShortNumbers = (): Column => createColumn((length) => new Uint16Array(length))
export const createNumbers = (): Column => createColumn((length) => new Uint32Array(length))

function createColumn(allocate: (length: number) => Numbers): Column {
  const chunks = createChunks(1, allocate)
  return {
    get: (index) => chunks[index >>> CHUNK_BITS]?.[index & CHUNK_MASK] ?? 0,
    set(index, value) {
      chunkFor(chunks, index, 1, allocate)[index & CHUNK_MASK] = value
    },
  }
}

export function createByteColumn(width: number): ByteColumn {
  const allocate = (length: number) => new Uint8Array(length)
  const chunks = createChunks(width, allocate)
  const chunkOf = (index: number): Uint8Array => chunks[index >>> CHUNK_BITS] as Uint8Array
  const startOf = (index: number): number => (index & CHUNK_MASK) * width
  return {
    set: (index, record) => chunkFor(chunks, index, width, allocate).set(record, startOf(index)),
    get: (index) => chunkOf(index).slice(startOf(index), startOf(index) + width),
    equals(index, record) {
      const chunk = chunkOf(index)
      const start = startOf(index)
      for (let i = 0; i < width; i++) if (chunk[start + i] !== record[i]) return false
      return true
    },
    word: (index, at) => readWord(chunkOf(index), startOf(index) + at),
    *save() {
      yield Uint32Array.of(chunks.length)
      for (const chunk of chunks) yield chunk ?? new Uint8Array(0)
    },
    async load(from) {
      const [length = 0] = await from.next(Uint32Array)
      chunks.length = 0
      for (let number = 0; number < length; number++) {
        const chunk = await from.next(Uint8Array)
        chunks.push(chunk.length === 0 ? undefined : chunk)
      }
    },
  }
}

/** Four bytes as an unsigned integer, little-endian. */
export function readWord(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
}

const createChunks = <T extends Numbers>(width: number, allocate: (length: number) => T): Chunks<T> => [
  allocate(FIRST_RECORDS * width),
]

/** The chunk of an index, grown or added where it is lacking. */
function chunkFor<T extends Numbers>(
  chunks: Chunks<T>,
  index: number,
  width: number,
  allocate: (length: number) => T,
): T {
  const number = index >>> CHUNK_BITS
  const known = chunks[number]
  if (known && (index & CHUNK_MASK) * width < known.length) return known
  const chunk = known ? grown(known, (index + 1) * width, allocate) : allocate(CHUNK_RECORDS * width)
  chunks[number] = chunk
  return chunk
}

/** A copy of the first chunk with room for `length`. */
function grown<T extends Numbers>(chunk: T, length: number, allocate: (length: number) => T): T {
  let size = chunk.length
  while (size < length) size *= 2
  const larger = allocate(size)
  larger.set(chunk)
  release(chunk)
  return larger
}

/** Gives the memory of an array back at once: the garbage collector would come for it late, for it sees but a handle. */
export function release(array: { readonly buffer: ArrayBuffer }): void {
  array.buffer.transfer(0)
}
