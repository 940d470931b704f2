/**
 * Replies that must be JSON of a schema: what is asked for, how a reply is read, and what a model is told whose reply was not that.
 * It is told once. A provider that was sent the schema may still ignore it, so every reply is read here whatever was promised.
 */
import { z } from 'zod'
import { err, ok, type Result } from '../base/result.ts'
import { type JsonSchema, type ModelRequest, REPLY_CHARS_MAX, schemaPrompt } from './language-model.ts'

export interface Structure<T> {
  readonly schema: JsonSchema
  /** The value, or what is wrong with it, for the eyes of the model alone. */
  read(value: unknown): Result<T, string>
}

/** Characters of a complaint that a model is sent. */
export const COMPLAINT_CHARS_MAX = 500
/** Characters of its own reply that it is shown again: the beginning is enough to see what it did. */
export const SHOWN_REPLY_CHARS_MAX = 4_000

/** A structure from a schema of zod: one place says what is asked for and what is taken. Unknown keys are refused where it is strict. */
export function structureOf<T>(name: string, type: z.ZodType<T>): Structure<T> {
  return {
    schema: { name, schema: z.toJSONSchema(type, { target: 'draft-7', io: 'input' }) },
    read(value) {
      const read = type.safeParse(value)
      return read.success ? ok(read.data) : err(z.prettifyError(read.error).slice(0, COMPLAINT_CHARS_MAX))
    },
  }
}

/** The value that a reply holds, without the reasoning and the code fence that models put around it. */
export function readStructured<T>(text: string, structure: Structure<T>): Result<T, string> {
  if (text.length > REPLY_CHARS_MAX) return err('It is too long.')
  const parsed = parse(bare(text))
  return parsed.ok ? structure.read(parsed.value) : parsed
}

/** The request that asks once more, with what was wrong. */
export function repairRequest(request: ModelRequest, text: string, complaint: string): ModelRequest {
  const asked = request.schema ? `\n${schemaPrompt(request.schema)}` : ''
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: 'assistant', text: text.slice(0, SHOWN_REPLY_CHARS_MAX).toWellFormed() },
      {
        role: 'user',
        text: `That reply cannot be read: ${complaint.slice(0, COMPLAINT_CHARS_MAX).toWellFormed()}${asked}`,
      },
    ],
  }
}

/** Local reasoning models write their thoughts before the answer; many models put JSON between fences. */
function bare(text: string): string {
  let left = text.trim()
  const thoughtEnd = left.startsWith('<think>') ? left.indexOf('</think>') : -1
  if (thoughtEnd >= 0) left = left.slice(thoughtEnd + '</think>'.length).trim()
  if (!left.startsWith('```') || !left.endsWith('```')) return left
  const lineEnd = left.indexOf('\n')
  return lineEnd < 0 ? left : left.slice(lineEnd + 1, -3).trim()
}

function parse(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text))
  } catch {
    return err('It is not JSON.')
  }
}
