/** Schemas of trust: what is thought of an author, and why; and what an operator sets instead. */
import { z } from 'zod'
import { limitSchema, text } from './api-base.ts'

/** What a trust value permits, from the least. */
export const TIERS = ['stranger', 'observer', 'contributor', 'peer', 'commander'] as const
export type Tier = (typeof TIERS)[number]
export const tierSchema = z.enum(TIERS)

/** Characters of an operator's reason. */
export const TRUST_REASON_CHARS_MAX = 500

const share = z.number().min(0).max(1)
const outcomesSchema = z.object({ right: z.number(), wrong: z.number() })

export const trustScoreSchema = z.object({
  trust: share.describe('The chance that what it says turns out right'),
  uncertainty: share.describe('Standard deviation of that'),
  lower: share.describe('Lower confidence bound: tiers go by it'),
  own: outcomesSchema.describe('Outcomes that this spore has judged, weighed by age'),
  others: outcomesSchema.describe('Outcomes that others have judged, as far as they are believed'),
})

export const overrideSchema = z.object({
  trust: share,
  reason: z.string().nullable(),
  setAt: z.string(),
})

export const trustSchema = z
  .object({
    author: z.string(),
    trust: z.number().nullable().describe('1 for this spore’s own author, null while nothing is known'),
    uncertainty: z.number().nullable(),
    lower: z.number().nullable().describe('Lower confidence bound: tiers go by it'),
    tier: tierSchema,
    standing: z
      .enum(['self', 'unknown', 'chosen', 'judged', 'override', 'fault'])
      .describe(
        'What it rests on: chosen by the operator as a peer or member, judged by outcomes, set by hand, or a fault',
      ),
    isQuarantined: z
      .boolean()
      .describe('Searchable and labelled, and in no context pack until it is trusted or asked for'),
    domains: z.array(trustScoreSchema.extend({ domain: z.string() })),
    override: overrideSchema.nullable(),
    faults: z.array(z.string()).describe('What anybody can check'),
    reasons: z.array(z.string()),
    entries: z.number().int().describe('Entries of this author held here'),
  })
  .meta({ id: 'Trust' })
export type TrustView = z.infer<typeof trustSchema>

export const trustPageQuerySchema = z.strictObject({
  limit: limitSchema(20),
  cursor: z.string().optional(),
  tier: tierSchema.optional().describe('Of this tier alone'),
})
export type TrustPageQuery = z.infer<typeof trustPageQuerySchema>

export const trustPageSchema = z
  .object({ authors: z.array(trustSchema), total: z.number().int(), cursor: z.string().nullable() })
  .meta({ id: 'TrustPage' })
export type TrustPage = z.infer<typeof trustPageSchema>

export const trustFiguresSchema = z
  .object({
    authors: z
      .record(tierSchema, z.number().int())
      .describe('Peers and authors by tier; strangers and observers are quarantined'),
  })
  .describe('How far others are trusted here')

export const trustInputSchema = z
  .strictObject({
    trust: share.describe('What this spore is to think of the author, whatever the evidence says'),
    reason: text(TRUST_REASON_CHARS_MAX).optional(),
  })
  .meta({ id: 'SetTrust' })
export type TrustInput = z.infer<typeof trustInputSchema>
