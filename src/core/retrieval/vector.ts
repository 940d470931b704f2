/** What all that handles vectors has in common: how close two are, and whose they are. */
import type { Digest } from '../base/brand.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { VectorsOwner } from './vector-index.ts'

/** How far the length of a vector may be from 1: what sums of thousands of 32-bit floats are off by, and much more. */
const LENGTH_TOLERANCE = 1e-2

/** The scalar product of `a` with as many numbers of `all` from `at` on: the cosine where both have length 1. */
export function dot(a: Float32Array, all: Float32Array, at: number): number {
  // Four sums at a time: the processor need not wait for one before it begins the next.
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  const { length } = a
  const end = length - (length % 4)
  let i = 0
  for (; i < end; i += 4) {
    first += a[i]! * all[at + i]!
    second += a[i + 1]! * all[at + i + 1]!
    third += a[i + 2]! * all[at + i + 2]!
    fourth += a[i + 3]! * all[at + i + 3]!
  }
  for (; i < length; i++) first += a[i]! * all[at + i]!
  return first + second + third + fourth
}

/** The vector of length 1 in the same direction; null where it has none, or holds what is no number. */
export function normalised(numbers: readonly unknown[]): Float32Array<ArrayBuffer> | null {
  const vector = new Float32Array(numbers.length)
  let squares = 0
  for (const [i, number] of numbers.entries()) {
    if (typeof number !== 'number' || !Number.isFinite(number)) return null
    vector[i] = number
    squares += number * number
  }
  const length = Math.sqrt(squares)
  if (!(length > 0) || !Number.isFinite(length)) return null
  // Divided once more as the numbers that they are now: tiny ones lose digits.
  for (const [i, number] of numbers.entries()) vector[i] = (number as number) / length
  return isUnit(vector) ? vector : null
}

/** Whether a vector has length 1, and so no number that is none. */
export function isUnit(vector: Float32Array): boolean {
  return Math.abs(dot(vector, vector, 0) - 1) <= LENGTH_TOLERANCE
}

/** An element by how close it is. */
export interface Found {
  readonly id: Digest
  readonly cosine: number
}

/** Whether one of two comes first; equal ones by id, so that every index lists them alike. */
export const isCloser = (a: Found, b: Found): boolean =>
  a.cosine === b.cosine ? a.id < b.id : a.cosine > b.cosine

/** The closest `count` of what was found in several places, each once. */
export function closest(found: Iterable<Found>, count: number): Found[] {
  const byId = new Map<Digest, Found>()
  for (const one of found) byId.set(one.id, one)
  return [...byId.values()].sort((a, b) => (isCloser(a, b) ? -1 : 1)).slice(0, count)
}

/** What is wrong where vectors of `kept` are asked for as those of `wanted`; null for nothing. */
export function changeOf(kept: VectorsOwner, wanted: VectorsOwner): Failure | null {
  const isSameModel = kept.model === wanted.model
  const isSameDimension =
    kept.dimension === null || wanted.dimension === null || kept.dimension === wanted.dimension
  if (isSameModel && isSameDimension) return null
  const named = ({ model, dimension }: VectorsOwner) =>
    dimension === null ? `"${model}"` : `"${model}" (${dimension} numbers)`
  return failure(
    'EMBEDDINGS_CHANGED',
    `the stored vectors are of ${named(kept)}, not of ${named(wanted)}: "spore reindex" drops them and embeds everything again`,
  )
}
