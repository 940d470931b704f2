/** What is told of embeddings: how a search was carried out, and how far the vectors have come. */
import { z } from 'zod'

/**
 * Characters of others' texts that are sent to the embedding provider on one day, unless the operator says otherwise: ~50,000
 * memories, 2.5 M tokens, which cost cents at today's prices. Whoever writes how much to this spore cannot make it spend more.
 */
export const EMBEDDINGS_FOREIGN_CHARS_PER_DAY = 10_000_000

/** How a search finds: by words and meaning together, or by one of them. */
export const SEARCH_MODES = ['hybrid', 'lexical', 'dense'] as const
export type SearchMode = (typeof SEARCH_MODES)[number]

export const searchModeSchema = z
  .enum(SEARCH_MODES)
  .describe('By words and meaning, by words alone, by meaning alone; default: hybrid where there is a model')

/** Why a search did less than it was asked for. */
export const degradedSchema = z
  .object({ code: z.string().describe('A code of the error registry'), detail: z.string() })
  .describe('Why meaning did not count, or not of every memory')

export const embeddingsSchema = z
  .object({
    isOn: z.boolean().describe('A model is configured'),
    model: z.string().nullable(),
    dimension: z.number().int().nullable().describe('Numbers of a vector, once one is known'),
    vectors: z.number().int().describe('Memories that can be found by meaning'),
    waiting: z.number().int().describe('Entries that were not looked at yet'),
    refused: z.number().int().describe('Texts that the provider refused since the start'),
    index: z
      .enum(['exact', 'hnsw'])
      .describe('Whether all vectors are compared, or a graph leads to the closest'),
    unbuilt: z.number().int().describe('Vectors that the graph does not have yet'),
    bytes: z.number().int().describe('Memory that the vectors take'),
    foreignCharsToday: z.number().int().describe('Characters of others’ texts that were sent today'),
    isBudgetSpent: z.boolean().describe('More of them wait for tomorrow'),
    problem: degradedSchema.nullable().describe('What keeps it from working just now'),
    note: z.string().nullable(),
  })
  .meta({ id: 'Embeddings' })
export type EmbeddingsView = z.infer<typeof embeddingsSchema>
