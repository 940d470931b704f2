/**
 * Schemas of the HTTP API's bodies and of what the `Spore` interface takes and gives; MCP tools and the CLI use the
 * same ones. Types are inferred. Unknown fields are refused: a misspelt option must not be silently ignored.
 */
import { z } from 'zod'
import { idSchema, instantSchema, limitSchema, spaceSchema, text } from './api-base.ts'
import { bootstrapViewSchema, foundSporeSchema } from './api-discovery.ts'
import { degradedSchema, embeddingsSchema, SEARCH_MODES, searchModeSchema } from './api-embeddings.ts'
import { keptSchema, quarantineSchema } from './api-kept.ts'
import { modelsSchema } from './api-models.ts'
import { peerSchema } from './api-peers.ts'
import { tierSchema, trustFiguresSchema } from './api-trust.ts'
import { KIND_NAMES } from './kinds.ts'
import * as limits from './limits.ts'
import { SCORE_PARTS } from './score-parts.ts'
import { watchdogSchema } from './vitals.ts'

export { idSchema, spaceSchema } from './api-base.ts'
export * from './events-api.ts'

// --- Memories ---

const tagSchema = text(limits.TAG_CHARS_MAX)

export const rememberSchema = z
  .strictObject({
    // Emptiness and size have codes of their own (TEXT_EMPTY, TEXT_TOO_LARGE), so they are checked behind the schema.
    text: z.string().describe('What to remember, at most 64 KiB of UTF-8'),
    tags: z.array(tagSchema).max(limits.TAGS_MAX).optional(),
    thread: text(limits.THREAD_CHARS_MAX).optional().describe('The conversation or document it belongs to'),
    position: z.number().int().min(0).optional().describe('Order within the thread'),
    speaker: text(limits.SPEAKER_CHARS_MAX).optional().describe('Who said it, in a conversation'),
    space: spaceSchema.optional().describe('Default: the spore’s default space, normally `private`'),
    sources: z
      .array(text(limits.SOURCE_CHARS_MAX))
      .max(limits.SOURCES_MAX)
      .optional()
      .describe('Ids of memories, URLs or paths it rests on'),
    key: text(limits.KEY_CHARS_MAX).optional().describe('Idempotency key: a retry with it changes nothing'),
  })
  .meta({ id: 'Remember' })
export type RememberInput = z.infer<typeof rememberSchema>

export const rememberedSchema = z
  .object({ id: idSchema, duplicate: z.boolean().describe('True where it was already remembered') })
  .meta({ id: 'Remembered' })
export type Remembered = z.infer<typeof rememberedSchema>

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    instance: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457) with a code of the error registry' })
export type Problem = z.infer<typeof problemSchema>

export const dotSchema = z.object({
  author: z.string(),
  space: z.string(),
  log: z.string().describe('Log id, 22 characters of base64url'),
  seq: z.number().int(),
  entry: idSchema.describe('Id of the entry: CID of its header'),
  createdAt: z.string(),
})

const moderationLabelSchema = z
  .enum(['limited', 'muted'])
  .optional()
  .describe('What the operator ruled about its author, where there is a rule')

const quarantinedSchema = z
  .literal(true)
  .optional()
  .describe(
    'Set where nobody who carries it, or somebody whom it rests on, is trusted here: it is found, and no model reads it unless asked to',
  )

export const memorySchema = z
  .object({
    id: idSchema,
    text: z.string(),
    tags: z.array(z.string()),
    thread: z.string().nullable(),
    position: z.number().int().nullable(),
    speaker: z.string().nullable(),
    sources: z.array(z.string()),
    author: z.string().describe('Author of its earliest dot'),
    space: z.string(),
    createdAt: z.string(),
    trust: z.number().nullable().describe('1 for this spore’s own author, null while unknown'),
    quarantined: quarantinedSchema,
    moderation: moderationLabelSchema,
    dots: z
      .array(dotSchema)
      .describe(
        'Provenance: every entry that carries this memory and is not retracted; of a page of a space, those in it',
      ),
  })
  .meta({ id: 'Memory' })
export type MemoryView = z.infer<typeof memorySchema>

export const memoryPageQuerySchema = z.strictObject({
  limit: limitSchema(20),
  cursor: z.string().optional(),
  space: spaceSchema.optional(),
})
export type MemoryPageQuery = z.infer<typeof memoryPageQuerySchema>

