/**
 * Embedder: the port to whatever turns texts into vectors. Texts that mean the same come out close to one another,
 * whatever words they use; that is what the words' index cannot find.
 */
import type { Result } from '../base/result.ts'
import type { ErrorCode, Failure } from '../protocol/errors.ts'

/** What a text is embedded for: some models want to be told. */
export type EmbeddingPurpose = 'query' | 'document'

export interface EmbedOptions {
  readonly purpose: EmbeddingPurpose
  /** Milliseconds for all of it, retries too; the adapter's own patience unless given. */
  readonly timeoutMs?: number
  /** Ends the work early; what is under way then fails with EMBEDDINGS_FAILED. */
  readonly signal?: AbortSignal
}

export interface Embedder {
  /** What vectors are kept under: the model, and whatever else changes what it makes of a stored text. */
  readonly model: string
  /** Numbers of a vector, where that was asked for; null where the model decides. */
  readonly dimension: number | null
  /** Texts, and characters of them, that are worth one call. */
  readonly batch: { readonly texts: number; readonly chars: number }
  /** Characters of one text that are read; what stands behind them does not count. */
  readonly textChars: number
  /**
   * One vector of length 1 for each text, in their order, all of the same dimension. Failures: EMBEDDINGS_FAILED where the
   * provider does not answer as it should, with `retryAfterSeconds` while it is left alone; EMBEDDINGS_TIMEOUT;
   * EMBEDDINGS_REFUSED where it answers and refuses these very texts.
   */
  embed(
    texts: readonly string[],
    options: EmbedOptions,
  ): Promise<Result<readonly Float32Array<ArrayBuffer>[], Failure>>
  /** The last failure of the provider that no success followed; without anything secret. */
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null
}
