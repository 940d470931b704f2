/** list_tasks: tasks, newest first. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { phaseSchema, taskPageQuerySchema, taskStatusSchema } from '../../../core/protocol/api.ts'
import { MCP_HITS_DEFAULT, MCP_REPLY_BYTES_MAX } from '../../../core/protocol/limits.ts'
import { authorSchema, fitReply, textSchema } from '../excerpt.ts'
import { answerAuthor } from '../task-view.ts'
import { defineTool, READS } from '../tool.ts'

/** Tasks of one reply: ids, authors and fences of more would leave no room for the questions. */
export const LISTED_MAX = 20

export const listTasksTool = defineTool({
  name: 'list_tasks',
  title: 'List tasks',
  description:
    'The questions this spore was asked or has heard of, newest first; get_task gives the answers.',
  annotations: READS,
  input: z.strictObject({
    limit: z.number().int().min(1).max(LISTED_MAX).default(MCP_HITS_DEFAULT).describe('Tasks in this reply'),
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
        phase: phaseSchema,
        answered: z.boolean(),
        conclusion: textSchema.nullable().describe('The answer in short, where contributions were weighed'),
        margin: z.number().nullable().describe('Share of all mass above the next answer'),
        degraded: z.boolean(),
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
    const { tasks, total, cursor } = page.value
    return ok(
      fitReply(own, MCP_REPLY_BYTES_MAX, (show) => ({
        tasks: tasks.map((task) => ({
          task_id: task.task_id,
          task: show(task.task, task.author),
          status: task.status,
          phase: task.phase,
          answered: task.answer !== null,
          conclusion: task.settlement && show(task.settlement.conclusion, answerAuthor(task, own)),
          margin: task.settlement?.margin ?? null,
          degraded: task.degraded,
          author: task.author,
          space: task.space,
          createdAt: task.createdAt,
        })),
        total,
        cursor,
      })),
    )
  },
})
