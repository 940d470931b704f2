/**
 * The length of a document in one byte, for choosing what is worth scoring (Lucene's SmallFloat): exact below 128 terms,
 * within an eighth above. A million documents fit the processor's cache then.
 */

/** The class of what is not there any more. */
export const NO_LENGTH = 0
export const LENGTH_CLASSES = 256

/** Lengths below this have a class of their own. */
const EXACT_BITS = 7
const STEP_BITS = 3

/** 1 … 255; what is longer than 4 million terms is in the last one. */
export function lengthClass(length: number): number {
  if (length < 1 << EXACT_BITS) return 1 + length
  const octave = 31 - Math.clz32(length)
  const step = (length >>> (octave - STEP_BITS)) & ((1 << STEP_BITS) - 1)
  return Math.min(LENGTH_CLASSES - 1, 1 + (1 << EXACT_BITS) + ((octave - EXACT_BITS) << STEP_BITS) + step)
}

/** The least length of a class. */
export function lengthOfClass(number: number): number {
  const above = number - 1 - (1 << EXACT_BITS)
  if (above < 0) return Math.max(0, number - 1)
  const steps = (1 << STEP_BITS) + (above & ((1 << STEP_BITS) - 1))
  return steps * 2 ** ((above >>> STEP_BITS) + EXACT_BITS - STEP_BITS)
}
