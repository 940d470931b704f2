/** collective_knowledge: what the spores together know on a topic, by author. */
import { z } from 'zod'
import { ok, type Result } from '../../../core/base/result.ts'
import type { Hit } from '../../../core/protocol/api.ts'
import type { Failure } from '../../../core/protocol/errors.ts'
import {
  MCP_HITS_DEFAULT,
  MCP_REPLY_BYTES_MAX,
  PAGE_MAX,
  QUERY_CHARS_MAX,
  TAGS_MAX,
} from '../../../core/protocol/limits.ts'
import type { ToolBackend } from '../backend.ts'
import { authorSchema, cutSchema, fitTexts, textSchema, trustSchema } from '../excerpt.ts'
import { defineTool, READS } from '../tool.ts'

/** Shared spaces that are searched: as many as one search takes. */
const SPACES_MAX = TAGS_MAX
/** Most passages of one reply: each is looked up for its provenance. */
const PASSAGES_MAX = 20

const passageSchema = z.object({
  id: z.string(),
  text: textSchema,
  cut: cutSchema,
  space: z.string(),
  createdAt: z.string(),
  carriers: z.number().int().describe('How many authors carry this same text in these spaces'),
})

export const collectiveKnowledgeTool = defineTool({
  name: 'collective_knowledge',
  title: 'Collective knowledge',
  description:
    'What this spore and its peers know on a topic: the best passages of shared spaces (never `private`), grouped by author, ' +
    'with how many authors carry each. It counts and quotes; it does not judge who is right.',
  annotations: READS,
  input: z.strictObject({
    topic: z.string().min(1).max(QUERY_CHARS_MAX).describe('The topic, in plain words'),
    limit: z
      .number()
      .int()
      .min(1)
      .max(PASSAGES_MAX)
      .default(MCP_HITS_DEFAULT)
      .describe('Passages in this reply, the best over all authors'),
  }),
  output: z.object({
    spaces: z.array(z.string()).describe('The shared spaces that were searched'),
    total: z.number().int().describe('How many memories matched'),
    counted: z.number().int().describe('How many of the best matches the counts by author rest on'),
    authors: z
      .array(
        z.object({
          author: authorSchema,
          own: z.boolean().describe('True for this spore itself'),
          trust: trustSchema,
          matches: z.number().int().describe('Of the counted matches, how many are by this author'),
          passages: z.array(passageSchema),
        }),
      )
      .describe('Authors with a passage in this reply, most matches first'),
    otherAuthors: z.number().int().describe('Authors with matches but without a passage in this reply'),
  }),
  async handle({ topic, limit }, { backend, own }) {
    const spaces = await sharedSpaces(backend)
    if (!spaces.ok) return spaces
    if (spaces.value.length === 0)
      return ok({ spaces: [], total: 0, counted: 0, authors: [], otherAuthors: 0 })
    const found = await backend.search({ q: topic, limit: PAGE_MAX, spaces: spaces.value })
    if (!found.ok) return found
    const { hits, total } = found.value
    const rows = await Promise.all(
      hits.slice(0, limit).map((hit) => withCarriers(hit, spaces.value, backend)),
    )
    return ok(
      fitTexts(rows, own, MCP_REPLY_BYTES_MAX, (shown) => {
        const authors = groupByAuthor(shown, hits, own)
        const all = new Set(hits.map(({ author }) => author)).size
        return {
          spaces: spaces.value,
          total,
          counted: hits.length,
          authors,
          otherAuthors: all - authors.length,
        }
      }),
    )
  },
})

/** The spaces of which this spore holds a log, but for private ones. */
async function sharedSpaces(backend: ToolBackend): Promise<Result<string[], Failure>> {
  const [page, known] = [await backend.memories({ limit: 1 }), await backend.spaces()]
  if (!page.ok) return page
  if (!known.ok) return known
  const held = new Set(page.value.frontier.map(({ space }) => space))
  const shared = known.value.filter(({ name, type }) => type !== 'private' && held.has(name))
  return ok(
    shared
      .map(({ name }) => name)
      .sort()
      .slice(0, SPACES_MAX),
  )
}

/** Who carries it in these spaces. A hit that was retracted meanwhile has no carrier left, and says so. */
async function withCarriers(
  hit: Hit,
  spaces: readonly string[],
  backend: ToolBackend,
): Promise<Hit & { carriers: number }> {
  const memory = await backend.memory(hit.id)
  const dots = memory.ok ? memory.value.dots.filter(({ space }) => spaces.includes(space)) : []
  const authors = new Set(dots.map(({ author }) => author))
  return { ...hit, carriers: authors.size }
}

function groupByAuthor(
  passages: readonly (Hit & { cut: boolean; carriers: number })[],
  hits: readonly Hit[],
  own: string,
) {
  const matches = Map.groupBy(hits, ({ author }) => author)
  return [...Map.groupBy(passages, ({ author }) => author)]
    .map(([author, of]) => ({
      author,
      own: author === own,
      trust: of[0]?.trust ?? null,
      matches: matches.get(author)?.length ?? 0,
      passages: of.map(({ id, text, cut, space, createdAt, carriers }) => ({
        id,
        text,
        cut,
        space,
        createdAt,
        carriers,
      })),
    }))
    .sort((a, b) => b.matches - a.matches)
}
