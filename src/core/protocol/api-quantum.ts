/** Schemas of `GET /api/quantum`: what the quantum-inspired layer did in each task (docs/synthesis.md). */
import { z } from 'zod'
import { idSchema, limitSchema } from './api-base.ts'
import { taskSchema } from './api-tasks.ts'

export const quantumQuerySchema = z.strictObject({
  task: idSchema.optional().describe('One task; else those asked last'),
  limit: limitSchema(20),
  cursor: z.string().optional(),
})
export type QuantumQuery = z.infer<typeof quantumQuerySchema>

const share = z.number().min(0).max(1)

const tunnellingSchema = z
  .object({
    chance: share.describe('min(.92, agreement · (1 − confidence) · (1 + dissent))'),
    confidence: share.nullable().describe('Mean of the stated ones; null where nobody stated one'),
    dissent: share.describe('Contributors whose likeliest answer is not the commonest'),
    seed: z.string().describe('Of the draw: 16 bytes of a hash of task and rounds, in hexadecimal'),
    draw: z.number().describe('The first 48 bits of the seed as a fraction; it fires below the chance'),
    premise: z.string().nullable().describe('The strongest minority answer; null where there is none'),
    isFired: z.boolean(),
  })
  .meta({ id: 'Tunnelling' })

const roundSchema = z.object({
  round: z.number().int(),
  kind: z.enum(['first', 'challenged', 'reopened', 'revised']).describe('As the entries tell it'),
  temperature: z.number().nullable().describe('Sampling temperature here; null for the provider’s own'),
  agreement: share,
  tunnelling: tunnellingSchema.nullable().describe('Null where the round did not converge'),
})

const contributorSchema = z.object({
  contribution: idSchema,
  author: z.string(),
  model: z.string(),
  answer: z.string(),
  weight: z.number().describe('By trust alone, micronats'),
  independence: z.number(),
  confidence: z.number(),
  interference: z.number().describe('1 where the mechanism is off, and for answers that are not first ones'),
  mass: z.number().describe('The product, whole micronats'),
})

export const quantumTaskSchema = z
  .object({
    ...taskSchema.pick({ task_id: true, status: true, effort: true, round: true }).shape,
    roundsMax: z.number().int().describe('Of its effort: annealing ends there'),
    rounds: z.array(roundSchema),
    hypotheses: z
      .array(z.object({ answer: z.string(), share, authors: z.array(z.string()) }))
      .describe('The superposition before it collapses, by this spore’s trust; the heaviest first'),
    contributors: z.array(contributorSchema),
    entangled: z
      .array(
        z.object({
          contributions: z.tuple([idSchema, idSchema]),
          overlap: share,
          because: z.enum(['owner', 'family', 'errors']),
        }),
      )
      .describe('The closest first'),
  })
  .meta({ id: 'QuantumTask' })
export type QuantumTask = z.infer<typeof quantumTaskSchema>

export const quantumSchema = z
  .object({
    switches: z
      .object({
        annealing: z.boolean(),
        superposition: z.boolean(),
        interference: z.boolean(),
        tunnelling: z.boolean(),
        entanglement: z.boolean(),
        decoherence: z.boolean(),
      })
      .describe('Which mechanisms are on'),
    decoherence: z
      .object({ rate: z.number(), floor: z.number(), weight: z.number() })
      .describe('Of memories: rate a day, the least that is left, weight in relevance'),
    tasks: z.array(quantumTaskSchema),
    total: z.number().int(),
    cursor: z.string().nullable(),
  })
  .meta({ id: 'Quantum' })
export type Quantum = z.infer<typeof quantumSchema>
