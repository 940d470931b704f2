/** Schemas of questions, of what was said about them, and of their answers. */
import { z } from 'zod'
import { idSchema, instantSchema, limitSchema, spaceSchema, text } from './api-base.ts'
import * as limits from './limits.ts'
import * as bounds from './task-limits.ts'
import { EFFORTS, ROLES, RULES, VERDICTS } from './task-payloads.ts'

/** Who is asked to answer: everybody who works for the asker, or those whose answers are worth most. */
export const ASKS = ['everyone', 'preferred'] as const
export type Ask = (typeof ASKS)[number]

export const taskInputSchema = z
  .strictObject({
    task: z.string().max(limits.TASK_CHARS_MAX).describe('The question'),
    space: spaceSchema.optional(),
    effort: z
      .enum(EFFORTS)
      .optional()
      .describe('quick: first answers alone; standard: reviewed and revised once; deep: up to 8 rounds'),
    deadline: z
      .union([z.number().int().min(1).max(bounds.TASK_SECONDS_MAX), instantSchema])
      .optional()
      .describe('Seconds from now, or an instant; the default is that of the effort'),
    answers: z
      .number()
      .int()
      .min(1)
      .max(bounds.TASK_ANSWERS_MAX)
      .optional()
      .describe('First answers to wait for before any is shown'),
    choices: z
      .array(text(bounds.CHOICE_CHARS_MAX))
      .min(2)
      .max(bounds.CHOICES_MAX)
      .optional()
      .describe('The answers that there are; without them the question is open'),
    roles: z
      .array(z.enum(ROLES))
      .max(bounds.TASK_ROLES_MAX)
      .optional()
      .describe('Lenses that contributors reason through'),
    domain: text(bounds.DOMAIN_CHARS_MAX)
      .optional()
      .describe(
        'What it is about, as `medicine` or `code`: who is trusted in one domain need not be in another',
      ),
    ask: z
      .enum(ASKS)
      .optional()
      .describe(
        'Who is asked: everyone who works for this spore, or those whose answers have been worth most; the default is set by `reasoning.ask`',
      ),
    fresh: z
      .boolean()
      .optional()
      .describe(
        'Ask anew though it is answered; one that failed, or was answered without a model, is anyway',
      ),
  })
  .meta({ id: 'SubmitTask' })
export type TaskInput = z.infer<typeof taskInputSchema>

export const taskStatusSchema = z.enum(['open', 'converged', 'failed', 'cancelled'])
export type TaskStatus = z.infer<typeof taskStatusSchema>

/** Phases of a task at one spore (05-reasoning §1); `done` once it has an answer, has failed or was cancelled. */
export const PHASES = ['diverge', 'reveal', 'deepen', 'converge', 'synthesize', 'done'] as const
export type Phase = (typeof PHASES)[number]
export const phaseSchema = z.enum(PHASES)

export const taskAcceptedSchema = z
  .object({ task_id: idSchema, status: taskStatusSchema })
  .meta({ id: 'TaskAccepted' })
export type TaskAccepted = z.infer<typeof taskAcceptedSchema>

export const sourceSchema = z
  .object({
    id: idSchema,
    quote: z.string().describe('The sentence of it that the answer uses, to the letter'),
    author: z.string().nullable().describe('Null where the memory is not held here'),
    thread: z.string().nullable(),
    position: z.number().int().nullable(),
  })
  .meta({ id: 'Source' })
export type Source = z.infer<typeof sourceSchema>

export const contributionSchema = z
  .object({
    id: idSchema,
    author: z.string(),
    model: z.string(),
    family: z.string().nullable().describe('Models of one family make the same mistakes'),
    role: z.string().nullable(),
    round: z.number().int(),
    text: z.string().nullable(),
    others: z.array(z.object({ text: z.string(), share: z.number() })).describe('What else it held possible'),
    confidence: z
      .number()
      .nullable()
      .describe('As stated, 0 … 1; it counts as far as earlier ones were right'),
    reason: z.string().nullable(),
    failure: z.string().nullable().describe('Why there is no answer, where there is none'),
    sources: z.array(idSchema),
    wasSealed: z.boolean().describe('It was fixed before the answers of others could be known'),
    createdAt: z.string(),
  })
  .meta({ id: 'Contribution' })
export type Contribution = z.infer<typeof contributionSchema>

export const reviewSchema = z
  .object({
    id: idSchema,
    author: z.string(),
    model: z.string(),
    round: z.number().int(),
    ranking: z
      .array(z.object({ contribution: idSchema, flaw: z.string().nullable() }))
      .describe('The best first'),
    createdAt: z.string(),
  })
  .meta({ id: 'Review' })
export type Review = z.infer<typeof reviewSchema>

const massSchema = z.object({
  answer: z.string(),
  share: z.number().describe('Of all mass, 0 … 1'),
  authors: z.array(z.string()),
})
export const dissentSchema = massSchema.extend({
  reasons: z.array(z.object({ author: z.string(), reason: z.string() })),
})
export const resolutionSchema = z
  .object({
    verdict: z.enum(VERDICTS),
    correction: z.string().nullable(),
    author: z.string(),
    createdAt: z.string(),
  })
  .meta({ id: 'Resolution' })

/** How an answer came about: whoever has the contributions and these weights can compute it again. */
export const settlementSchema = z
  .object({
    conclusion: z.string().describe('The answer in as few words as it was given in'),
    rule: z.enum(RULES),
    margin: z
      .number()
      .describe('Share of all mass above the next answer; below 0 where one contributor overruled'),
    masses: z.array(massSchema).describe('The heaviest first'),
    dissent: z.array(dissentSchema),
    participants: z.array(
      z.object({
        contribution: idSchema,
        author: z.string(),
        model: z.string(),
        answer: z.string(),
        mass: z.number(),
      }),
    ),
    synthesizer: z.string().describe('The spore that put it together'),
    writer: z
      .string()
      .nullable()
      .describe('The model that wrote the text; null where it is a contributor’s own'),
    ownView: z
      .object({ conclusion: z.string(), rule: z.enum(RULES), margin: z.number() })
      .nullable()
      .describe('What this spore’s own trust makes of the same answers, where that is something else'),
  })
  .meta({ id: 'Settlement' })
