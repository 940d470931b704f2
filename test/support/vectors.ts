/** Vectors from a seed: points around centres, as embeddings of texts on some topics are. */
import { bytesToDigest } from '../../src/core/base/hash.ts'
import type { Embedded } from '../../src/core/retrieval/vector-index.ts'

/** Fast chance for many numbers: mulberry32. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const numberedId = (n: number): Embedded['id'] => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytesToDigest(bytes)
}

export function unit(numbers: readonly number[]): Float32Array<ArrayBuffer> {
  const length = Math.hypot(...numbers)
  return Float32Array.from(numbers, (number) => number / length)
}

/** `count` vectors around `centres` points. */
export function clustered(
  seed: number,
  { count, dimension, centres }: { count: number; dimension: number; centres: number },
): Embedded[] {
  const next = numbersFrom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const middles = Array.from({ length: centres }, () => Array.from({ length: dimension }, normal))
  return Array.from({ length: count }, (_, n) => ({
    id: numberedId(n),
    vector: unit(middles[n % centres]!.map((number) => number + 0.7 * normal())),
  }))
}
