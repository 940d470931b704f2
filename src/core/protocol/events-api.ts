/** Schemas of the event stream (`GET /api/events`). */
import { z } from 'zod'

/** As `idSchema` of the rest of the API, which hands these on. */
const contentIdSchema = z.string().describe('Content id (CIDv1, 59 characters, starts with bafyrei)')

export const eventTypes = [
  'memory',
  'retract',
  'task',
  'contribution',
  'review',
  'synthesis',
  'resolution',
  'entry',
] as const
export const sporeEventSchema = z.object({
  id: z.number().int().describe('Arrival number: pass it as Last-Event-ID to resume behind it'),
  type: z.enum(eventTypes),
  data: z.object({
    id: contentIdSchema.nullable().describe('Id of the memory, task, or what was said about one'),
    entry: contentIdSchema,
    author: z.string(),
    space: z.string(),
    createdAt: z.string(),
    text: z.string().nullable().describe('First 280 characters of its text, where it has one'),
    task_id: contentIdSchema.nullable(),
  }),
})
export type SporeEvent = z.infer<typeof sporeEventSchema>
