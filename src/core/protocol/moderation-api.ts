/** Schemas of what the operator says about moderation, and of what is answered: HTTP bodies, and the `Moderator` interface. */
import { z } from 'zod'
import {
  DETAIL_CHARS_MAX,
  MODERATION_IMPORT_CHARS_MAX,
  MODERATION_REASON_CHARS_MAX,
  MODERATION_SOURCE_CHARS_MAX,
  MODERATION_TARGETS_MAX,
  PAGE_MAX,
  URL_CHARS_MAX,
} from './limits.ts'

const wellFormed = (text: string) => text.isWellFormed()
const words = (max: number) => z.string().max(max).refine(wellFormed, 'not well-formed Unicode')
const pageLimit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX)

export const ruleActionSchema = z
  .enum(['block', 'mute', 'limit', 'allow'])
  .describe(
    'block: no exchange with a peer, nothing taken or shown of an author. mute: not shown. limit: shown with a label, in no context; a peer gets no link. allow: exempt from wider rules',
  )
export const ruleKindSchema = z.enum(['peer', 'author', 'domain'])

const targetSchema = z.strictObject({
  kind: ruleKindSchema
    .optional()
    .describe('Left out: a did is a peer and an author, a URL a peer, anything else a domain'),
  value: z.string().min(1).max(URL_CHARS_MAX).describe('did:key, URL or domain'),
})
const targetsSchema = z.array(targetSchema).min(1).max(MODERATION_TARGETS_MAX)

const preview = z.boolean().default(false).describe('Says what would be hit, and changes nothing')
const force = z
  .boolean()
  .default(false)
  .describe('Also where it hits peers that the operator joined, or a whole top-level domain')
const reason = words(MODERATION_REASON_CHARS_MAX).default('').describe('Why, for the operator and the audit')
/** Seconds in ten years: whoever means longer means for good. */
const LASTS_MAX_SECONDS = 10 * 366 * 24 * 3600

export const ruleInputSchema = z
  .strictObject({
    action: ruleActionSchema,
    targets: targetsSchema,
    reason,
    lastsSeconds: z
      .number()
      .int()
      .min(1)
      .max(LASTS_MAX_SECONDS)
      .optional()
      .describe('The rule ends by itself after this; left out, it stays'),
    preview,
    force,
  })
  .meta({ id: 'MakeRule' })
export type RuleInput = z.input<typeof ruleInputSchema>

export const liftInputSchema = z
  .strictObject({ targets: targetsSchema, reason, preview, force })
  .meta({ id: 'LiftRule' })
export type LiftInput = z.input<typeof liftInputSchema>

export const allowOnlySchema = z.object({
  peers: z.boolean().describe('Only peers that are allowed are exchanged with'),
  authors: z.boolean().describe('Only entries of authors that are allowed are taken and shown'),
})
export const allowOnlyInputSchema = z
  .strictObject({ peers: z.boolean().optional(), authors: z.boolean().optional(), preview, force })
  .meta({ id: 'SetAllowOnly' })
export type AllowOnlyInput = z.input<typeof allowOnlyInputSchema>

export const ruleSchema = z
  .object({
    id: z.string().describe('Names the target: a rule and a draft about the same one have the same id'),
    kind: ruleKindSchema,
    target: z.string(),
    action: ruleActionSchema,
    reason: z.string(),
    createdAt: z.string(),
    until: z.string().nullable().describe('When it ends by itself; null for one that stays'),
    source: z.string().describe('Name of the list that it came from; empty for the operator’s own'),
  })
  .meta({ id: 'ModerationRule' })
export type RuleView = z.infer<typeof ruleSchema>

export const impactSchema = z
  .object({
    authors: z.number().int().describe('Authors whose standing changes'),
    logs: z.number().int(),
    entries: z.number().int(),
    memories: z.number().int().describe('Visible memories that nobody but these authors carries'),
    isComplete: z.boolean().describe('False where there are more memories than were counted'),
    peers: z.number().int().describe('Peers whose standing changes'),
    links: z.number().int().describe('Those of them that news go to at once'),
    examples: z.object({
      authors: z.array(z.string()),
      peers: z.array(z.string()),
      memories: z.array(z.object({ id: z.string(), author: z.string(), text: z.string() })),
    }),
  })
  .meta({ id: 'ModerationImpact' })
/** What a change of the rules hits. */
export type Impact = z.infer<typeof impactSchema>

const isApplied = z.boolean().describe('False for a preview')
export const ruledSchema = z
  .object({ applied: isApplied, rules: z.array(ruleSchema), impact: impactSchema })
  .meta({ id: 'ModerationRuled' })
