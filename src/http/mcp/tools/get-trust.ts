/** get_trust: how far this spore trusts one author, or all of them, in a line each. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { type TrustView, trustPageQuerySchema, trustSchema } from '../../../core/protocol/api.ts'
import { authorSchema } from '../excerpt.ts'
import { defineTool, READS } from '../tool.ts'

/** Authors that a reply lists unless more are asked for, and at most: of these it has about 3,000 tokens. */
const AUTHORS_DEFAULT = 20
export const AUTHORS_MAX = 50

const { trust, uncertainty, tier, standing, entries } = trustSchema.shape
const rowSchema = z.object({
  author: authorSchema,
  trust,
  uncertainty,
  tier,
  standing,
  quarantined: trustSchema.shape.isQuarantined,
  entries,
})

export const getTrustTool = defineTool({
  name: 'get_trust',
  title: 'Get trust',
  description:
    'How far this spore trusts an author, or without one all authors, the most trusted first. explain_trust gives the reasons.',
  annotations: READS,
  input: z.strictObject({
    author: z.string().optional().describe('did:key of the author, or its last 8 characters'),
    tier: trustPageQuerySchema.shape.tier,
    limit: z.number().int().min(1).max(AUTHORS_MAX).default(AUTHORS_DEFAULT),
    cursor: z.string().optional().describe('That of the reply before'),
  }),
  output: z.object({
    authors: z.array(rowSchema),
    total: z.number().int(),
    cursor: z.string().nullable().describe('Of the next page; null at the end'),
  }),
  async handle({ author, ...query }, { backend }) {
    if (author === undefined) {
      const page = await backend.trustPage(query)
      return page.ok ? ok({ ...page.value, authors: page.value.authors.map(toRow) }) : page
    }
    const found = await backend.trust(author)
    return found.ok ? ok({ authors: [toRow(found.value)], total: 1, cursor: null }) : found
  },
})

const toRow = (view: TrustView): z.infer<typeof rowSchema> => ({
  author: view.author,
  trust: rounded(view.trust),
  uncertainty: rounded(view.uncertainty),
  tier: view.tier,
  standing: view.standing,
  quarantined: view.isQuarantined,
  entries: view.entries,
})

/** To a thousandth: a reply is paid for by the token. */
export const rounded = <T extends number | null>(value: T): T =>
  (value === null ? null : Math.round(value * 1000) / 1000) as T
