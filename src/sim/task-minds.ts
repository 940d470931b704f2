/** The models of simulated spores: they know the answer, or another one, and fail in every way that a provider does. */
import type { Clock } from '../core/base/ports.ts'
import type { ErrorCode } from '../core/protocol/errors.ts'
import type { ModelPorts } from '../core/reasoning/models.ts'
import { type Asked, createMind, type Thought } from './model.ts'
import type { Equipment } from './node.ts'
import type { SimRandom } from './random.ts'
import type { Life } from './scheduler.ts'
import type { MindPlan, TaskPlan } from './task-plan.ts'

/** Answers to open questions, and choices of the others. */
export const WORDS = ['amber', 'birch', 'coral', 'delta', 'ember', 'fjord'] as const
/** Stands in everything that a model says without answering. */
export const NO_ANSWER_MARK = 'xyzzy'

/** A question as simulated spores ask it, and its right answer. */
export const questionText = (n: number): string => `Question ${n}: which word belongs to it?`
const truthOf = (n: number): number => (n * 7 + 3) % WORDS.length

export interface Minds extends Equipment {
  /** Calls that reached a model, over all lives: of those that cost nothing, and of the others. */
  readonly calls: { readonly free: number; readonly paid: number }
  readonly callsMax: number
}

/** Replies that are none: error pages, refusals, empty ones, JSON of something else. */
const GARBAGE = [
  '',
  '   ',
  `<html><body>502 Bad Gateway ${NO_ANSWER_MARK}</body></html>`,
  `I'm sorry, but I can't help with that. ${NO_ANSWER_MARK}`,
  `{"answer": "", "reason": "${NO_ANSWER_MARK}"}`,
  `{"error": {"message": "${NO_ANSWER_MARK}"}}`,
  `{"answer": {"${NO_ANSWER_MARK}": 1}}`,
  `{"answer": "I'm sorry, but I can't help with that. ${NO_ANSWER_MARK}", "confidence": 90}`,
  '[]',
  'null',
  `{"answer": "ab`,
]
const CODES: readonly ErrorCode[] = [
  'MODEL_FAILED',
  'MODEL_FAILED',
  'MODEL_BUSY',
  'MODEL_UNPAID',
  'MODEL_REFUSED',
  'MODEL_ABSTAINED',
  'MODEL_SETTINGS',
]
/** Longer than any call may take. */
const HANG_MS = 10 * 60 * 1000

export function createMinds(
  { minds, serves, asks, callsMax }: TaskPlan,
  place: number,
  random: SimRandom,
): Minds {
  const plans = minds[place] ?? []
  const max = callsMax[place] ?? 0
  const calls = { free: 0, paid: 0 }

  const think =
    (plan: MindPlan, life: Life) =>
    ({ step, text }: Asked): Thought => {
      if (!life.isOver) calls[plan.isFree ? 'free' : 'paid']++
      const delayMs = random.integer(1, plan.delayMs)
      if (random.chance(plan.failure)) return { ...failing(random), delayMs: failureMs(random, delayMs) }
      if (step === 'validate' && random.chance(0.3))
        return { reply: '{"flaw": "as drawn", "approved": false}', delayMs }
      const n = Number(/Question (\d+):/.exec(text)?.[1] ?? 0)
      const knows = random.chance(plan.ability)
      const at = knows ? truthOf(n) : random.integer(0, WORDS.length - 1)
      const others = random.chance(0.3)
        ? [{ answer: WORDS[random.integer(0, WORDS.length - 1)] as string, confidence: 20 }]
        : []
      const confidence = random.integer(30, 95)
      return { answer: WORDS[at] as string, confidence, reason: 'as drawn', others, delayMs }
    }

  return {
    serve: serves[place] ?? 'trusted',
    ask: asks[place] ?? 'everyone',
    callsMax: max,
    calls,
    models(clock: Clock, life: Life): ModelPorts | null {
      if (plans.length === 0) return null
      const cap = { calls: max, microUsd: null }
      const plenty = { calls: Number.MAX_SAFE_INTEGER, microUsd: null }
      const routes = plans.map((plan, i) => ({
        model: createMind(
          { name: `sim/${plan.family}-${i}`, family: plan.family, think: think(plan, life) },
          { clock },
        ),
        price: null,
        isFree: plan.isFree,
      }))
      const pots = { own: cap, community: cap, free: cap, freeCommunity: cap }
      return { routes, caps: { pots, task: plenty, asker: plenty } }
    },
  }
}

const failing = (random: SimRandom): { readonly code: ErrorCode } | { readonly reply: string } =>
  random.chance(0.5) ? { code: random.pick(CODES) } : { reply: random.pick(GARBAGE) }
const failureMs = (random: SimRandom, delayMs: number): number => (random.chance(0.15) ? HANG_MS : delayMs)