export type Settlement = z.infer<typeof settlementSchema>

export const taskSchema = z
  .object({
    task_id: idSchema,
    task: z.string(),
    space: z.string(),
    author: z.string().describe('Who asked first'),
    askers: z.array(z.string()).describe('All who asked the same'),
    effort: z.enum(EFFORTS),
    choices: z.array(z.string()),
    domain: z.string().describe('What it is about: the domain in which contributors are trusted'),
    attempt: z.number().int().describe('How often it was asked anew'),
    status: taskStatusSchema,
    phase: phaseSchema,
    round: z.number().int(),
    answer: z.string().nullable(),
    reason: z.string().nullable().describe('Of a failed task: why there is no answer'),
    settlement: settlementSchema.nullable(),
    sources: z.array(sourceSchema),
    degraded: z.boolean(),
    degradedBecause: z.array(z.string()),
    agreement: z.array(z.number()).describe('Of each round, 0 … 1'),
    missing: z
      .array(z.object({ author: z.string(), why: z.string() }))
      .describe('Who was asked here and has not answered'),
    called: z
      .array(z.string())
      .describe('Who was asked to answer, the most wanted first; empty where everybody may'),
    seals: z.number().int().describe('Answers that are fixed, shown or not'),
    contributions: z.array(contributionSchema),
    reviews: z.array(reviewSchema),
    resolution: resolutionSchema.nullable(),
    createdAt: z.string(),
    deadlineAt: z.string(),
    answeredAt: z.string().nullable(),
  })
  .meta({ id: 'Task' })
export type TaskView = z.infer<typeof taskSchema>

export const taskPageQuerySchema = z.strictObject({
  limit: limitSchema(20),
  cursor: z.string().optional(),
  status: taskStatusSchema.optional(),
  space: spaceSchema.optional(),
})
export type TaskPageQuery = z.infer<typeof taskPageQuerySchema>

export const taskPageSchema = z
  .object({ tasks: z.array(taskSchema), total: z.number().int(), cursor: z.string().nullable() })
  .meta({ id: 'TaskPage' })
export type TaskPage = z.infer<typeof taskPageSchema>

export const answerPageQuerySchema = z.strictObject({
  limit: limitSchema(20),
  cursor: z.string().optional(),
  space: spaceSchema.optional(),
})
export type AnswerPageQuery = z.infer<typeof answerPageQuerySchema>

export const answerSchema = z
  .object({
    ...taskSchema.pick({ task_id: true, task: true, space: true, author: true, settlement: true }).shape,
    answer: z.string(),
    ...taskSchema.pick({ degraded: true, degradedBecause: true, sources: true, agreement: true }).shape,
    ...taskSchema.pick({ resolution: true, createdAt: true }).shape,
    answeredAt: z.string(),
  })
  .meta({ id: 'Answer' })
export type AnswerView = z.infer<typeof answerSchema>

export const answerPageSchema = z
  .object({ answers: z.array(answerSchema), total: z.number().int(), cursor: z.string().nullable() })
  .meta({ id: 'AnswerPage' })
export type AnswerPage = z.infer<typeof answerPageSchema>

export const convergenceQuerySchema = z.strictObject({
  task: idSchema.optional().describe('One task; else all that are open'),
  limit: limitSchema(20),
})
export type ConvergenceQuery = z.infer<typeof convergenceQuerySchema>

export const convergenceSchema = z
  .object({
    tasks: z.array(
      z.object({
        ...taskSchema.pick({ task_id: true, status: true, phase: true, round: true, agreement: true }).shape,
        ...taskSchema.pick({ seals: true, missing: true, deadlineAt: true }).shape,
        answers: z.number().int().describe('Answers that are shown, of the round'),
        wanted: z.number().int().describe('Answers that this spore waits for'),
        threshold: z.number().describe('Agreement from which on a round counts as agreed'),
        verdict: z
          .enum(['open', 'premature', 'converged', 'dissent'])
          .describe('What its rounds come to so far'),
      }),
    ),
    open: z.number().int().describe('Tasks that are open here'),
  })
  .meta({ id: 'Convergence' })
export type Convergence = z.infer<typeof convergenceSchema>

export const resolutionInputSchema = z
  .strictObject({
    verdict: z.enum(VERDICTS),
    correction: text(bounds.ANSWER_CHARS_MAX)
      .optional()
      .describe('The right answer; only where it is corrected'),
  })
  .refine(({ verdict, correction }) => (verdict === 'corrected') === (correction !== undefined), {
    error: 'a correction is given where, and only where, the verdict is "corrected"',
  })
  .meta({ id: 'Resolve' })
export type ResolutionInput = z.infer<typeof resolutionInputSchema>

/** What happens at a task, as it happens here: `task` first and last, the others in between. */
export const taskEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('task'), task: taskSchema }),
  z.object({ type: z.literal('phase'), phase: phaseSchema, round: z.number().int() }),
  z.object({ type: z.literal('seal'), author: z.string(), round: z.number().int() }),
  z.object({ type: z.literal('contribution'), contribution: contributionSchema }),
  z.object({ type: z.literal('review'), review: reviewSchema }),
  z.object({ type: z.literal('done'), task: taskSchema }),
])
export type TaskEvent = z.infer<typeof taskEventSchema>
