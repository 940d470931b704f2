/**
 * A `LanguageModel` by a provider that speaks OpenAI's `/chat/completions`. The operator names where it is, so it may be anywhere,
 * this machine included; but nothing is followed from there (no redirect), the key goes to that place alone and never in the clear
 * over the internet, and what comes back is bounded in bytes, in time and in form.
 *
 * One `generate` is one call. Only where a provider refuses a field that can be left out, which costs nothing, is it asked again without;
 * it is then left out for good.
 */
import { type buildConnector, type Dispatcher, request as send } from 'undici'
import type { Clock } from '../../core/base/ports.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import {
  type CallOptions,
  type LanguageModel,
  type ModelFailure,
  type ModelReply,
  type ModelRequest,
  REPLY_TOKENS_MAX,
  REQUEST_CHARS_MAX,
} from '../../core/reasoning/language-model.ts'
import { orAborted } from '../safe-fetch.ts'
import {
  type ChatDialect,
  createChatReader,
  OPTIONAL_FIELDS,
  type OptionalField,
  ofStatus,
  refusedField,
  toBody,
} from './chat-wire.ts'
import { createEventStream } from './event-stream.ts'
import {
  createProviderAgent,
  fail,
  isKeyInTheOpen,
  ofException,
  type ProviderKey,
  readText,
  toHeaders,
} from './model-exchange.ts'
import { firstChatModel, listModels } from './model-list.ts'

export interface HttpModelOptions {
  /** As the operator knows it. */
  readonly name: string
  readonly family: string
  /** Base URL, as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`; `/chat/completions` is added. */
  readonly url: string
  /** The name by which the provider knows the model; null for the first of its list, which is asked for with the first call. */
  readonly model: string | null
  readonly key: ProviderKey
  readonly dialect: ChatDialect
}

export interface HttpModelDeps {
  readonly clock: Pick<Clock, 'now'>
  /** How a connection is made, for tests. */
  readonly connect?: buildConnector.connector
}

export interface HttpModel extends LanguageModel, AsyncDisposable {}

/** Bytes of a reply: 32,768 tokens, each in an event of 300 bytes of its own. */
export const MODEL_REPLY_BYTES_MAX = 10 * 1024 * 1024
/** Bytes of a reply that is an error: only its code is read. */
const ERROR_BYTES_MAX = 64 * 1024
/** Calls of one provider under way at a time; more wait, and their time runs. */
const CONNECTIONS_MAX = 16
/** The longest pause that a provider may ask for, in seconds: a day. */
export const RETRY_AFTER_SECONDS_MAX = 24 * 60 * 60

/** The reply headers that count, and how to get at the body. */
type Reply = Dispatcher.ResponseData

