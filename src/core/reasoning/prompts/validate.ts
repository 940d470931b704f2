/** Validation: whether a written text says the answer that was decided, and nothing that its quotes do not bear out. */
import { z } from 'zod'
import { err, ok, type Result } from '../../base/result.ts'
import { FLAW_CHARS_MAX } from '../../protocol/task-limits.ts'
import type { Quote } from '../../protocol/task-payloads.ts'
import { fenced } from '../../retrieval/fenced.ts'
import * as values from '../reply-values.ts'
import { type Structure, structureOf } from '../structured.ts'
import * as parts from './parts.ts'
import { quotesPart } from './write.ts'

export interface ValidateInput {
  readonly question: parts.AskedQuestion
  /** The answer that won. */
  readonly answer: string
  readonly text: string
  /** What its citations `[n]` stand for. */
  readonly quotes: readonly Quote[]
}

export interface Validation {
  readonly isApproved: boolean
  /** What is wrong with it; null where nothing is. */
  readonly flaw: string | null
}

const STEP =
  'You check a text that answers a question. The answer was decided by others: whether it is right is not yours to judge.'
const RULES =
  'The answer stands in the fence `decided`, the text in the fence `text`, and what its citations [1], [2], … stand for in the fence `quotes`. Approve the text if it states the decided answer and no other as right, and if each sentence with a citation is borne out by what it cites. Statements without a citation may be reasoning; a fact that contradicts a quote may not. Reply in JSON: `approved`, and `flaw`, one sentence on what is wrong, null if nothing is.'

export function validatePrompt(
  { question, answer, text, quotes }: ValidateInput,
  maxTokens = parts.REPLY_TOKENS,
): parts.Prompt<Validation> {
  return {
    request: parts.toRequest(
      parts.systemText(STEP, question, RULES),
      [
        parts.questionPart(question),
        fenced('decided', parts.quotedText(answer)),
        fenced('text', parts.quotedText(text)),
        quotesPart(quotes),
        'Check the text.',
      ],
      maxTokens,
    ),
    structure: VALIDATION,
  }
}

const VALIDATION: Structure<Validation> = {
  schema: structureOf(
    'validation',
    z.strictObject({ flaw: z.string().max(FLAW_CHARS_MAX).nullable(), approved: z.boolean() }),
  ).schema,
  read: readValidation,
}

const YES = /^(?:true|yes|approved)\b/i
const NO = /^(?:false|no|rejected|not approved)\b/i

function readValidation(value: unknown): Result<Validation, string> {
  const fields = values.fieldsOf(value)
  const approved = values.textOf(fields?.approved)
  const flaw = values.shortTextOf(fields?.flaw, FLAW_CHARS_MAX)
  if (approved !== null && YES.test(approved)) return ok({ isApproved: true, flaw: null })
  if (approved !== null && NO.test(approved)) return ok({ isApproved: false, flaw })
  return err('`approved` must be true or false.')
}
