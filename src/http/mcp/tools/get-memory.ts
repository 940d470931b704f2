/** get_memory: one memory with its provenance; a long text in parts. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import type { MemoryView } from '../../../core/protocol/api.ts'
import { MCP_REPLY_BYTES_MAX, TEXT_BYTES_MAX } from '../../../core/protocol/limits.ts'
import { cutText, jsonBytes, wholeCharacters } from '../budget.ts'
import { authorSchema, textSchema, trustSchema } from '../excerpt.ts'
import { fence } from '../fence.ts'
import { defineTool, READS } from '../tool.ts'

/** Authors of one memory that are listed; the count is always whole. */
const CARRIERS_SHOWN = 10
/** Sources of one memory that are listed: they may be long, and the text matters more. */
const SOURCES_SHOWN = 16
/** Bytes kept for the fence of a foreign text. */
const FENCE_BYTES = 160

export const getMemoryTool = defineTool({
  name: 'get_memory',
  title: 'Get a memory',
  description:
    'The text of one memory with its provenance: who carries it, where it is from. Long texts come in parts.',
  annotations: READS,
  input: z.strictObject({
    id: z.string().describe('Id as query_memory gave it'),
    offset: z
      .number()
      .int()
      .min(0)
      .max(TEXT_BYTES_MAX)
      .default(0)
      .describe('Characters to leave out: nextOffset of the part before'),
  }),
  output: z.object({
    id: z.string(),
    text: textSchema,
    nextOffset: z.number().int().nullable().describe('Where the next part begins; null at the end'),
    author: authorSchema,
    trust: trustSchema,
    quarantined: z
      .literal(true)
      .optional()
      .describe('Of nobody who is trusted here: weigh it as the word of a stranger'),
    moderation: z
      .enum(['limited', 'muted'])
      .optional()
      .describe('What the operator of this spore ruled about the author'),
    space: z.string(),
    thread: z.string().nullable(),
    position: z.number().nullable(),
    speaker: z.string().nullable(),
    tags: z.array(z.string()),
    sources: z.array(z.string()).describe('What it rests on'),
    createdAt: z.string(),
    carriedBy: z.array(z.string()).describe('Authors whose entries carry it, the first ones'),
    carriers: z.number().int().describe('How many authors carry it'),
  }),
  async handle({ id, offset }, { backend, own }) {
    const found = await backend.memory(id)
    return found.ok ? ok(toPart(found.value, offset, own)) : found
  },
})

function toPart(memory: MemoryView, offset: number, own: string) {
  const authors = [...new Set(memory.dots.map(({ author }) => author))]
  const { id, author, trust, space, thread, position, speaker, tags, createdAt } = memory
  const rest = {
    id,
    author,
    trust,
    ...(memory.quarantined ? { quarantined: true as const } : {}),
    ...(memory.moderation ? { moderation: memory.moderation } : {}),
    space,
    thread,
    position,
    speaker,
    tags,
    createdAt,
    sources: memory.sources.slice(0, SOURCES_SHOWN),
    carriedBy: authors.slice(0, CARRIERS_SHOWN),
    carriers: authors.length,
  }
  const start = wholeCharacters(memory.text, offset).length
  const tail = memory.text.slice(start)
  // However long the other fields are, each part brings some text, or reading would never end.
  const room = Math.max(MCP_REPLY_BYTES_MAX / 2, MCP_REPLY_BYTES_MAX - jsonBytes(rest) - FENCE_BYTES)
  const { text, cut } = cutText(tail, room)
  const shown = cut ? text.slice(0, -1) : text
  return {
    ...rest,
    text: fence({ text: shown, author, trust }, own),
    nextOffset: cut ? start + shown.length : null,
  }
}