export const memoryPageSchema = z
  .object({
    memories: z.number().int().describe('How many are visible'),
    entries: z.number().int(),
    frontier: z.array(
      z.object({
        log: z.string(),
        author: z.string(),
        space: z.string(),
        next: z.number().int().describe('Sequence number expected next'),
        chain: z.string().describe('Chain value, base64url'),
      }),
    ),
    recent: z.array(memorySchema).describe('Newest first'),
    cursor: z.string().nullable().describe('Pass it to get the page behind'),
  })
  .meta({ id: 'MemoryPage' })
export type MemoryPage = z.infer<typeof memoryPageSchema>

export const retractedSchema = z
  .object({
    id: idSchema,
    retracted: z.number().int().describe('How many of this spore’s dots were removed'),
    visible: z.boolean().describe('True where another author still carries it'),
  })
  .meta({ id: 'Retracted' })
export type Retracted = z.infer<typeof retractedSchema>

export const purgeAuthorInputSchema = z
  .strictObject({
    author: z.string().max(100).describe('did:key of the author'),
    descendants: z
      .boolean()
      .optional()
      .describe(
        'Also what rests on it, whoever wrote it: what cites it, answers that it was read for, memories of those',
      ),
    preview: z.boolean().optional().describe('Only count what would be purged, with `descendants`'),
  })
  .meta({ id: 'PurgeAuthorInput' })
export type PurgeAuthorInput = z.infer<typeof purgeAuthorInputSchema>

export const purgePreviewSchema = z
  .object({
    purged: z.number().int().describe('Payloads that would be purged and are not yet'),
    entries: z.number().int().describe('Entries whose bytes would be dropped'),
    descendants: z.number().int().describe('Payloads that only rest on what the author wrote'),
    own: z.number().int().describe('Payloads among all of these that this spore wrote itself'),
    ownShown: z.array(z.object({ id: idSchema, kind: z.string() })).describe('The first of them'),
  })
  .meta({ id: 'PurgePreview' })
export type PurgePreview = z.infer<typeof purgePreviewSchema>

export const purgedSchema = z
  .object({
    purged: z
      .number()
      .int()
      .describe('Payloads that are purged now and were not before: memories, and answers that quote them'),
    entries: z.number().int().describe('Entries whose bytes were dropped from the store'),
    total: z.number().int().describe('Payloads that are purged here in all'),
    preview: purgePreviewSchema.optional().describe('Where only a preview was asked for: nothing was purged'),
  })
  .meta({ id: 'Purged' })
export type Purged = z.infer<typeof purgedSchema>

export const purgeUndoneSchema = z
  .object({
    id: idSchema,
    total: z.number().int().describe('Payloads that are purged here in all'),
  })
  .meta({ id: 'PurgeUndone' })
export type PurgeUndone = z.infer<typeof purgeUndoneSchema>

// --- Search ---

/** A list in a query string: repeated, or once with commas. */
const listSchema = <T extends string>(item: z.ZodType<T, string>) =>
  z
    .union([z.array(z.string()), z.string().transform((list) => list.split(',').filter(Boolean))])
    .pipe(z.array(item).max(limits.TAGS_MAX))

const isSet = (flag: 'true' | 'false' | '1' | '0' | ''): boolean =>
  flag === 'true' || flag === '1' || flag === ''
const flagSchema = z.union([z.boolean(), z.enum(['true', 'false', '1', '0', '']).transform(isSet)])

export const searchQuerySchema = z.strictObject({
  q: z.string().max(limits.QUERY_CHARS_MAX).default('').describe('Empty lists the newest'),
  limit: limitSchema(10),
  spaces: listSchema(spaceSchema).optional(),
  authors: listSchema(z.string()).optional().describe('did:key or its last 8 characters'),
  tags: listSchema(tagSchema).optional().describe('All of them must be there'),
  kinds: listSchema(z.enum(KIND_NAMES))
    .optional()
    .describe('Kinds of entries; `memory` is the one that is searched, so a list without it finds nothing'),
  thread: z.string().max(limits.THREAD_CHARS_MAX).optional(),
  since: instantSchema.optional(),
  until: instantSchema.optional(),
  without: listSchema(z.enum(SCORE_PARTS)).optional().describe('What is left out of the scores'),
  mode: searchModeSchema.optional(),
  fold: flagSchema.default(true).describe('Near-duplicates stand behind the best of them'),
  explain: flagSchema.default(false).describe('Adds the parts of each score'),
})
export type SearchQuery = z.infer<typeof searchQuerySchema>
/** What a caller in this process passes: defaults may be left out. */
export type SearchInput = z.input<typeof searchQuerySchema>

