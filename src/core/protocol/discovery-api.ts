/** What the API says of finding others: the seed list in use, and spores found by what they are for. */
import { z } from 'zod'

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
