/** query_memory: what is remembered about something, best first. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { type Hit, searchQuerySchema, searchReplySchema } from '../../../core/protocol/api.ts'
import { tierSchema } from '../../../core/protocol/api-trust.ts'
import { KIND_NAMES } from '../../../core/protocol/kinds.ts'
import {
  MCP_HITS_DEFAULT,
  MCP_REPLY_BYTES_MAX,
  PAGE_MAX,
  QUERY_CHARS_MAX,
  TAGS_MAX,
} from '../../../core/protocol/limits.ts'
import { SCORE_PARTS } from '../../../core/protocol/score-parts.ts'
import { authorSchema, cutSchema, fitTexts, textSchema, trustSchema } from '../excerpt.ts'
import { defineTool, READS } from '../tool.ts'

const hitSchema = z.object({
  id: z.string(),
  text: textSchema,
  cut: cutSchema,
  score: z.number(),
  author: authorSchema,
  trust: trustSchema,
  quarantined: z
    .literal(true)
    .optional()
    .describe('Of nobody who is trusted here: weigh it as the word of a stranger'),
  tier: tierSchema.optional().describe('Of another author: what the trust in him permits'),
  moderation: z
    .enum(['limited', 'muted'])
    .optional()
    .describe('What the operator of this spore ruled about the author'),
  space: z.string(),
  thread: z.string().optional(),
  position: z.number().optional(),
  speaker: z.string().optional(),
  tags: z.array(z.string()).optional(),
  createdAt: z.string(),
  copies: z.number().int().optional().describe('Near-duplicates that stand behind this one'),
  parts: z.record(z.string(), z.number()).optional().describe('Parts of the score, with explain'),
})

const listSchema = z.array(z.string()).max(TAGS_MAX)

export const queryMemoryTool = defineTool({
  name: 'query_memory',
  title: 'Query memory',
  description:
    'Searches all memories this spore holds, its own and those of other spores, and gives the best hits with author and trust. ' +
    'Use the words of the question. An empty query lists the newest.',
  annotations: READS,
  input: z.strictObject({
    query: z.string().max(QUERY_CHARS_MAX).describe('What to look for, in plain words'),
    limit: z.number().int().min(1).max(PAGE_MAX).default(MCP_HITS_DEFAULT).describe('Hits in this reply'),
    offset: z
      .number()
      .int()
      .min(0)
      .max(PAGE_MAX - 1)
      .default(0)
      .describe('Hits to leave out: nextOffset of the reply before'),
    spaces: listSchema.optional().describe('Only in these spaces'),
    authors: listSchema.optional().describe('Only by these authors (did:key or its last 8 characters)'),
    tags: listSchema.optional().describe('Only with all of these tags'),
    kinds: z
      .array(z.enum(KIND_NAMES))
      .optional()
      .describe('Only these kinds of entries; memories are searched'),
    thread: searchQuerySchema.shape.thread.describe('Only in this conversation or document'),
    since: searchQuerySchema.shape.since.describe('Not older than this instant (ISO 8601 with a zone)'),
    until: searchQuerySchema.shape.until.describe('Not newer than this instant'),
    without: z.array(z.enum(SCORE_PARTS)).optional().describe('What is left out of the scores'),
    fold: z.boolean().default(true).describe('Near-duplicates stand behind the best of them'),
    explain: z.boolean().default(false).describe('Adds the parts of each score'),
    mode: searchQuerySchema.shape.mode,
  }),
  output: z.object({
    hits: z.array(hitSchema),
    total: z.number().int().describe('How many matched'),
    nextOffset: z.number().int().nullable().describe('Pass it as offset for the next page; null at the end'),
    removedBy: z.array(z.string()).optional().describe('Of an empty reply: the filters that removed hits'),
    degraded: searchReplySchema.shape.degraded,
  }),
  async handle({ query, limit, offset, ...filters }, { backend, own }) {
    const end = Math.min(offset + limit, PAGE_MAX)
    const reply = await backend.search({ ...filters, q: query, limit: end })
    if (!reply.ok) return reply
    const { total, removedBy, degraded } = reply.value
    const page = reply.value.hits.slice(offset, end)
    const more = end < PAGE_MAX && offset + page.length < total && page.length > 0
    return ok(
      fitTexts(page, own, MCP_REPLY_BYTES_MAX, (hits) => ({
        hits: hits.map(toHit),
        total,
        nextOffset: more ? offset + page.length : null,
        ...(removedBy ? { removedBy } : {}),
        ...(degraded ? { degraded } : {}),
      })),
    )
  },
})

/** Leaves out what is not there: a reply of ten hits is paid for by the token. */
const toHit = (hit: Hit & { cut: boolean }): z.infer<typeof hitSchema> => ({
  id: hit.id,
  text: hit.text,
  cut: hit.cut,
  score: Math.round(hit.score * 1000) / 1000,
  author: hit.author,
  trust: hit.trust === null ? null : Math.round(hit.trust * 1000) / 1000,
  ...(hit.tier ? { tier: hit.tier } : {}),
  ...(hit.quarantined ? { quarantined: true as const } : {}),
  ...(hit.moderation ? { moderation: hit.moderation } : {}),
  space: hit.space,
  ...(hit.thread === null ? {} : { thread: hit.thread }),
  ...(hit.position === null ? {} : { position: hit.position }),
  ...(hit.speaker === null ? {} : { speaker: hit.speaker }),
  ...(hit.tags.length === 0 ? {} : { tags: hit.tags }),
  createdAt: hit.createdAt,
  ...(hit.copies ? { copies: hit.copies.length } : {}),
  ...(hit.parts ? { parts: rounded(hit.parts) } : {}),
})

const rounded = (parts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, Math.round(part * 1000) / 1000]))
