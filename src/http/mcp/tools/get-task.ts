/** get_task: one task with its answer, sources and contributions. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { showTask, taskViewSchema } from '../task-view.ts'
import { defineTool, READS } from '../tool.ts'

export const getTaskTool = defineTool({
  name: 'get_task',
  title: 'Get a task',
  description:
    'One task with its phase and agreement, its answer, how that came about (conclusion, margin, dissent), the memories it quotes, and who ' +
    'contributed what.',
  annotations: READS,
  input: z.strictObject({
    task_id: z.string().describe('Id as submit_task or list_tasks gave it'),
    offset: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('The first contribution that is shown: nextOffset of the reply before'),
  }),
  output: taskViewSchema,
  async handle({ task_id, offset }, { backend, own }) {
    const task = await backend.task(task_id)
    return task.ok ? ok(showTask(task.value, { own, offset })) : task
  },
})
