/**
 * The port to a language model: messages in, one text out, or a failure that says why there is none. One `generate` is at most
 * one call of a provider, so that whoever pays for calls can count them before they are made (`budget.ts`); repair, repetition
 * and choice among models stand above it (`routing.ts`).
 *
 * Invariant: a failure is never an answer. What a provider sends in place of one (an error text, a refusal, a web page, nothing, a
 * text that was cut off) comes back as a failure, and its words are not in it.
 */
import { utf8Length } from '../base/bytes.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'

export interface LanguageModel {
  /** `provider/model`, as the operator knows it. */
  readonly name: string
  /** Models of one family make the same mistakes: their votes are discounted together (05-reasoning §3). */
  readonly family: string
  /**
   * One call. Failures: MODEL_FAILED, MODEL_TIMEOUT, MODEL_BUSY (with `retryAfterSeconds` where the provider said so),
   * MODEL_UNPAID, MODEL_SETTINGS, MODEL_REFUSED, MODEL_REPLY_UNUSABLE, MODEL_CANCELLED. It does not throw, and it is over at
   * the latest when its time is, or its signal aborts.
   */
  generate(request: ModelRequest, options: CallOptions): Promise<Result<ModelReply, ModelFailure>>
}

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly text: string
}

export interface ModelRequest {
  readonly messages: readonly ModelMessage[]
  /** Tokens that it may write, hidden reasoning included. */
  readonly maxTokens: number
  /** 0…2; the provider's own unless given. */
  readonly temperature?: number
  /** The reply shall be JSON of this schema. Whether it is, `structured.ts` finds out. */
  readonly schema?: JsonSchema
}

/** A JSON schema with the name that providers ask for. */
export interface JsonSchema {
  /** `[a-z0-9_]`, at most 64 characters. */
  readonly name: string
  readonly schema: Readonly<Record<string, unknown>>
}

export interface CallOptions {
  /** Milliseconds until it is given up with MODEL_TIMEOUT. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Pieces of the text as they arrive. They are worth nothing until the call has ended well. */
  readonly onText?: (piece: string) => void
}

export interface ModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface ModelReply {
  /** Not empty, and whole: the model ended it by itself. */
  readonly text: string
  /** As the provider counts; null where it does not say. */
  readonly usage: ModelUsage | null
}

/**
 * What a call may have cost, its result aside. `nothing`: it was refused before a model ran (429, 4xx, no connection). `unknown`: a model
 * may have run and nobody said for how long (no answer in time, a broken stream), so the most it can have cost counts.
 */
export type CallCost = 'nothing' | 'unknown' | ModelUsage

export interface ModelFailure extends Failure {
  readonly cost: CallCost
}

/** Characters of all messages of a request: three times the context of 32,000 tokens that small local models have. */
export const REQUEST_CHARS_MAX = 400_000
/** Characters of a reply: 16,000 tokens of long words; what is longer is a runaway. */
export const REPLY_CHARS_MAX = 200_000
/** Tokens of a reply that may be asked for; reasoning models use most of it before the first word. */
export const REPLY_TOKENS_MAX = 32_768
/** Tokens that a provider may claim to have counted; a larger number is nonsense. */
export const USAGE_TOKENS_MAX = 10_000_000
/** Tokens that the frame of a message takes, and that of a request: an upper bound over chat templates of today. */
const MESSAGE_TOKENS = 16
/** Tokens of the sentence around a schema in a prompt (`schemaPrompt`). */
const SCHEMA_FRAME_TOKENS = 256

/**
 * The most that a request can use: what is reserved for it. Tokenizers cut text into pieces of at least one byte, so no text has
 * more tokens than bytes; of ordinary text it is four times as much as will be charged.
 */
export function usageBound({ messages, maxTokens, schema }: ModelRequest): ModelUsage {
  // Where a provider takes no schema it stands in the messages; where it takes one it counts as input all the same.
  let inputTokens = MESSAGE_TOKENS + (schema ? utf8Length(JSON.stringify(schema)) + SCHEMA_FRAME_TOKENS : 0)
  for (const { text } of messages) inputTokens += MESSAGE_TOKENS + utf8Length(text)
  return { inputTokens, outputTokens: maxTokens }
}

/** The words that ask for JSON where a provider has no field for a schema. */
export const schemaPrompt = ({ schema }: JsonSchema): string =>
  `Reply with one JSON value and nothing else: no explanation, no code fence. It must match this JSON schema:\n${JSON.stringify(schema)}`
