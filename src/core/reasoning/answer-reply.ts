/**
 * The reply to a question: what its form is, and how it is read. The schema asks for exactly what is wanted; the reading takes what
 * models make of it, as long as there is one answer in it that can be told.
 */
import { z } from 'zod'
import { err, ok, type Result } from '../base/result.ts'
import * as bounds from '../protocol/task-limits.ts'
import { isAbstention } from './abstention.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'
import { createChoiceLabels } from './choice-labels.ts'
import type { Hypothesis } from './contribution.ts'
import { isRefusal } from './refusal.ts'
import * as values from './reply-values.ts'
import { type Structure, structureOf } from './structured.ts'
import { HYPOTHESES_MAX } from './synthesis/superposition.ts'

/** What a model replied to a question. An abstention and a refusal are well-formed replies, and no answers. */
export type AnswerReply =
  | { readonly kind: 'abstained' | 'refused' }
  | {
      readonly kind: 'answered'
      /** Different answers, the likeliest first; weights are whole, per mille, and sum to at most 1,000. */
      readonly hypotheses: readonly Hypothesis[]
      /** Stated chance of being right, per mille; null where none can be told. */
      readonly confidence: number | null
      readonly reason: string | null
      readonly claims: readonly ClaimReply[]
    }

/** A claim with the labels of memories that are said to bear it out, and what is said to stand in them. */
export interface ClaimReply {
  readonly text: string
  readonly quotes: readonly { readonly label: number; readonly said: string | null }[]
}

/** Items of a list in a reply that are looked at: twice what may be in it, since some of them are empty or said twice. */
const LOOKED_AT = 2
const PERCENT = 100

export function answerStructure(choices: readonly string[]): Structure<AnswerReply> {
  return {
    schema: structureOf('answer', formOf(choices)).schema,
    read: (value) => readAnswer(value, choices),
  }
}

/** What is asked for. `reason` comes first: a model that writes its reasons before its answer answers better. */
function formOf(choices: readonly string[]): z.ZodType {
  const letters = choices.length > 0 ? createChoiceLabels(choices).letters : null
  const answer = letters ? z.enum(letters as [string, ...string[]]) : z.string().max(bounds.ANSWER_CHARS_MAX)
  const chance = z.int().min(0).max(PERCENT)
  return z.strictObject({
    reason: z.string().max(bounds.REASON_CHARS_MAX).describe('why, in a few sentences'),
    answer: answer.nullable().describe('null if you have none'),
    confidence: chance.describe('percent chance that the answer is right'),
    others: z
      .array(z.strictObject({ answer, confidence: chance }))
      .max(bounds.OTHERS_MAX)
      .describe('other answers that may be right; empty if there are none'),
    claims: z
      .array(
        z.strictObject({
          text: z.string().max(bounds.CLAIM_CHARS_MAX),
          quotes: z
            .array(
              z.strictObject({
                memory: z.int().min(1).describe('number of the memory'),
                text: z.string().describe('a sentence of it, to the letter'),
              }),
            )
            .max(bounds.CLAIM_SOURCES_MAX),
        }),
      )
      .max(bounds.CLAIMS_MAX)
      .describe('what the answer rests on, each with the memories that say it'),
  })
}

function readAnswer(value: unknown, choices: readonly string[]): Result<AnswerReply, string> {
  const fields = values.fieldsOf(value)
  if (!fields) return err('It must be an object.')
  if (fields.answer === undefined) return err('`answer` is missing. It is null if you do not know.')
  if (fields.answer === null) return ok({ kind: 'abstained' })
  const text = values.textOf(fields.answer)
  if (text === null) return err('`answer` must be text that is not empty, or null if you do not know.')
  if (text.length > bounds.ANSWER_CHARS_MAX)
    return err(`\`answer\` must have at most ${bounds.ANSWER_CHARS_MAX} characters.`)
  const reading = readingOf(choices)
  const first = reading(text)
  if (!first) {
    if (isRefusal(text)) return ok({ kind: 'refused' })
    if (isAbstention(text)) return ok({ kind: 'abstained' })
    return err(
      choices.length > 0 ? '`answer` must be one of the choices, or null.' : '`answer` says nothing.',
    )
  }
  if (choices.length === 0 && isRefusal(text)) return ok({ kind: 'refused' })
  if (choices.length === 0 && isAbstention(text)) return ok({ kind: 'abstained' })
  const others = readOthers(fields.others, reading, first)
  const percentOf = percentReading([fields.confidence, ...others.map(({ chance }) => chance)])
  const confidence = perMille(percentOf(fields.confidence))
  return ok({
    kind: 'answered',
    hypotheses: weighted(
      first.text,
      confidence,
      others.map(({ text: other, chance }) => ({ text: other, weight: perMille(percentOf(chance)) ?? 0 })),
    ),
    confidence,
    reason: values.shortTextOf(fields.reason, bounds.REASON_CHARS_MAX),
    claims: readClaims(fields.claims),
  })
}

