/**
 * A scripted reasoner: a language model that replies in the form of each step, with an answer that a script gives. It sits behind the
 * same port as a provider, so that everything above it (router, budget, prompts, parsing) runs as it does with one.
 */
import type { Clock } from '../core/base/ports.ts'
import type { ErrorCode } from '../core/protocol/errors.ts'
import type { BudgetCaps } from '../core/reasoning/budget.ts'
import type { ModelRequest } from '../core/reasoning/language-model.ts'
import type { ModelRoute } from '../core/reasoning/model-call.ts'
import {
  createScriptedModel,
  type ScriptedModel,
  type ScriptedStep,
} from '../core/reasoning/scripted-model.ts'

/** What a reasoner thinks of a question; a code where it fails. */
export interface Opinion {
  /** Text of the answer, or the letter of a choice. */
  readonly answer: string
  /** Percent. */
  readonly confidence?: number
  readonly reason?: string
  readonly others?: readonly { readonly answer: string; readonly confidence: number }[]
  /** Numbers of recalled memories that it quotes, with the words. */
  readonly quotes?: readonly { readonly memory: number; readonly text: string }[]
}

export type Step = 'answer' | 'revise' | 'review' | 'write' | 'validate'

/** What of a request tells the step that it is. */
export interface Asking {
  readonly messages: readonly { readonly text: string }[]
  readonly schema?: { readonly name: string } | undefined
}

/** What it is asked. */
export interface Asked {
  readonly step: Step
  /** All that stands in the request. */
  readonly text: string
  readonly request: ModelRequest
  /** From 0. */
  readonly call: number
}

/** What comes of a call, after `delayMs` where that is not the same each time. */
export type Thought = (Opinion | { readonly code: ErrorCode } | { readonly reply: string }) & {
  readonly delayMs?: number
}

export interface MindOptions {
  /** `provider/model`. */
  readonly name: string
  readonly family?: string
  readonly delayMs?: number
  /** Null for a failure with `code`. */
  readonly think: (asked: Asked) => Thought
}

/** A reasoner on a clock. */
export function createMind(
  { name, family = name, delayMs: usualMs = 0, think }: MindOptions,
  deps: { readonly clock: Pick<Clock, 'sleep'> },
): ScriptedModel {
  const script = (request: ModelRequest, call: number): ScriptedStep => {
    const text = request.messages.map((message) => message.text).join('\n')
    const step = stepOf(request)
    const thought = think({ step, text, request, call })
    const { delayMs = usualMs } = thought
    if ('code' in thought) return { delayMs, code: thought.code }
    return {
      delayMs,
      text: 'reply' in thought ? thought.reply : JSON.stringify(replyOf(step, text, thought)),
    }
  }
  return createScriptedModel({ name, family, script }, deps)
}

/** Models as an operator has them, free and with caps that nothing here meets. */
export const routesOf = (models: readonly ScriptedModel[]): ModelRoute[] =>
  models.map((model) => ({ model, price: null, isFree: true }))

const PLENTY = { calls: 1_000_000, microUsd: null }
export const NO_CAPS: BudgetCaps = {
  pots: { own: PLENTY, community: PLENTY, free: PLENTY, freeCommunity: PLENTY },
  task: PLENTY,
  asker: PLENTY,
}

/** Which step a request asks for: by the schema that it names, or by what the prompt says. */
export function stepOf({ schema, messages }: Asking): Step {
  if (schema?.name === 'review') return 'review'
  if (schema?.name === 'synthesis') return 'write'
  if (schema?.name === 'validation') return 'validate'
  return messages.some(({ text }) => text.includes('You now see the answers of the others'))
    ? 'revise'
    : 'answer'
}

/** What a reasoner of an opinion replies in a step, before it is JSON. */
export function replyOf(
  step: Step,
  text: string,
  { answer, confidence = 70, reason = '', others = [], quotes = [] }: Opinion,
): object {
  if (step === 'validate') return { flaw: null, approved: true }
  if (step === 'write') return { text: answer }
  if (step === 'review') {
    const labels = [...new Set(text.match(/\bR\d+\b/g))]
    return { ranking: labels.map((label) => ({ answer: label, flaw: null })) }
  }
  const claims = quotes.length > 0 ? [{ text: quotes[0]?.text ?? '', quotes }] : []
  return { reason, answer, confidence, others, claims }
}
