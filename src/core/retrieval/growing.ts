/**
 * Columns in one piece, for loops that read millions of numbers a second: unlike `base/columns.ts` an access is no call.
 * Growing copies; the old array is given back at once.
 */
import { release } from '../base/columns.ts'

type Numbers =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

const FIRST = 64
/** Growing by half wastes less than doubling, at one more copy for each doubling. */
const GROWTH = 1.5

/** A column with room for `index`: the same one, or a larger copy of it in whose place it is to be used from now on. */
export function widened<T extends Numbers>(column: T, index: number): T {
  if (index < column.length) return column
  const length = Math.max(FIRST, index + 1, Math.ceil(column.length * GROWTH))
  const next = new (column.constructor as new (length: number) => T)(length)
  next.set(column as never)
  release(column)
  return next
}
