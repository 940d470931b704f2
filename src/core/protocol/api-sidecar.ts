/** `GET /api/sidecar`: the search index beside the store, in numbers. */
import { z } from 'zod'
import { embeddingsSchema } from './api-embeddings.ts'

const figureSchema = z.number().int()

export const sidecarSchema = z
  .object({
    entries: figureSchema.describe('Memories that can be found'),
    behind: figureSchema.describe('Entries that search does not find yet'),
    dead: figureSchema.describe('Memories that are gone and still take room'),
    tokens: figureSchema.describe('Different words'),
    terms: figureSchema.describe('Different stems'),
    grams: figureSchema.describe('Different 4-grams'),
    bytes: figureSchema,
    bytesPerEntry: z.number().nullable().describe('Null while there are no entries'),
    segments: figureSchema.describe('Parts of the index: two while what lives is moved to a new one'),
    moving: z
      .object({ moved: figureSchema, of: figureSchema })
      .nullable()
      .describe('How far that has come; null while nothing is moved'),
    searchMs: z
      .object({
        searches: figureSchema.describe('Since the start'),
        p50: z.number().nullable(),
        p99: z.number().nullable(),
      })
      .describe('Milliseconds of the last 1,000 searches; null before the first'),
    recall: z
      .object({
        at10: z.number().nullable().describe('0 … 1; null where there was nothing to ask about'),
        questions: figureSchema,
        entries: figureSchema.describe('Memories that each was scored against'),
        auditedAt: z.string(),
        tookMs: z.number().describe('From its begin to its end; most of that other things went on'),
      })
      .nullable()
      .describe('Share of the best ten of an exhaustive search that search finds; null before an audit'),
    isAuditing: z.boolean(),
    dense: embeddingsSchema.nullable().describe('The index of embeddings; null where there is none'),
  })
  .meta({ id: 'Sidecar' })
export type SidecarView = z.infer<typeof sidecarSchema>
