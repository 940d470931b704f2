/** submit_task: asks a question; gives a handle, and the answer where it comes in time. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { taskInputSchema, taskStatusSchema } from '../../../core/protocol/api.ts'
import { MCP_TASK_WAIT_SECONDS_MAX } from '../../../core/protocol/limits.ts'
import { followTask } from '../../follow-task.ts'
import { createTeller } from '../task-progress.ts'
import { showTask, taskViewSchema } from '../task-view.ts'
import { defineTool, type ToolContext } from '../tool.ts'

/** What the reply shows of the task beside its handle; `get_task` shows all. */
const SHOWN = {
  answer: true,
  reason: true,
  phase: true,
  round: true,
  agreement: true,
  settlement: true,
  degraded: true,
  degradedBecause: true,
  missing: true,
  sources: true,
} as const

export const submitTaskTool = defineTool({
  name: 'submit_task',
  title: 'Submit a task',
  description:
    'Asks the spore a question. The answer says how it came about (conclusion, margin, dissent) and cites the memories it rests on, or ' +
    'says why there is none. In a shared space peers see the question and answer it, too. Where the answer takes longer than ' +
    'waitSeconds, the reply is a handle: call get_task with the task_id.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    ...taskInputSchema.shape,
    waitSeconds: z
      .number()
      .min(0)
      .max(MCP_TASK_WAIT_SECONDS_MAX)
      .default(MCP_TASK_WAIT_SECONDS_MAX)
      .describe('How long to wait for the answer, at most; 0 gives the handle at once'),
  }),
  output: z.object({
    task_id: z.string(),
    status: taskStatusSchema,
    ...taskViewSchema.pick(SHOWN).shape,
  }),
  async handle({ waitSeconds, ...input }, context) {
    const accepted = await context.backend.submitTask(input)
    if (!accepted.ok) return accepted
    const { task_id } = accepted.value
    if (waitSeconds > 0) await follow(task_id, waitSeconds * 1000, context)
    const task = await context.backend.task(task_id)
    if (!task.ok) return task
    const shown = showTask(task.value, { own: context.own, offset: null })
    const { status, answer, reason, phase, round, agreement, settlement } = shown
    const { degraded, degradedBecause, missing, sources } = shown
    return ok({
      task_id,
      status,
      answer,
      reason,
      phase,
      round,
      agreement,
      settlement,
      degraded,
      degradedBecause,
      missing,
      sources,
    })
  },
})

/** Until the task is over, the time is up, or the caller gives up; tells the caller what happens meanwhile. */
async function follow(id: string, waitMs: number, { backend, signal, progress }: ToolContext): Promise<void> {
  const tell = createTeller(progress)
  const ends = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
  for await (const event of followTask(backend, id, ends)) await tell(event)
}
