/** A file of questions with their answers, a line of JSON each, read whole before anything is asked: a bad line costs nothing then. */
import { createReadStream, statSync } from 'node:fs'
import { z } from 'zod'
import { SporeError } from '../../core/protocol/errors.ts'
import { TASK_CHARS_MAX } from '../../core/protocol/limits.ts'
import {
  ANSWER_CHARS_MAX,
  CHOICE_CHARS_MAX,
  CHOICES_MAX,
  DOMAIN_CHARS_MAX,
} from '../../core/protocol/task-limits.ts'
import { createClassifier } from '../../core/reasoning/answer-classes.ts'
import { GENERAL } from '../../core/reasoning/task-domain.ts'
import { splitLines } from '../../http/api/lines.ts'
import type { AskQuestion } from '../../sim/eval/ask-score.ts'

/** Questions of one run: each is a call of every family. */
export const QUESTIONS_MAX = 10_000
/** Bytes of a line: the longest question and all choices at their longest, every character escaped. */
const LINE_BYTES_MAX = 512 * 1024
/** Bad lines that are named. */
const PROBLEMS_SHOWN = 10

const lineSchema = z.strictObject({
  question: z.string().trim().min(1).max(TASK_CHARS_MAX),
  choices: z.array(z.string().min(1).max(CHOICE_CHARS_MAX)).min(2).max(CHOICES_MAX).optional(),
  answer: z.string().trim().min(1).max(ANSWER_CHARS_MAX),
  domain: z.string().trim().min(1).max(DOMAIN_CHARS_MAX).optional(),
})

/** Throws REQUEST_INVALID, which names every bad line by its number. */
export async function readQuestionFile(path: string): Promise<readonly AskQuestion[]> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new SporeError('REQUEST_INVALID', `there is no file ${path}`)
  const questions: AskQuestion[] = []
  const problems: string[] = []
  for await (const lines of splitLines(createReadStream(path), LINE_BYTES_MAX))
    for (const { number, bytes } of lines) {
      const read = bytes === null ? `is longer than ${LINE_BYTES_MAX} bytes` : readLine(bytes, number)
      if (typeof read === 'string') problems.push(`line ${number} ${read}`)
      else if (read) questions.push(read)
      if (questions.length > QUESTIONS_MAX)
        throw new SporeError('REQUEST_INVALID', `${path} has more than ${QUESTIONS_MAX} questions`)
    }
  if (problems.length > 0) {
    const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : []
    throw new SporeError(
      'REQUEST_INVALID',
      [`${path}:`, ...problems.slice(0, PROBLEMS_SHOWN), ...more].join('\n'),
    )
  }
  if (questions.length === 0) throw new SporeError('REQUEST_INVALID', `${path} has no question`)
  return questions
}

/** A question, what is wrong with the line, or null for a blank one. */
function readLine(bytes: Uint8Array, line: number): AskQuestion | string | null {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return 'is not UTF-8'
  }
  if (text.trim() === '') return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'is not JSON'
  }
  const parsed = lineSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return `is no question: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`
  }
  const { question, choices = [], answer, domain = GENERAL } = parsed.data
  if (createClassifier(choices)(answer) === null)
    return choices.length > 0 ? 'has an answer that is none of its choices' : 'has an answer without words'
  return { line, text: question, choices, answer, domain }
}
