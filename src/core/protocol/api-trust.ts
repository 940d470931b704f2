/** `GET /api/trust`: what is thought of an author, and why. */
import { z } from 'zod'

export const trustSchema = z
  .object({
    author: z.string(),
    trust: z.number().nullable().describe('1 for this spore’s own author, null while unknown'),
    standing: z.enum(['self', 'unknown']),
    reasons: z.array(z.string()),
    entries: z.number().int().describe('Entries of this author held here'),
  })
  .meta({ id: 'Trust' })
export type TrustView = z.infer<typeof trustSchema>
