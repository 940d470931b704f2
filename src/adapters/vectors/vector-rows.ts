/** Vectors by slot, for comparing: in memory while they are few or a graph is made of them, else read from their file. */
import { dot } from '../../core/retrieval/vector.ts'
import type { VectorFile } from './vector-file.ts'

export interface VectorRows {
  /** They are in memory. */
  readonly isKept: boolean
  set(slot: number, vector: Float32Array): void
  erase(slot: number): void
  /** A vector, until the next call. */
  get(slot: number): Float32Array
  cosine(slot: number, vector: Float32Array): number
  /** Reads the vectors of these slots into memory, where they have room there. */
  keep(slots: Iterable<number>): void
  /** Reads from the file from now on. */
  drop(): void
  readonly bytes: number
}

/** Vectors in one piece of memory. */
const ROWS = 1024
/** Bytes that are kept: 100,000 vectors of 1,024 numbers. Beyond, reading each from the file takes 3 µs more. */
export const ROWS_BYTES_MAX = 512 * 1024 * 1024

/** `file` is null where everything is in memory, and then `dimension` says how long a vector is. */
export function createVectorRows(
  file: VectorFile | null,
  dimension = file?.owner.dimension ?? 0,
): VectorRows {
  let pieces: (Float32Array | undefined)[] | null = []
  const scratch = new Float32Array(dimension)

  const hasRoom = (count: number): boolean => file === null || count * dimension * 4 <= ROWS_BYTES_MAX
  const piecesBytes = (): number => (pieces?.filter((piece) => piece).length ?? 0) * ROWS * dimension * 4

  const place = (slot: number, vector: Float32Array): void => {
    if (!pieces) return
    const number = Math.floor(slot / ROWS)
    if (!pieces[number] && file && piecesBytes() + ROWS * dimension * 4 > ROWS_BYTES_MAX) {
      pieces = null
      return
    }
    pieces[number] ??= new Float32Array(ROWS * dimension)
    pieces[number].set(vector, (slot % ROWS) * dimension)
  }

  return {
    get isKept() {
      return pieces !== null
    },
    set: place,
    erase(slot) {
      pieces?.[Math.floor(slot / ROWS)]?.fill(0, (slot % ROWS) * dimension, ((slot % ROWS) + 1) * dimension)
    },
    get(slot) {
      const piece = pieces?.[Math.floor(slot / ROWS)]
      if (piece) return piece.subarray((slot % ROWS) * dimension, ((slot % ROWS) + 1) * dimension)
      file?.read(slot, scratch)
      return scratch
    },
    cosine(slot, vector) {
      const piece = pieces?.[Math.floor(slot / ROWS)]
      if (piece) return dot(vector, piece, (slot % ROWS) * dimension)
      file?.read(slot, scratch)
      return dot(vector, scratch, 0)
    },
    keep(slots) {
      const wanted = [...slots]
      if (!file || !hasRoom(wanted.length)) return
      pieces = []
      for (const slot of wanted) {
        file.read(slot, scratch)
        place(slot, scratch)
        if (!pieces) return
      }
    },
    drop() {
      if (file) pieces = null
    },
    get bytes() {
      return piecesBytes()
    },
  }
}
