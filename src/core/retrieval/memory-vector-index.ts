/** Vectors in memory, compared one by one: the twin of the real index, for the core alone and for tests. */
import type { Digest } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { changeOf, closest, dot, isUnit } from './vector.ts'
import {
  type EmbeddingProgress,
  NEIGHBOURS_MAX,
  type Neighbours,
  NO_PROGRESS,
  VECTOR_DIMENSION_MAX,
  VECTOR_IDS_MAX,
  type VectorIndex,
  type VectorsOwner,
  type VectorsStatus,
} from './vector-index.ts'

type Vector = Float32Array<ArrayBuffer>

export function createMemoryVectorIndex(): VectorIndex {
  const vectors = new Map<Digest, Vector>()
  let owner: VectorsOwner | null = null
  let progress: EmbeddingProgress = NO_PROGRESS

  const checked = (vector: Vector): Failure | null => {
    const given = { model: owner?.model ?? '', dimension: vector.length }
    const isFitting = isUnit(vector) && vector.length <= VECTOR_DIMENSION_MAX
    if (!isFitting && (owner?.dimension ?? vector.length) === vector.length)
      return failure('EMBEDDINGS_FAILED', 'a vector without length, or of what is no number')
    return changeOf(owner ?? given, given)
  }

  const nearestOf = (ids: Iterable<Digest>, vector: Vector, count: number): Result<Neighbours, Failure> => {
    const wrong = checked(vector)
    if (wrong) return err(wrong)
    const found = [...ids].flatMap((id) => {
      const other = vectors.get(id)
      return other ? [{ id, cosine: dot(vector, other, 0) }] : []
    })
    const best = closest(found, Math.min(count, NEIGHBOURS_MAX))
    return ok({ ids: best.map(({ id }) => id), cosines: best.map(({ cosine }) => cosine), isComplete: true })
  }

  return {
    async open(wanted) {
      const changed = owner && changeOf(owner, wanted)
      if (changed) return err(changed)
      owner ??= wanted
      return ok(progress)
    },
    async reset(wanted) {
      vectors.clear()
      owner = wanted
      progress = NO_PROGRESS
      return ok(undefined)
    },
    async put(items, reached) {
      for (const { vector } of items) {
        const wrong = checked(vector)
        if (wrong) return err(wrong)
        owner = { model: owner?.model ?? '', dimension: vector.length }
      }
      for (const { id, vector } of items) vectors.set(id, vector)
      progress = reached
      return ok(undefined)
    },
    async remove(ids) {
      for (const id of ids) vectors.delete(id)
      return ok(undefined)
    },
    missing: async (ids) => ok(ids.filter((id) => !vectors.has(id))),
    async page(from) {
      const ids = [...vectors.keys()].slice(from, from + VECTOR_IDS_MAX)
      return ok({ ids, next: from + ids.length < vectors.size ? from + ids.length : null })
    },
    nearest: async (vector, count) => nearestOf(vectors.keys(), vector, count),
    scan: async (vector, ids, count) => nearestOf(new Set(ids), vector, count),
    get status(): VectorsStatus {
      return {
        model: owner?.model ?? '',
        dimension: owner?.dimension ?? null,
        vectors: vectors.size,
        unbuilt: 0,
        kind: 'exact',
        note: null,
        bytes: vectors.size * 4 * (owner?.dimension ?? 0),
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}