export const hitSchema = z
  .object({
    id: idSchema,
    text: z.string(),
    score: z.number(),
    author: z.string(),
    space: z.string(),
    thread: z.string().nullable(),
    position: z.number().int().nullable(),
    speaker: z.string().nullable(),
    tags: z.array(z.string()),
    createdAt: z.string(),
    tier: tierSchema.optional().describe('What the trust in its author permits; none of this spore’s own'),
    trust: z.number().nullable(),
    quarantined: quarantinedSchema,
    moderation: moderationLabelSchema,
    copies: z
      .array(z.object({ id: idSchema, author: z.string() }))
      .optional()
      .describe('Near-duplicates that were folded into this hit'),
    parts: z.record(z.string(), z.number()).optional().describe('Score parts, with explain'),
  })
  .meta({ id: 'Hit' })
export type Hit = z.infer<typeof hitSchema>

export const searchReplySchema = z
  .object({
    hits: z.array(hitSchema),
    total: z.number().int().describe('How many matched within the filters'),
    isTotalExact: z.boolean().describe('False where no more was counted: total is the least it can be'),
    tookMs: z.number(),
    mode: z.enum([...SEARCH_MODES, 'newest']).describe('How it was searched'),
    degraded: degradedSchema.optional(),
    removedBy: z.array(z.string()).optional().describe('Of an empty reply: the filters that removed hits'),
  })
  .meta({ id: 'SearchReply' })
export type SearchReply = z.infer<typeof searchReplySchema>

// --- Context packs ---

export const contextQuerySchema = z.strictObject({
  q: z.string().min(1).max(limits.QUERY_CHARS_MAX),
  budget: z.coerce
    .number()
    .int()
    .min(limits.CONTEXT_TOKENS_MIN)
    .max(limits.CONTEXT_TOKENS_MAX)
    .default(limits.CONTEXT_TOKENS_DEFAULT)
    .describe('Tokens that the pack may have'),
  spaces: listSchema(spaceSchema).optional(),
  strangers: flagSchema
    .optional()
    .describe('Memories of authors who are not trusted here, too. Default: false'),
})
export type ContextQuery = z.infer<typeof contextQuerySchema>

export const contextPackSchema = z
  .object({
    text: z.string().describe('Quoted and fenced: data for a model, never instructions'),
    tokens: z.number().int().describe('Estimate, never above the budget'),
    items: z.array(z.object({ id: idSchema, author: z.string(), text: z.string(), score: z.number() })),
    degraded: degradedSchema.optional(),
  })
  .meta({ id: 'ContextPack' })
export type ContextPack = z.infer<typeof contextPackSchema>

// --- Tasks ---

export * from './api-quantum.ts'
export * from './api-tasks.ts'

// --- Peers and health ---

export * from './api-peers.ts'

export const peerPageSchema = z
  .object({
    peers: z.array(peerSchema).describe('Where labels are wanted: those that have them'),
    found: z.array(foundSporeSchema).describe('Where labels are wanted: who has them, peer or not'),
  })
  .meta({ id: 'PeerPage' })
export type PeerPage = z.infer<typeof peerPageSchema>

export const healthSchema = z
  .object({
    spore: z.string().describe('did:key of this spore'),
    name: z.string(),
    version: z.string(),
    network: z.string(),
    memories: z.number().int().describe('Visible memories'),
    entries: z.number().int(),
    damaged: z.number().int().describe('Entries that do not match their hash and were set aside'),
    quarantined: z
      .number()
      .int()
      .describe('Entries that a part of this program cannot handle: that part leaves them out'),
    quarantine: quarantineSchema,
    kept: keptSchema,
    trust: trustFiguresSchema,
    indexing: z.object({
      behind: z
        .number()
        .int()
        .describe('Entries that search does not find yet; they are indexed in the background'),
    }),
    purged: z.number().int().describe('Payloads that the operator purged: they are not taken again'),
    missing: z.number().int().describe('Older entries of long logs that are still being fetched'),
    embeddings: embeddingsSchema.optional(),
    models: modelsSchema.optional(),
    peers: z.array(peerSchema),
    tasks: z.number().int(),
    bootstrap: bootstrapViewSchema,
    defaultSpace: z.string(),
    durability: z.enum(['disk', 'snapshot', 'memory']),
    uptimeSeconds: z.number(),
    rssBytes: z.number().int(),
    watchdog: watchdogSchema.optional(),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof healthSchema>

export { type EmbeddingsView, embeddingsSchema } from './api-embeddings.ts'

export {
  TIERS,
  type Tier,
  type TrustInput,
  type TrustPage,
  type TrustPageQuery,
  type TrustView,
  trustInputSchema,
  trustPageQuerySchema,
  trustPageSchema,
  trustSchema,
} from './api-trust.ts'
