/**
 * Columns: numbers and records of bytes by index, in typed arrays outside of the garbage collector's heap. A column
 * grows by whole chunks that are never copied, so growing needs no room for two of them; only the first chunk, small
 * for the many columns that stay small, doubles until it is one.
 */

/** Records of one chunk: growing by a chunk costs little next to what is there. */
const CHUNK_BITS = 14
const CHUNK_RECORDS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_RECORDS - 1
/** Records of the first chunk at first. */
const FIRST_RECORDS = 16

type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** Unsigned integers by index; 0 where none was set. */
export interface Column {
  get(index: number): number
  set(index: number, value: number): void
}

/** Records of `width` bytes by index; one that is read must have been set. */
export interface ByteColumn {
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
  }
}

/** Four bytes as an unsigned integer, little-endian. */
export function readWord(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
}

const createChunks = <T extends Numbers>(width: number, allocate: (length: number) => T): T[] => [
  allocate(FIRST_RECORDS * width),
]

/** The chunk of an index, grown or added where it is lacking. */
function chunkFor<T extends Numbers>(
  chunks: T[],
  index: number,
  width: number,
  allocate: (length: number) => T,
): T {
  const number = index >>> CHUNK_BITS
  const chunk = chunks[number]
  if (chunk && (index & CHUNK_MASK) * width < chunk.length) return chunk
  const first = chunks[0] as T
  let records = first.length / width
  while (records < CHUNK_RECORDS && records <= index) records *= 2
  if (records * width > first.length) {
    const grown = allocate(records * width)
    grown.set(first)
    chunks[0] = grown
  }
  while (chunks.length <= number) chunks.push(allocate(CHUNK_RECORDS * width))
  return chunks[number] as T
}
