/** submit_task: asks a question; gives a handle, and the answer where it comes in time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ok, type Result } from '../../../core/base/result.ts'
import { type TaskView, taskInputSchema, taskStatusSchema } from '../../../core/protocol/api.ts'
import type { Failure } from '../../../core/protocol/errors.ts'
import { MCP_TASK_WAIT_SECONDS_MAX } from '../../../core/protocol/limits.ts'
import { showTask, taskViewSchema } from '../task-view.ts'
import { defineTool, type ToolContext } from '../tool.ts'

const WAIT_SECONDS_DEFAULT = 5
const POLL_MS = 200

export const submitTaskTool = defineTool({
  name: 'submit_task',
  title: 'Submit a task',
  description:
    'Asks the spore a question. It answers with quotes from what is remembered and the ids they come from, or says that nothing ' +
    'relevant is there. In a shared space peers see the question. Without an answer in time, call get_task with the task_id.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    ...taskInputSchema.shape,
    waitSeconds: z
      .number()
      .min(0)
      .max(MCP_TASK_WAIT_SECONDS_MAX)
      .default(WAIT_SECONDS_DEFAULT)
      .describe('How long to wait for the answer; 0 gives the handle at once'),
  }),
  output: z.object({
    task_id: z.string(),
    status: taskStatusSchema,
    ...taskViewSchema.pick({ answer: true, reason: true, degraded: true, sources: true }).shape,
  }),
  async handle({ waitSeconds, ...input }, context) {
    const accepted = await context.backend.submitTask(input)
    if (!accepted.ok) return accepted
    const { task_id } = accepted.value
    const task = await waitFor(task_id, Date.now() + waitSeconds * 1000, context)
    if (!task.ok) return task
    const { status, answer, reason, degraded, sources } = showTask(task.value, context.own, false)
    return ok({ task_id, status, answer, reason, degraded, sources })
  },
})

/** The task when it is no longer open, or as it stands at the deadline or when the caller gives up. */
async function waitFor(
  id: string,
  deadlineMs: number,
  { backend, signal }: ToolContext,
): Promise<Result<TaskView, Failure>> {
  for (;;) {
    const task = await backend.task(id)
    if (!task.ok || task.value.status !== 'open' || signal.aborted || Date.now() >= deadlineMs) return task
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}