export type Ruled = z.infer<typeof ruledSchema>

export const allowOnlyReplySchema = z
  .object({ applied: isApplied, allowOnly: allowOnlySchema, impact: impactSchema })
  .meta({ id: 'ModerationAllowOnly' })
export type AllowOnlyReply = z.infer<typeof allowOnlyReplySchema>

export const moderationPageQuerySchema = z.strictObject({ limit: pageLimit, cursor: z.string().optional() })
export type ModerationPageQuery = z.input<typeof moderationPageQuerySchema>

export const rulePageSchema = z
  .object({
    allowOnly: allowOnlySchema,
    total: z.number().int(),
    rules: z.array(ruleSchema).describe('Newest first'),
    drafts: z.number().int().describe('Drafts that wait'),
    cursor: z.string().nullable(),
  })
  .meta({ id: 'ModerationRulePage' })
export type RulePage = z.infer<typeof rulePageSchema>

export const draftPageSchema = z
  .object({ total: z.number().int(), drafts: z.array(ruleSchema), cursor: z.string().nullable() })
  .meta({ id: 'ModerationDraftPage' })
export type DraftPage = z.infer<typeof draftPageSchema>

export const auditPageSchema = z
  .object({
    records: z
      .array(
        z.object({
          number: z.number().int().describe('Without a gap; the oldest records are forgotten'),
          at: z.string(),
          by: z.string().describe('Who did it, as far as this spore knows; `clock` for what expired'),
          event: z.string(),
          kind: ruleKindSchema.nullable(),
          target: z.string().nullable(),
          action: ruleActionSchema.nullable(),
          count: z.number().int(),
          note: z.string(),
        }),
      )
      .describe('Newest first'),
    cursor: z.string().nullable(),
  })
  .meta({ id: 'ModerationAuditPage' })
export type AuditPage = z.infer<typeof auditPageSchema>

export const importInputSchema = z
  .strictObject({
    text: z
      .string()
      .max(MODERATION_IMPORT_CHARS_MAX)
      .describe('CSV as Mastodon exports it, lines with a domain, did or URL each, or JSON of a spore'),
    source: words(MODERATION_SOURCE_CHARS_MAX).min(1).describe('Name of the list'),
    action: ruleActionSchema.default('block').describe('Of lines that name none'),
  })
  .meta({ id: 'ImportBlockList' })
export type ImportInput = z.input<typeof importInputSchema>

export const importedSchema = z
  .object({
    drafts: z.number().int().describe('Drafts that now wait because of it'),
    known: z.number().int().describe('Lines that ask for what is a rule already'),
    skipped: z.number().int().describe('Lines that ask for nothing that a spore does'),
    unreadable: z.number().int(),
    problems: z
      .array(z.object({ line: z.number().int(), detail: z.string().max(DETAIL_CHARS_MAX) }))
      .describe('The first lines that were not understood'),
  })
  .meta({ id: 'ModerationImported' })
export type Imported = z.infer<typeof importedSchema>

const idsSchema = z.array(z.string().max(64)).min(1).max(PAGE_MAX).optional()
export const draftsInputSchema = z
  .strictObject({
    ids: idsSchema.describe('Left out: all of them, or all of `source`'),
    source: words(MODERATION_SOURCE_CHARS_MAX).optional().describe('Only drafts of this list'),
    preview,
    force,
  })
  .meta({ id: 'ChooseDrafts' })
export type DraftsInput = z.input<typeof draftsInputSchema>

export const draftsAppliedSchema = z
  .object({
    applied: isApplied,
    count: z.number().int().describe('Drafts that are rules now'),
    left: z.array(ruleSchema).describe('Drafts that hit this spore or peers that the operator joined'),
    impact: impactSchema,
  })
  .meta({ id: 'ModerationDraftsApplied' })
export type DraftsApplied = z.infer<typeof draftsAppliedSchema>

export const draftsDiscardedSchema = z
  .object({ discarded: z.number().int() })
  .meta({ id: 'ModerationDraftsDiscarded' })

export const exportQuerySchema = z.strictObject({
  form: z
    .enum(['json', 'csv'])
    .default('json')
    .describe('csv: domains that are blocked or limited, for Mastodon'),
})
export type ExportQuery = z.input<typeof exportQuerySchema>
export const exportedSchema = z
  .object({ form: z.string(), text: z.string() })
  .meta({ id: 'ModerationExport' })
export type Exported = z.infer<typeof exportedSchema>
