/**
 * `POST <url>/chat/completions` as OpenAI specifies it and others understand it: what is sent, and what may come back, whole or
 * in pieces. Pure; the call is in `http-model.ts`.
 *
 * A reply is whatever a provider, or what stands between, chose to send: nothing of it stands in a failure.
 */
import { err, ok, type Result } from '../../core/base/result.ts'
import { type ErrorCode, failure } from '../../core/protocol/errors.ts'
import {
  type CallCost,
  type ModelFailure,
  type ModelMessage,
  type ModelReply,
  type ModelRequest,
  type ModelUsage,
  REPLY_CHARS_MAX,
  schemaPrompt,
  USAGE_TOKENS_MAX,
} from '../../core/reasoning/language-model.ts'
import { isRefusal } from '../../core/reasoning/refusal.ts'

/** How providers differ. */
export interface ChatDialect {
  /** Where the bound of tokens stands: OpenAI refuses the first for models that reason, others know only it. */
  readonly tokensField: 'max_tokens' | 'max_completion_tokens'
  /** How JSON is asked for: by its schema, as JSON of any form, or in words alone. */
  readonly structure: 'schema' | 'object' | 'words'
  /** Whether `stream_options` may be sent to be told the usage of a stream. */
  readonly hasStreamUsage: boolean
}

/** Fields that a provider may not want to know of: each is left out once it has said so. */
export const OPTIONAL_FIELDS = ['temperature', 'stream_options', 'response_format'] as const
export type OptionalField = (typeof OPTIONAL_FIELDS)[number]

export interface ChatCall {
  readonly model: string
  readonly request: ModelRequest
  readonly isStream: boolean
  readonly dialect: ChatDialect
  readonly without: ReadonlySet<OptionalField>
}

export function toBody({ model, request, isStream, dialect, without }: ChatCall): string {
  const { messages, maxTokens, temperature, schema } = request
  const structure = without.has('response_format') ? 'words' : dialect.structure
  const inWords =
    schema && structure !== 'schema' ? [{ role: 'system', text: schemaPrompt(schema) } as const] : []
  return JSON.stringify({
    model,
    // Some templates take one system message, and only at the beginning.
    messages: joinSystem([...inWords, ...messages]).map(({ role, text }) => ({ role, content: text })),
    [dialect.tokensField]: maxTokens,
    ...(temperature !== undefined && !without.has('temperature') && { temperature }),
    ...(schema && structure === 'object' && { response_format: { type: 'json_object' } }),
    ...(schema &&
      structure === 'schema' && {
        response_format: { type: 'json_schema', json_schema: { name: schema.name, schema: schema.schema } },
      }),
    stream: isStream,
    ...(isStream &&
      dialect.hasStreamUsage &&
      !without.has('stream_options') && { stream_options: { include_usage: true } }),
  })
}

function joinSystem(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const system = messages.filter(({ role }) => role === 'system')
  const others = messages.filter(({ role }) => role !== 'system')
  if (system.length === 0) return others
  return [{ role: 'system', text: system.map(({ text }) => text).join('\n\n') }, ...others]
}

/** A reply that grows; of a reply in one piece there is one `add`. */
export interface ChatReader {
  /** Takes a reply, or a chunk of a stream, as text. The pieces of text that it brings, or why the call has failed. */
  add(json: string): Result<string, ModelFailure>
  /** What it came to, once nothing more will be added. */
  end(): Result<ModelReply, ModelFailure>
}

/** Reasons to end that mean that the model had said all it wanted; providers have their own words. */
const ENDED = new Set(['stop', 'eos', 'end_turn', 'stop_sequence'])

