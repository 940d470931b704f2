/** Anonymous review: the answers of others are ranked, and the flaw of each is named. */
import { z } from 'zod'
import type { Digest } from '../../base/brand.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { FLAW_CHARS_MAX, REVIEWED_MAX } from '../../protocol/task-limits.ts'
import type { ReviewPayload } from '../../protocol/task-payloads.ts'
import { anonymised, type LabelledAnswer, type OthersAnswer } from '../answers-of-others.ts'
import type { Recollected } from '../recollection.ts'
import * as values from '../reply-values.ts'
import { type Structure, structureOf } from '../structured.ts'
import * as parts from './parts.ts'

export interface ReviewInput {
  readonly task: Digest
  /** Names one model of one author: its order of the answers is its own. */
  readonly reviewer: string
  readonly question: parts.AskedQuestion
  readonly answers: readonly OthersAnswer[]
  /** Own contributions, which are not reviewed. */
  readonly own: readonly Digest[]
  readonly recollected: Recollected
}

export type Ranking = ReviewPayload['ranking']

const STEP =
  'You review answers that several reasoners gave to the same question. You do not know whose they are, and how they are ordered says nothing. Judge what they say, not how many say it or how surely.'
const RULES = `Reply in JSON. \`ranking\` lists all answers by their labels, the best first. \`flaw\` is one sentence that names what is wrong or weak in an answer: a false statement, a step that does not follow, a memory that does not say what it is quoted for. It is null where you find none. Name no labels in it: nobody else sees them. Check each answer against the question yourself before you rank.`

/** Null where nobody else has answered. */
export function reviewPrompt(
  { task, reviewer, question, answers, own, recollected }: ReviewInput,
  maxTokens = parts.REPLY_TOKENS,
): parts.Prompt<Ranking> | null {
  const labelled = anonymised(task, reviewer, answers, own)
  if (labelled.length === 0) return null
  return {
    request: parts.toRequest(
      parts.systemText(STEP, question, RULES),
      [
        parts.questionPart(question),
        recollected.pack,
        parts.answersPart(labelled),
        `Rank the ${labelled.length} answers: ${labelled.map(({ label }) => label).join(', ')}.`,
      ],
      maxTokens,
    ),
    structure: reviewStructure(labelled),
  }
}

function reviewStructure(answers: readonly LabelledAnswer[]): Structure<Ranking> {
  const labels = answers.map(({ label }) => label)
  const form = z.strictObject({
    ranking: z
      .array(
        z.strictObject({
          answer: z.enum(labels as [string, ...string[]]),
          flaw: z.string().max(FLAW_CHARS_MAX).nullable().describe('one sentence; null if there is none'),
        }),
      )
      .max(REVIEWED_MAX)
      .describe('all answers, the best first'),
  })
  return {
    schema: structureOf('review', form).schema,
    read: (value) => readRanking(value, new Map(answers.map((one) => [one.label, one.contribution]))),
  }
}

/** Items of a ranking that are looked at. */
const LOOKED_AT = 2 * REVIEWED_MAX

function readRanking(value: unknown, idOf: ReadonlyMap<string, Digest>): Result<Ranking, string> {
  const listed = values.fieldsOf(value)?.ranking ?? value
  const flawsById = new Map<Digest, string | null>()
  for (const item of values.itemsOf(listed, LOOKED_AT)) {
    const fields = values.fieldsOf(item) ?? { answer: item }
    const label = LABEL.exec(values.shortTextOf(fields.answer, LABEL_CHARS_MAX) ?? '')
    const id = idOf.get(`R${label?.[1]}`)
    if (id !== undefined && !flawsById.has(id)) flawsById.set(id, flawOf(fields.flaw))
  }
  // Of a model that leaves out a few the rest still counts; one that names hardly any has not compared.
  if (flawsById.size * 2 < idOf.size || flawsById.size === 0)
    return err(`\`ranking\` must list every answer once: ${[...idOf.keys()].join(', ')}.`)
  return ok([...flawsById].map(([contribution, flaw]) => ({ contribution, flaw })))
}
const LABEL_CHARS_MAX = 40
const LABEL = /^(?:answer|reasoner)?\W*r?([1-9]\d?)\W*$/i

function flawOf(value: unknown): string | null {
  const flaw = values.shortTextOf(value, FLAW_CHARS_MAX)
  return flaw === null || NO_FLAW.test(flaw) ? null : flaw
}
const NO_FLAW = /^(?:none|null|n\/a|no (?:obvious |major )?flaws?(?: found)?|-+)\s*[.!]?$/i
