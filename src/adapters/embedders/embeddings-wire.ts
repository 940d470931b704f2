/**
 * `POST <url>/embeddings` as OpenAI specifies it, and Ollama, llama.cpp, vLLM and others understand it: what is sent, and what
 * may come back. Pure; the call is in `http-embedder.ts`.
 */
import { err, ok, type Result } from '../../core/base/result.ts'
import { normalised } from '../../core/retrieval/vector.ts'
import { VECTOR_DIMENSION_MAX } from '../../core/retrieval/vector-index.ts'

export interface EmbeddingsCall {
  readonly model: string
  readonly texts: readonly string[]
  /** Numbers of a vector that are asked for; null leaves that to the model. */
  readonly dimension: number | null
}

export function toBody({ model, texts, dimension }: EmbeddingsCall): string {
  return JSON.stringify({
    model,
    input: texts,
    encoding_format: 'float',
    ...(dimension !== null && { dimensions: dimension }),
  })
}

/**
 * The vectors of a reply in the order of the texts, each of length 1. The error says what is wrong with it, in words that hold
 * nothing of the reply: it is whatever a provider, or what stands between, chose to send.
 */
export function readVectors(
  body: string,
  { texts, dimension }: EmbeddingsCall,
): Result<readonly Float32Array<ArrayBuffer>[], string> {
  const rows = (parse(body) as { data?: unknown } | null)?.data
  if (!Array.isArray(rows)) return err('the reply is not a list of embeddings')
  if (rows.length !== texts.length)
    return err(`the reply has ${rows.length} embeddings for ${texts.length} texts`)
  const vectors: (Float32Array<ArrayBuffer> | undefined)[] = texts.map(() => undefined)
  let length = dimension
  for (const row of rows) {
    const { index, embedding } = (row ?? {}) as { index?: unknown; embedding?: unknown }
    // By number, not by place: nothing says that they come in order.
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= texts.length)
      return err('an embedding is of no text that was sent')
    if (vectors[index as number]) return err('a text has two embeddings')
    if (!Array.isArray(embedding) || embedding.length === 0 || embedding.length > VECTOR_DIMENSION_MAX)
      return err('an embedding is not a list of numbers')
    length ??= embedding.length
    if (embedding.length !== length) return err(`an embedding has ${embedding.length} numbers, not ${length}`)
    const vector = normalised(embedding)
    if (!vector) return err('an embedding has no direction, or holds what is no number')
    vectors[index as number] = vector
  }
  return ok(vectors as Float32Array<ArrayBuffer>[])
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
