/** A file of questions, a line at a time: a JSON string, or an object with the fields of `POST /api/task` and an id. */
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { type TaskInput, taskInputSchema } from '../../core/protocol/api.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import { type Line, splitLines } from '../../http/api/lines.ts'
import type { TaskFields } from '../task-options.ts'

/** Bytes of one line: the longest question and all choices at their longest, every character escaped. */
export const QUESTION_LINE_BYTES_MAX = 512 * 1024

export interface Question {
  /** As the line has it; its number where it has none. */
  readonly id: string | number
  readonly input: TaskInput
}

/** A line of the file: a question, or what is wrong with it. Blank lines are none. */
export type QuestionLine =
  | { readonly number: number; readonly question: Question; readonly problem: null }
  | { readonly number: number; readonly question: null; readonly problem: Failure }

const lineSchema = z.strictObject({ ...taskInputSchema.shape, id: z.string().optional() })

/** Reads the file as it is asked for lines; never more than a few of them are in memory. `defaults` are what a line leaves out. */
export async function* readQuestions(path: string, defaults: TaskFields): AsyncGenerator<QuestionLine> {
  for await (const lines of splitLines(createReadStream(path), QUESTION_LINE_BYTES_MAX))
    for (const line of lines) {
      const read = readLine(line, defaults)
      if (read) yield read
    }
}

function readLine({ number, bytes }: Line, defaults: TaskFields): QuestionLine | null {
  const wrong = (problem: Failure): QuestionLine => ({ number, question: null, problem })
  if (bytes === null)
    return wrong(failure('BODY_TOO_LARGE', `the line is longer than ${QUESTION_LINE_BYTES_MAX} bytes`))
  const text = decode(bytes)
  if (text === null) return wrong(failure('TEXT_ILL_FORMED', 'the line is not UTF-8'))
  if (text.trim() === '') return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return wrong(failure('BODY_MALFORMED', 'the line is not JSON'))
  }
  const parsed = lineSchema.safeParse(typeof value === 'string' ? { task: value } : value)
  if (!parsed.success) return wrong(failure('REQUEST_INVALID', issuesOf(parsed.error)))
  const { id = number, ...input } = parsed.data
  return { number, question: { id, input: { ...defaults, ...input } }, problem: null }
}

/** Without the mark that some editors put before the first line. */
function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Mismatches that are named. */
const ISSUES_SHOWN = 3

const issuesOf = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, ISSUES_SHOWN)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ')

/** Lines that are not empty, for a progress bar. */
export async function countLines(path: string): Promise<number> {
  let count = 0
  let isEmpty = true
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>)
    for (let start = 0; start < chunk.length; ) {
      const end = chunk.indexOf(0x0a, start)
      if (end !== start) isEmpty = false
      if (end < 0) break
      if (!isEmpty) count++
      isEmpty = true
      start = end + 1
    }
  return isEmpty ? count : count + 1
}