interface Read {
  readonly class: AnswerClass
  readonly text: string
}

/** The answer that a text is, as it is written down; null for none. */
function readingOf(choices: readonly string[]): (text: string) => Read | null {
  const classify = createClassifier(choices)
  const { choiceOf } = createChoiceLabels(choices)
  return (text) => {
    const written = choices.length === 0 ? text : choiceOf(text)
    const key = written === null ? null : classify(written)
    return written === null || key === null ? null : { class: key, text: written }
  }
}

interface Other extends Read {
  readonly chance: unknown
}

/** Other answers, each once, without the first. */
function readOthers(value: unknown, reading: (text: string) => Read | null, first: Read): readonly Other[] {
  const found = new Map<AnswerClass, Other>()
  for (const item of values.itemsOf(value, LOOKED_AT * bounds.OTHERS_MAX)) {
    const fields = values.fieldsOf(item)
    const text = values.textOf(fields ? fields.answer : null)
    if (!fields || text === null || text.length > bounds.ANSWER_CHARS_MAX) continue
    const read = reading(text)
    if (!read || read.class === first.class || found.has(read.class)) continue
    found.set(read.class, { ...read, chance: fields.confidence })
  }
  return [...found.values()]
}

/**
 * Percent were asked for, but models state fractions too: where no number is above 1 and one is not whole, all are fractions. A
 * lone 1 may be one percent or all, so it says nothing.
 */
function percentReading(chances: readonly unknown[]): (chance: unknown) => number | null {
  const numbers = chances.map(values.numberOf).filter((number) => number !== null)
  const areSmall = numbers.every((number) => number <= 1)
  const areFractions = areSmall && numbers.some((number) => !Number.isInteger(number))
  return (chance) => {
    const number = values.numberOf(chance)
    if (number === null || number < 0) return null
    if (areFractions) return number * PERCENT
    return areSmall && number === 1 ? null : number
  }
}

const perMille = (percent: number | null): number | null =>
  percent === null ? null : Math.min(bounds.PER_MILLE, Math.round((percent * bounds.PER_MILLE) / PERCENT))

/** The answer and others with weights: none is heavier than the answer itself, and what weighs nothing is left out. */
function weighted(answer: string, confidence: number | null, others: readonly Hypothesis[]): Hypothesis[] {
  const listed = others
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, HYPOTHESES_MAX - 1)
  const sum = listed.reduce((total, { weight }) => total + weight, 0)
  const stated = confidence ?? Math.max(listed[0]?.weight ?? 0, bounds.PER_MILLE - sum)
  const weight = Math.max(1, stated)
  const all = [
    { text: answer, weight },
    ...listed.map((one) => ({ ...one, weight: Math.min(one.weight, weight) })),
  ]
  const total = all.reduce((whole, one) => whole + one.weight, 0)
  if (total <= bounds.PER_MILLE) return all
  return all
    .map((one) => ({ ...one, weight: Math.floor((one.weight * bounds.PER_MILLE) / total) }))
    .filter((one) => one.weight > 0)
}

function readClaims(value: unknown): readonly ClaimReply[] {
  const found = new Map<string, ClaimReply>()
  for (const item of values.itemsOf(value, LOOKED_AT * bounds.CLAIMS_MAX)) {
    const fields = values.fieldsOf(item) ?? { text: item }
    const text = values.shortTextOf(fields.text, bounds.CLAIM_CHARS_MAX)
    if (text === null || found.has(text) || found.size === bounds.CLAIMS_MAX) continue
    const quotes = values.itemsOf(fields.quotes, LOOKED_AT * bounds.CLAIM_SOURCES_MAX).flatMap((quote) => {
      const said = values.fieldsOf(quote)
      const label = values.labelOf(said ? said.memory : quote)
      return label === null ? [] : [{ label, said: said ? values.textOf(said.text) : null }]
    })
    found.set(text, { text, quotes })
  }
  return [...found.values()]
}
