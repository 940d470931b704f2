/**
 * An `Embedder` by a provider that speaks OpenAI's `/embeddings`. The operator names where it is, so it may be anywhere, this
 * machine included; but nothing is followed from there (no redirect), the key goes to that place alone, and what comes back is
 * bounded and checked number by number.
 *
 * Texts go in batches. A call that fails in passing (429, 5xx, no answer) is repeated after a pause that grows; where calls go
 * on failing the provider is left alone for a while, and asked again with one call. A batch that is refused is sent again in
 * halves by whoever knows which texts matter (`embedding-feed.ts`), not here.
 */
import { Agent, type buildConnector, request } from 'undici'
import type { Clock, Random } from '../../core/base/ports.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import type { Embedder, EmbeddingPurpose } from '../../core/retrieval/embedder.ts'
import { orAborted } from '../safe-fetch.ts'
import { readVectors, toBody } from './embeddings-wire.ts'

export interface HttpEmbedderOptions {
  /** Base URL, as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`; `/embeddings` is added. */
  readonly url: string
  readonly model: string
  /** The key where the provider wants one; asked for at each call and kept nowhere. */
  readonly key: (() => string) | null
  readonly dimensions: number | null
  /** Texts of one call. */
  readonly batchTexts: number
  /** Characters of a text that are sent; what stands behind them does not count. */
  readonly textChars: number
  /** What stands before a text of either kind, for models that want to be told which it is. */
  readonly documentPrefix: string
  readonly queryPrefix: string
  /** Milliseconds for one call of a batch. Default `CALL_TIMEOUT_MS`. */
  readonly timeoutMs?: number
}

export interface HttpEmbedderDeps {
  readonly clock: Clock
  readonly random: Random
  /** How a connection is made, for tests. */
  readonly connect?: buildConnector.connector
}

export interface HttpEmbedder extends Embedder, AsyncDisposable {}

/** Milliseconds for one call: a laptop that embeds 32 pages by itself takes half of it. */
export const CALL_TIMEOUT_MS = 60_000
/** Characters of one call: 64 texts of some pages; providers take 300,000 tokens at most. */
export const BATCH_CHARS_MAX = 128_000
/** Bytes of a reply: 256 vectors of 8,192 numbers at 16 characters each. */
export const REPLY_BYTES_MAX = 32 * 1024 * 1024
/** Bytes of reply headers. */
const HEADER_BYTES_MAX = 16 * 1024
/** Tries of one call of a batch; a question is asked once and repeated once. */
const TRIES = { document: 4, query: 2 } as const satisfies Record<EmbeddingPurpose, number>
/** The first pause before another try, doubled each time; and the longest that a provider may ask for. */
const PAUSE_MS = { document: 500, query: 50 } as const satisfies Record<EmbeddingPurpose, number>
export const PAUSE_MS_MAX = 60_000
/** Calls that fail in a row until the provider is left alone, for how long at first, and at most. */
export const FAILURES_MAX = 3
export const COOL_DOWN_MS = 10_000
export const COOL_DOWN_MS_MAX = 10 * 60_000
/** A provider that does not accept a connection by then is not there. */
const CONNECT_TIMEOUT_MS = 5_000
/** Calls under way at a time: a batch, and questions of people who wait. */
const CONNECTIONS_MAX = 8
/** Answers that no repetition changes: the settings are wrong, or these very texts are. */
const STATUS_SETTINGS = new Set([401, 403, 404])
const STATUS_REFUSED = new Set([400, 413, 422])

/** What one try came to. */
type Tried =
  | { readonly kind: 'done'; readonly vectors: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly pauseMs?: number; readonly isFinal?: true }
  | { readonly kind: 'refused'; readonly failure: Failure }

