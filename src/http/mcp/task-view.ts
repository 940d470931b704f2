/** Tasks as tools show them: the answer with its sources, cut to the budget; contributions on demand. */
import { z } from 'zod'
import type { Contribution, TaskView } from '../../core/protocol/api.ts'
import { taskStatusSchema } from '../../core/protocol/api.ts'
import { MCP_REPLY_BYTES_MAX } from '../../core/protocol/limits.ts'
import { cutText, jsonBytes, shareBytes } from './budget.ts'
import { authorSchema, textSchema } from './excerpt.ts'
import { fence } from './fence.ts'

/** Sources and contributions of one task that are listed. */
const ROWS_SHOWN = 10
/** Shares of the reply: the answer first, then the question it answers. */
const ANSWER_BYTES = MCP_REPLY_BYTES_MAX / 4
const QUESTION_BYTES = MCP_REPLY_BYTES_MAX / 8

const sourceSchema = z.object({
  id: z.string().describe('Id of the memory, for get_memory'),
  quote: textSchema,
  author: authorSchema.nullable(),
})
const contributionSchema = z.object({
  author: authorSchema,
  model: z.string(),
  text: textSchema.nullable(),
  failure: z.string().nullable().describe('Why there is no answer, where there is none'),
})

export const taskViewSchema = z.object({
  task_id: z.string(),
  task: z.string(),
  space: z.string(),
  status: taskStatusSchema,
  answer: z.string().nullable().describe('Null while open, and where nothing relevant is remembered'),
  reason: z.string().nullable().describe('Of a failed task: why there is no answer'),
  degraded: z.boolean(),
  degradedBecause: z.array(z.string()),
  sources: z.array(sourceSchema).describe('What the answer quotes'),
  contributions: z.array(contributionSchema),
  contributionsTotal: z.number().int(),
  createdAt: z.string(),
  answeredAt: z.string().nullable(),
})
export type ShownTask = z.infer<typeof taskViewSchema>

/** A task within the budget of one reply; without contributions where the answer is what matters. */
export function showTask(task: TaskView, own: string, withContributions: boolean): ShownTask {
  const rows = withContributions ? task.contributions.slice(0, ROWS_SHOWN) : []
  const sources = task.sources.slice(0, ROWS_SHOWN)
  const head = {
    task_id: task.task_id,
    task: fence({ text: cutText(task.task, QUESTION_BYTES).text, author: task.author, trust: null }, own),
    space: task.space,
    status: task.status,
    answer: task.answer === null ? null : cutText(task.answer, ANSWER_BYTES).text,
    reason: task.reason,
    degraded: task.degraded,
    degradedBecause: task.degradedBecause,
    contributionsTotal: task.contributions.length,
    createdAt: task.createdAt,
    answeredAt: task.answeredAt,
  }
  const texts = [...sources.map(({ quote }) => quote), ...rows.map(({ text }) => text ?? '')]
  const room = MCP_REPLY_BYTES_MAX - jsonBytes(head) - texts.length * ROW_BYTES
  const share = shareBytes(texts, Math.max(0, room))
  return {
    ...head,
    sources: sources.map(({ id, quote, author }) => ({
      id,
      author,
      quote: fence({ text: cutText(quote, share).text, author: author ?? 'unknown', trust: null }, own),
    })),
    contributions: rows.map((row) => showContribution(row, own, share)),
  }
}

/** Bytes of a source or contribution beside its text, the fence included. */
const ROW_BYTES = 384

function showContribution({ author, model, text, failure }: Contribution, own: string, share: number) {
  const shown = text === null ? null : fence({ text: cutText(text, share).text, author, trust: null }, own)
  return { author, model, text: shown, failure }
}