export function createChatReader(): ChatReader {
  let text = ''
  let usage: ModelUsage | null = null
  let finish: unknown = null
  let isRefused = false

  const cost = (): CallCost => usage ?? 'unknown'
  const failed = (code: ErrorCode, detail: string): { ok: false; error: ModelFailure } =>
    err({ ...failure(code, detail), cost: cost() })

  return {
    add(json) {
      const chunk = parse(json)
      if (!isObject(chunk)) return failed('MODEL_REPLY_UNUSABLE', 'the reply is not JSON of a chat')
      usage = usageOf(chunk.usage) ?? usage
      if (chunk.error !== undefined && chunk.error !== null) return err(ofError(chunk.error, cost()))
      // The chunk with the usage of a stream has no choice, and null or nothing in its place.
      const choice = Array.isArray(chunk.choices) ? (chunk.choices as readonly unknown[])[0] : undefined
      if (!isObject(choice)) return ok('')
      finish = choice.finish_reason ?? finish
      const said = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : {}
      if (typeof said.refusal === 'string' && said.refusal !== '') isRefused = true
      const piece = textOf(said.content)
      if (text.length + piece.length > REPLY_CHARS_MAX)
        return failed('MODEL_REPLY_UNUSABLE', `the reply has more than ${REPLY_CHARS_MAX} characters`)
      text += piece
      return ok(piece)
    },
    end() {
      if (isRefused || finish === 'content_filter') return failed('MODEL_REFUSED', 'the model refused')
      if (finish === 'length' || finish === 'model_length')
        return failed('MODEL_REPLY_UNUSABLE', 'the reply was cut off: it is longer than was asked for')
      if (typeof finish !== 'string') return failed('MODEL_REPLY_UNUSABLE', 'the reply has no end')
      if (!ENDED.has(finish.toLowerCase()))
        return failed('MODEL_REPLY_UNUSABLE', 'the model did not end its reply by itself')
      if (text.trim() === '') return failed('MODEL_REPLY_UNUSABLE', 'the reply is empty')
      if (isRefusal(text)) return failed('MODEL_REFUSED', 'the model refused in words')
      return ok({ text: text.toWellFormed(), usage })
    },
  }
}

/** An error in place of a reply, with status 200 or in the middle of a stream. */
function ofError(error: unknown, cost: CallCost): ModelFailure {
  const { code } = isObject(error) ? error : { code: null }
  const status = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code
  if (typeof status === 'number' && status >= 400 && status <= 599)
    return { ...ofStatus(status, json({ error })), cost }
  return { ...failure('MODEL_FAILED', 'the provider sent an error in place of a reply'), cost }
}

const json = (value: unknown): string => JSON.stringify(value)

/** What a status that is not 200 means; of the body only the code of the error counts. */
export function ofStatus(status: number, body: string): ModelFailure {
  const detail = `the provider answered with status ${status}`
  const fail = (code: ErrorCode, cost: CallCost): ModelFailure => ({ ...failure(code, detail), cost })
  const error = errorOf(body)
  if (status === 402 || error.code === 'insufficient_quota' || error.type === 'insufficient_quota')
    return fail('MODEL_UNPAID', 'nothing')
  if (status === 429) return fail('MODEL_BUSY', 'nothing')
  if (status === 408) return fail('MODEL_TIMEOUT', 'unknown')
  // The request is at fault, as one that is too long: the next one may be right.
  if (status === 400 || status === 413 || status === 422) return fail('MODEL_REFUSED', 'nothing')
  if (status === 503 || status === 529) return fail('MODEL_FAILED', 'nothing')
  // A gateway gives up on a model that goes on.
  if (status >= 500) return fail('MODEL_FAILED', 'unknown')
  return fail('MODEL_SETTINGS', 'nothing')
}

/** The field that a refusal names, where it is one that can be left out. */
export function refusedField(body: string, sent: string): OptionalField | null {
  const { param, message } = errorOf(body)
  const isNamed = (field: OptionalField): boolean =>
    (typeof param === 'string' && param.split(/[.[]/)[0] === field) ||
    (typeof message === 'string' && message.includes(field))
  return OPTIONAL_FIELDS.find((field) => sent.includes(`"${field}":`) && isNamed(field)) ?? null
}

function errorOf(body: string): Readonly<Record<string, unknown>> {
  const found = parse(body)
  const error = isObject(found) ? found.error : null
  return isObject(error) ? error : {}
}

/** Text, or the parts of text among others: reasoning stands beside them and is no answer. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly unknown[])
    .map((part) => (isObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .join('')
}

function usageOf(found: unknown): ModelUsage | null {
  if (!isObject(found)) return null
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = found
  if (!isCount(input)) return null
  // Some count what a model thinks only in the total.
  const hidden = isCount(total) ? total - input : 0
  const outputTokens = Math.max(isCount(output) ? output : 0, hidden)
  return isCount(output) || isCount(total) ? { inputTokens: input, outputTokens } : null
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= USAGE_TOKENS_MAX

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