export function createHttpEmbedder(options: HttpEmbedderOptions, deps: HttpEmbedderDeps): HttpEmbedder {
  const { url, model, key, dimensions, batchTexts, textChars, documentPrefix, queryPrefix } = options
  const { clock, random } = deps
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: deps.connect ?? { timeout: CONNECT_TIMEOUT_MS },
  })
  const target = `${url.replace(/\/+$/, '')}/embeddings`
  const prefixes = { document: documentPrefix, query: queryPrefix }
  let failures = 0
  let coolMs = COOL_DOWN_MS
  let coolUntilMs = Number.NEGATIVE_INFINITY
  let problem: Failure | null = null

  const tryOnce = async (texts: readonly string[], leftMs: number, signal?: AbortSignal): Promise<Tried> => {
    const call = { model, texts, dimension: dimensions }
    const timeoutMs = Math.max(1, Math.ceil(leftMs))
    const timeout = AbortSignal.timeout(timeoutMs)
    const ending = signal ? AbortSignal.any([signal, timeout]) : timeout
    try {
      const sent = request(target, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'spore',
          ...(key && { authorization: `Bearer ${key()}` }),
        },
        body: toBody(call),
        signal: ending,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      // The client minds the signal only from the moment it is connected.
      const reply = await orAborted(sent, ending)
      const body = await readBounded(reply.body)
      if (reply.statusCode !== 200)
        return ofStatus(reply.statusCode, retryAfterOf(reply.headers['retry-after']))
      if (body === null) return failed(`the reply has more than ${REPLY_BYTES_MAX} bytes`)
      const vectors = readVectors(body, call)
      if (!vectors.ok) return failed(vectors.error)
      return { kind: 'done', vectors: vectors.value }
    } catch (error) {
      if (timeout.aborted)
        return {
          kind: 'failed',
          failure: failure('EMBEDDINGS_TIMEOUT', `no answer in ${timeoutMs} ms`),
        }
      const { code } = (error ?? {}) as { code?: unknown }
      return failed(signal?.aborted ? 'given up' : typeof code === 'string' ? code : 'no answer')
    }
  }

  /** A batch, with its repetitions. */
  const call = async (
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    endMs: number,
    signal?: AbortSignal,
  ): Promise<Result<readonly Float32Array<ArrayBuffer>[], Failure>> => {
    for (let tries = 1; ; tries++) {
      const leftMs = Math.min(endMs - clock.now(), options.timeoutMs ?? CALL_TIMEOUT_MS)
      const tried = await tryOnce(texts, leftMs, signal)
      if (tried.kind === 'done') {
        failures = 0
        coolMs = COOL_DOWN_MS
        problem = null
        return ok(tried.vectors)
      }
      if (tried.kind === 'refused') return err(tried.failure)
      const backOffMs = PAUSE_MS[purpose] * 2 ** (tries - 1) * (0.5 + random.float())
      const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(backOffMs, tried.pauseMs ?? 0))
      const isOver = clock.now() + pauseMs >= endMs
      if (signal?.aborted) return err(tried.failure)
      if (tries >= TRIES[purpose] || tried.isFinal || isOver) return err(noteFailure(tried))
      await clock.sleep(pauseMs, signal)
    }
  }

  const noteFailure = ({
    failure: found,
    pauseMs = 0,
    isFinal,
  }: Extract<Tried, { kind: 'failed' }>): Failure => {
    problem = found
    failures++
    if (failures < FAILURES_MAX && !isFinal) return found
    coolUntilMs = clock.now() + Math.max(coolMs, Math.min(pauseMs, COOL_DOWN_MS_MAX))
    coolMs = Math.min(2 * coolMs, COOL_DOWN_MS_MAX)
    return { ...found, retryAfterSeconds: leftSeconds() }
  }

  const leftSeconds = (): number => Math.max(1, Math.ceil((coolUntilMs - clock.now()) / 1000))

  return {
    // A text with another prefix has another vector: such vectors are not compared with one another.
    model: documentPrefix === '' ? model : `${model} after "${documentPrefix}"`,
    dimension: dimensions,
    batch: { texts: batchTexts, chars: BATCH_CHARS_MAX },
    textChars,
    async embed(texts, { purpose, timeoutMs, signal }) {
      // One call at the end of the pause tells whether it answers again.
      if (problem && clock.now() < coolUntilMs) {
        const detail = `left alone after failures, the last one: ${problem.detail}`
        return err({ ...failure(problem.code, detail), retryAfterSeconds: leftSeconds() })
      }
      const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeoutMs
      const sent = texts.map((text) => prefixes[purpose] + cut(text, textChars))
      const vectors: Float32Array<ArrayBuffer>[] = []
      for (const batch of batches(sent, batchTexts)) {
        const found = await call(batch, purpose, endMs, signal)
        if (!found.ok) return found
        vectors.push(...found.value)
      }
      return ok(vectors)
    },
    get problem() {
      return problem && { code: problem.code, detail: problem.detail }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

const failed = (detail: string): Tried => ({ kind: 'failed', failure: failure('EMBEDDINGS_FAILED', detail) })

function ofStatus(status: number, retryAfterMs: number): Tried {
  const detail = `the provider answered with status ${status}`
  if (STATUS_REFUSED.has(status)) return { kind: 'refused', failure: failure('EMBEDDINGS_REFUSED', detail) }
  const found = failure(
    'EMBEDDINGS_FAILED',
    STATUS_SETTINGS.has(status) ? `${detail}: look at embeddings.* and SPORE_EMBEDDINGS_KEY` : detail,
  )
  const isPassing = status === 408 || status === 425 || status === 429 || status >= 500
  return {
    kind: 'failed',
    failure: found,
    pauseMs: retryAfterMs,
    ...(!isPassing && { isFinal: true as const }),
  }
}

/** Milliseconds that a `Retry-After` asks for, in its form of seconds; 0 for none. */
function retryAfterOf(value: string | string[] | undefined): number {
  const seconds = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : 0
  return seconds * 1000
}

/** The body's text; null where it is too long. */
async function readBounded(stream: AsyncIterable<Uint8Array>): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop destroys the stream, and with it the connection.
  for await (const chunk of stream) {
    size += chunk.length
    if (size > REPLY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const cut = (text: string, chars: number): string =>
  text.length <= chars ? text : text.slice(0, chars).toWellFormed()

/** Texts in their order, so many at a time and with so many characters in all. */
function* batches(texts: readonly string[], count: number): Generator<readonly string[]> {
  let batch: string[] = []
  let chars = 0
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= count || chars + text.length > BATCH_CHARS_MAX)) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(text)
    chars += text.length
  }
  if (batch.length > 0) yield batch
}