export function createHttpModel(options: HttpModelOptions, { clock, connect }: HttpModelDeps): HttpModel {
  const { name, family, url, model, key, dialect } = options
  const agent = createProviderAgent(CONNECTIONS_MAX, connect)
  const target = new URL(`${url.replace(/\/+$/, '')}/chat/completions`)
  const isOpenKey = isKeyInTheOpen(target, key)
  /** Of those that the server listed. */
  let listed: string | null = null
  const without = new Set<OptionalField>()

  const post = (body: string, isStream: boolean, timeoutMs: number, signal: AbortSignal): Promise<Reply> =>
    send(target, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...toHeaders(key, isStream ? 'text/event-stream, application/json' : 'application/json'),
      },
      body,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })

  const nameOf = async (signal: AbortSignal): Promise<Result<string, ModelFailure>> => {
    if (model ?? listed) return ok((model ?? listed) as string)
    const names = await listModels(url, key, signal, agent)
    if (!names.ok) return names
    listed = firstChatModel(names.value)
    return listed === null ? fail('MODEL_SETTINGS', NONE_LISTED, 'nothing') : ok(listed)
  }

  /** What one request comes to; a field that it was refused for. */
  const exchange = async (
    name: string,
    request: ModelRequest,
    timeoutMs: number,
    signal: AbortSignal,
    onText: CallOptions['onText'],
  ): Promise<Result<ModelReply, ModelFailure> | { readonly refused: OptionalField }> => {
    const isStream = onText !== undefined
    const body = toBody({ model: name, request, isStream, dialect, without })
    // The client minds the signal only from the moment it is connected.
    const reply = await orAborted(post(body, isStream, timeoutMs, signal), signal)
    if (reply.statusCode === 200) return readReply(reply, onText)
    const error = (await readText(reply, ERROR_BYTES_MAX)) ?? ''
    const refused = reply.statusCode === 400 || reply.statusCode === 422 ? refusedField(error, body) : null
    if (refused) return { refused }
    const found = ofStatus(reply.statusCode, error)
    const retryAfterSeconds = retryAfter(reply.headers, clock.now())
    return err(retryAfterSeconds === null ? found : { ...found, retryAfterSeconds })
  }

  return {
    name,
    family,
    async generate(request, { timeoutMs, signal, onText }) {
      const wrong = isOpenKey ? 'the key is not sent over the internet without https' : findingOf(request)
      if (wrong) return fail(isOpenKey ? 'MODEL_SETTINGS' : 'MODEL_REFUSED', wrong, 'nothing')
      if (signal?.aborted) return fail('MODEL_CANCELLED', 'given up', 'nothing')
      const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))
      const ending = signal ? AbortSignal.any([signal, timeout]) : timeout
      try {
        const named = await nameOf(ending)
        if (!named.ok) return signal?.aborted ? fail('MODEL_CANCELLED', 'given up', 'nothing') : named
        for (let tries = 0; tries <= OPTIONAL_FIELDS.length; tries++) {
          const found = await exchange(named.value, request, timeoutMs, ending, onText)
          if ('refused' in found) {
            without.add(found.refused)
            continue
          }
          // It may have another one by now.
          if (!found.ok && found.error.code === 'MODEL_SETTINGS') listed = null
          return found
        }
        return fail('MODEL_SETTINGS', 'the provider refuses fields that were left out', 'nothing')
      } catch (error) {
        if (signal?.aborted) return fail('MODEL_CANCELLED', 'given up', 'unknown')
        if (timeout.aborted) return fail('MODEL_TIMEOUT', `no answer in ${timeoutMs} ms`, 'unknown')
        return ofException(error)
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

/** Ollama lists what was pulled, llama.cpp what it was started with. */
const NONE_LISTED =
  'the server lists no model that chats: pull or load one, or name it in models.endpointModels (LLM_MODEL)'

/** What is wrong with a request, before anything is sent. */
function findingOf({ messages, maxTokens }: ModelRequest): string | null {
  const chars = messages.reduce((sum, { text }) => sum + text.length, 0)
  if (chars > REQUEST_CHARS_MAX) return `the request has more than ${REQUEST_CHARS_MAX} characters`
  if (!(maxTokens >= 1 && maxTokens <= REPLY_TOKENS_MAX))
    return `no reply of ${maxTokens} tokens can be asked for`
  return null
}

/** A reply with status 200, in one piece or in many, whichever it says it is. */
async function readReply(
  reply: Reply,
  onText: CallOptions['onText'],
): Promise<Result<ModelReply, ModelFailure>> {
  const coding = reply.headers['content-encoding']
  const type = String(reply.headers['content-type'] ?? '').toLowerCase()
  const isJson = type === '' || /^application\/([a-z.-]+\+)?json\b/.test(type)
  if ((coding !== undefined && coding !== 'identity') || !(isJson || type.startsWith('text/event-stream'))) {
    discard(reply)
    return fail('MODEL_REPLY_UNUSABLE', 'the reply is not of a type that was asked for', 'unknown')
  }
  if (!isJson) return readStream(reply, onText)
  const body = await readText(reply, MODEL_REPLY_BYTES_MAX)
  if (body === null) return tooLong()
  const reader = createChatReader()
  const added = reader.add(body)
  if (!added.ok) return added
  if (added.value !== '') onText?.(added.value)
  return reader.end()
}

async function readStream(
  reply: Reply,
  onText: CallOptions['onText'],
): Promise<Result<ModelReply, ModelFailure>> {
  const events = createEventStream()
  const reader = createChatReader()
  let size = 0
  // Leaving the loop destroys the stream, and with it the connection.
  for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MODEL_REPLY_BYTES_MAX) return tooLong()
    const found = events.push(chunk)
    if (!found) return tooLong()
    for (const data of found) {
      if (data.trim() === '[DONE]') return reader.end()
      const added = reader.add(data)
      if (!added.ok) return added
      if (added.value !== '') onText?.(added.value)
    }
  }
  return reader.end()
}

const tooLong = (): Result<never, ModelFailure> =>
  fail('MODEL_REPLY_UNUSABLE', `the reply has more than ${MODEL_REPLY_BYTES_MAX} bytes`, 'unknown')

const discard = (reply: Reply): void => {
  reply.body.on('error', () => {}).destroy()
}

/** Seconds that a `Retry-After` asks for, in either of its forms (RFC 9110 §10.2.3); null for none. */
export function retryAfter(headers: Reply['headers'], nowMs: number): number | null {
  const value = headers['retry-after']
  if (typeof value !== 'string') return null
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Math.min(RETRY_AFTER_SECONDS_MAX, Math.ceil(Number(value)))
  // Its own clock says from when, where it tells it: this one may be wrong by a day.
  const fromMs = Date.parse(String(headers.date ?? '')) || nowMs
  const atMs = Date.parse(value)
  if (Number.isNaN(atMs)) return null
  return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(0, Math.ceil((atMs - fromMs) / 1000)))
}
