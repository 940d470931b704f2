/** A question as a caller puts it, as what is written of it. */
import type { SpaceId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { TaskInput } from '../protocol/api-tasks.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { TASK_SECONDS_MAX } from '../protocol/task-limits.ts'
import type { TaskPayload } from '../protocol/task-payloads.ts'

/** Failures TEXT_EMPTY, TEXT_ILL_FORMED, REQUEST_INVALID. */
export function toTaskPayload(
  { task, effort = 'standard', deadline, answers, choices = [], roles = [], domain }: TaskInput,
  space: SpaceId,
  nowMs: number,
): Result<TaskPayload, Failure> {
  const text = task.trim()
  if (text === '') return err(failure('TEXT_EMPTY', 'there is no question'))
  const about = domain?.trim().toLowerCase() ?? null
  if (about === '' || about?.isWellFormed() === false)
    return err(failure('REQUEST_INVALID', 'domain: a word or two'))
  if (!text.isWellFormed()) return err(failure('TEXT_ILL_FORMED', 'the question holds a lone surrogate'))
  const seconds = secondsOf(deadline, nowMs)
  if (seconds !== null && !(seconds >= 1 && seconds <= TASK_SECONDS_MAX))
    return err(
      failure('REQUEST_INVALID', `deadline: within a second and ${TASK_SECONDS_MAX} seconds from now`),
    )
  if (new Set(choices).size < choices.length || new Set(roles).size < roles.length)
    return err(failure('REQUEST_INVALID', 'choices and roles: each stands there once'))
  return ok({
    ...{ text, space, effort, seconds, choices, roles },
    ...{ answers: answers ?? null, domain: about, attempt: 0 },
  })
}

/** Whole seconds from now, so that the same deadline asked twice within one is the same task. */
const secondsOf = (deadline: TaskInput['deadline'], nowMs: number): number | null => {
  if (deadline === undefined || typeof deadline === 'number') return deadline ?? null
  return Math.ceil((Date.parse(deadline) - nowMs) / 1000)
}
