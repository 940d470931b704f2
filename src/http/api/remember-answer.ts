/** The answer for one of many: what was remembered, or why not. */
import type { z } from 'zod'
import type { Result } from '../../core/base/result.ts'
import { problemSchema, type Remembered } from '../../core/protocol/api.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import { toProblem } from '../problem.ts'

/** A problem without what only matters to a whole reply. */
export const errorSchema = problemSchema.pick({ code: true, title: true, status: true, detail: true })

export type Answered = Remembered | { error: z.infer<typeof errorSchema> }

export function toAnswer(result: Result<Remembered, Failure>): Answered {
  if (result.ok) return { id: result.value.id, duplicate: result.value.duplicate }
  const { code, title, status, detail } = toProblem(result.error)
  return { error: { code, title, status, detail } }
}
