/** list_tasks: tasks, newest first. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { taskPageQuerySchema, taskStatusSchema } from '../../../core/protocol/api.ts'
import { MCP_HITS_DEFAULT, MCP_REPLY_BYTES_MAX, PAGE_MAX } from '../../../core/protocol/limits.ts'
import { authorSchema, fitTexts, textSchema } from '../excerpt.ts'
import { defineTool, READS } from '../tool.ts'

export const listTasksTool = defineTool({
  name: 'list_tasks',
  title: 'List tasks',
  description:
    'The questions this spore was asked or has heard of, newest first; get_task gives the answers.',
  annotations: READS,
  input: z.strictObject({
    limit: z.number().int().min(1).max(PAGE_MAX).default(MCP_HITS_DEFAULT).describe('Tasks in this reply'),
    cursor: z.string().optional().describe('cursor of the reply before'),
    status: taskStatusSchema.optional().describe('Only tasks with this status'),
    space: taskPageQuerySchema.shape.space.describe('Only tasks of this space'),
  }),
  output: z.object({
    tasks: z.array(
      z.object({
        task_id: z.string(),
        task: textSchema,
        status: taskStatusSchema,
        answered: z.boolean(),
        author: authorSchema,
        space: z.string(),
        createdAt: z.string(),
      }),
    ),
    total: z.number().int(),
    cursor: z.string().nullable().describe('Pass it for the next page; null at the end'),
  }),
  async handle(query, { backend, own }) {
    const page = await backend.tasks(query)
    if (!page.ok) return page
    const rows = page.value.tasks.map((task) => ({ ...task, text: task.task, trust: null }))
    return ok(
      fitTexts(rows, own, MCP_REPLY_BYTES_MAX, (shown) => ({
        tasks: shown.map(({ task_id, text, status, answer, author, space, createdAt }) => ({
          task_id,
          task: text,
          status,
          answered: answer !== null,
          author,
          space,
          createdAt,
        })),
        total: page.value.total,
        cursor: page.value.cursor,
      })),
    )
  },
})
