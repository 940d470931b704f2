/**
 * VectorIndex: the port to where vectors are kept and compared. `test/contract/vector-index.ts` is the suite that every
 * adapter passes.
 *
 * It keeps vectors of one model and one dimension, one for each element, and what the feed had come to beside them: so
 * neither is ever ahead of the other. Cosine is what closeness means; all vectors have length 1.
 */
import type { Digest } from '../base/brand.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'

/** Numbers of a vector, at most: the longest of today have 8,192. */
export const VECTOR_DIMENSION_MAX = 8192
/** Neighbours of one call: a beam as wide takes ~10 ms at 100,000 vectors. */
export const NEIGHBOURS_MAX = 2048
/** Ids in one call of `missing`, `remove` and `scan`, and in one page of ids. */
export const VECTOR_IDS_MAX = 4096

export interface Embedded {
  readonly id: Digest
  readonly vector: Float32Array<ArrayBuffer>
}

/** Elements by closeness, the closest first; equal ones by id. */
export interface Neighbours {
  readonly ids: readonly Digest[]
  /** Cosines, −1 … 1. */
  readonly cosines: readonly number[]
  /** False where vectors were left out, for the graph is not built that far yet. */
  readonly isComplete: boolean
}

/** What the feed has come to: positions in the change feed, and what today's foreign texts have cost. */
export interface EmbeddingProgress {
  /** Every own entry up to this arrival has been looked at; and every foreign one up to the other. */
  readonly own: number
  readonly foreign: number
  /** Days since the Unix epoch, and characters of foreign texts that were sent on that day. */
  readonly day: number
  readonly spentChars: number
}

export const NO_PROGRESS: EmbeddingProgress = { own: 0, foreign: 0, day: 0, spentChars: 0 }

export interface VectorsOwner {
  readonly model: string
  /** Null until the first vector is there. */
  readonly dimension: number | null
}

export interface VectorsStatus extends VectorsOwner {
  readonly vectors: number
  /** Vectors that the graph does not have yet; they are compared one by one. */
  readonly unbuilt: number
  readonly kind: 'exact' | 'hnsw'
  /** What an operator should know: that the graph's package is missing, that a file was damaged. */
  readonly note: string | null
  readonly bytes: number
}

export interface VectorIndex extends AsyncDisposable {
  /**
   * Opens what is kept, before any other call. Failures: EMBEDDINGS_CHANGED where it is of another model or dimension,
   * VECTORS_UNREADABLE; `reset` is the way out of both.
   */
  open(owner: VectorsOwner): Promise<Result<EmbeddingProgress, Failure>>
  /** Drops everything, on disk too, and begins anew. */
  reset(owner: VectorsOwner): Promise<Result<void, Failure>>
  /**
   * Keeps vectors, and then what the feed has come to; durable when it resolves. An id that is there gets another vector.
   * Failure EMBEDDINGS_CHANGED for another dimension than the one that is kept.
   */
  put(items: readonly Embedded[], progress: EmbeddingProgress): Promise<Result<void, Failure>>
  /**
   * Forgets vectors; unknown ids are no error. With `isPurge` it resolves when nothing of them can be read in the files, of
   * those either that were removed before.
   */
  remove(ids: readonly Digest[], isPurge: boolean): Promise<Result<void, Failure>>
  /** Those of `ids` that have no vector, in their order. */
  missing(ids: readonly Digest[]): Promise<Result<readonly Digest[], Failure>>
  /** Some of the ids that have a vector, and where to go on; null at the end. `from` begins at 0. */
  page(
    from: number,
  ): Promise<Result<{ readonly ids: readonly Digest[]; readonly next: number | null }, Failure>>
  /** The closest `count`, at most `NEIGHBOURS_MAX`, of all. */
  nearest(vector: Float32Array<ArrayBuffer>, count: number): Promise<Result<Neighbours, Failure>>
  /** The closest `count` of `ids`, compared one by one. */
  scan(
    vector: Float32Array<ArrayBuffer>,
    ids: readonly Digest[],
    count: number,
  ): Promise<Result<Neighbours, Failure>>
  /** As the last call left it. */
  readonly status: VectorsStatus
}
