/**
 * Reasoners of planted quality: how fast each is, how often it is right in each role, whether it lies, and how often it fails. What
 * each says to a question is drawn from a seed, so that two runs ask the same of the same.
 */
import { createHash } from 'node:crypto'
import { replyOf } from '../../../src/sim/model.ts'
import { type ChatAnswer, say } from '../../../test/support/chat-server.ts'
import { later, type MindServer } from '../../../test/support/mind-server.ts'

export const FIELD_ROLES = ['brain', 'explorer', 'validator'] as const
export type FieldRole = (typeof FIELD_ROLES)[number]
export const CHOICES = ['red', 'green', 'blue', 'none of them'] as const
const LETTERS = 'ABCD'

/** What is planted in one model. */
export interface Planted {
  /** Milliseconds that an answer takes. */
  readonly ms: number
  /** Chance of being right, by role. */
  readonly right: Readonly<Record<FieldRole, number>>
  /** It gives the wrong answer that all liars give, and is sure of it. */
  readonly isLiar?: boolean
  /** Share of its calls that fail. */
  readonly failing?: number
}

/** By name of the model; each is of another family. */
export type PlantedField = Map<string, Planted>

const all = (right: number): Planted['right'] => ({ brain: right, explorer: right, validator: right })

/**
 * Nine that are there from the beginning. In each role one is best and one second: brain by being right, explorer by being as right and
 * faster, validator by being right, where the second is faster.
 */
export const plantedField = (): PlantedField =>
  new Map([
    ['llama', { ms: 60, right: { ...all(0.3), brain: 0.97 } }],
    ['qwen', { ms: 80, right: { ...all(0.3), brain: 0.8 } }],
    ['mistral', { ms: 40, right: { ...all(0.3), explorer: 0.95 } }],
    ['gemma', { ms: 800, right: { ...all(0.3), explorer: 0.95 } }],
    ['phi', { ms: 200, right: { ...all(0.3), validator: 0.9 } }],
    ['yi', { ms: 30, right: { ...all(0.3), validator: 0.6 } }],
    ['glm', { ms: 20, right: all(0), isLiar: true }],
    ['kimi', { ms: 20, right: all(0), isLiar: true }],
    ['olmo', { ms: 50, right: all(0.6), failing: 0.5 }],
  ])

/** Better in a role than all others, and there only later. */
export const NEWCOMER = 'granite'
export const newcomer = (): Planted => ({ ms: 30, right: { ...all(0.3), validator: 0.99 } })

export const roleOfQuestion = (question: number): FieldRole =>
  FIELD_ROLES[question % FIELD_ROLES.length] as FieldRole

/** A draw in [0, 1). */
const draw = (seed: string, ...of: readonly (string | number)[]): number =>
  createHash('sha256')
    .update(JSON.stringify([seed, ...of]))
    .digest()
    .readUInt32BE(0) /
  2 ** 32
const placeOf = (seed: string, question: number): number => Math.floor(4 * draw(seed, question, 'right'))
export const rightAnswer = (seed: string, question: number): string =>
  CHOICES[placeOf(seed, question)] as string

export interface PlantedMinds {
  readonly think: MindServer['think']
  /** Calls of a model, by question. */
  readonly calls: ReadonlyMap<number, number>
}

/** What the models think of `Question <n>: …`; the field may be changed at any time. */
export function plantMinds(field: PlantedField, seed: string): PlantedMinds {
  const calls = new Map<number, number>()
  return {
    calls,
    think({ model, step, text }) {
      const question = Number(/Question (\d+)/.exec(text)?.[1])
      const planted = field.get(model)
      if (!planted || !Number.isSafeInteger(question))
        throw new Error(`nothing is planted for ${model}: ${text}`)
      calls.set(question, (calls.get(question) ?? 0) + 1)
      if (draw(seed, question, model, 'fails') < (planted.failing ?? 0)) return failing
      const opinion = opinionOf(planted, model, question, seed)
      return later(say(JSON.stringify(replyOf(step, text, opinion))), planted.ms)
    },
  }
}

function opinionOf(planted: Planted, model: string, question: number, seed: string) {
  const place = placeOf(seed, question)
  if (planted.isLiar) return { answer: LETTERS[(place + 1) % 4] as string, confidence: 99 }
  const isRight = draw(seed, question, model, 'knows') < planted.right[roleOfQuestion(question)]
  // A wrong one is any of the others: no two are wrong together more often than by chance.
  const off = isRight ? 0 : 1 + Math.floor(3 * draw(seed, question, model, 'errs'))
  return { answer: LETTERS[(place + off) % 4] as string, confidence: 70 }
}

const failing: ChatAnswer = (reply) => {
  reply.writeHead(500, { 'content-type': 'application/json' })
  reply.end('{"error":{"message":"planted"}}')
}

/** Models by what they are worth in a role, the best first: how often they are right, then how fast. */
export const bestIn = (field: PlantedField, role: FieldRole): string[] =>
  [...field]
    .map(([name, { ms, right, isLiar, failing: fails = 0 }]) => ({
      name,
      worth: isLiar ? 0 : right[role] * (1 - fails),
      ms,
    }))
    .sort((a, b) => b.worth - a.worth || a.ms - b.ms)
    .map(({ name }) => name)
