/** What the API says of finding others: the seed list in use, and spores found by what they are for. */
import { z } from 'zod'
import { LABEL_CHARS_MAX, LABELS_MAX } from './limits.ts'

export const bootstrapViewSchema = z
  .object({
    isOn: z.boolean(),
    source: z
      .enum(['fetched', 'kept', 'packaged'])
      .nullable()
      .describe('Where the seed list in use comes from; kept: the last good one that was fetched'),
    seeds: z.number().int(),
    issued: z.string().nullable(),
    expires: z.string().nullable(),
    checkedAt: z.string().nullable().describe('When a list was last fetched, or could not be'),
    problem: z.string().nullable().describe('Why the newest list is not in use'),
  })
  .meta({ id: 'Bootstrap' })
export type BootstrapView = z.infer<typeof bootstrapViewSchema>

const labelsOf = (what: string) =>
  z
    .union([z.array(z.string()), z.string().transform((list) => list.split(',').filter(Boolean))])
    .pipe(z.array(z.string().min(1).max(LABEL_CHARS_MAX)).max(LABELS_MAX))
    .default([])
    .describe(`${what}; more than one by repeating it, or with commas: all of them are wanted`)

/** What is asked of `GET /api/peers`: without any of these, all peers. */
export const peerQuerySchema = z.strictObject({
  role: labelsOf('What a spore does for others'),
  tag: labelsOf('What it is about'),
  family: labelsOf('A family of models that it has'),
})
export type PeerQuery = z.infer<typeof peerQuerySchema>

export const foundSporeSchema = z
  .object({
    spore: z.string().describe('Its did:key, which signed all of this but `from`'),
    name: z.string(),
    url: z.string().nullable().describe('Where it says to answer; null where this spore may not connect'),
    roles: z.array(z.string()),
    tags: z.array(z.string()),
    families: z.array(z.string()),
    issuedAt: z.string(),
    from: z.string().nullable().describe('The neighbour that told of it; null where it is known here'),
  })
  .meta({ id: 'FoundSpore' })
export type FoundSpore = z.infer<typeof foundSporeSchema>
