/** What is told of language models: how each one does, and what the budget for them has left. No key stands in it, nor any word of a reply. */
import { z } from 'zod'

const codeSchema = z.string().describe('A code of the error registry')
const figure = z.number().int()
/** Dollars; a cap of null is none. */
const usd = z.number()

export const modelViewSchema = z
  .object({
    name: z.string().describe('`provider/model`'),
    family: z.string().describe('Models of one family make the same mistakes'),
    isFree: z.boolean(),
    price: z
      .object({ inputUsd: usd, outputUsd: usd })
      .nullable()
      .describe('Dollars per million tokens; null where the operator named none'),
    state: z
      .enum(['ready', 'cooling', 'trial', 'barred'])
      .describe(
        'cooling: left alone after failures; trial: its pause is over and no answer has come since; barred: no setting allows a call',
      ),
    advice: z.string().nullable().describe('Which setting to change where it is barred'),
    problem: z
      .object({ code: codeSchema, detail: z.string() })
      .nullable()
      .describe('Why its last call failed'),
    retryAfterSeconds: figure.describe('Until it is asked again; 0 where it may be now'),
    latencyMs: z.number().nullable().describe('What an answer takes; null before the first'),
    successShare: z.number().describe('0 … 1, the last ten calls count most'),
    calls: figure.describe('Since the start'),
    failed: figure,
  })
  .meta({ id: 'Model' })
export type ModelStatus = z.infer<typeof modelViewSchema>

const capSchema = z.object({ calls: figure, usd: usd.nullable() })

export const budgetSchema = z
  .object({
    accounts: z.array(
      z.object({
        name: z
          .enum(['own', 'community', 'free', 'freeCommunity'])
          .describe('Who asked: the operator’s own agents, or others; of models that cost, or that are free'),
        calls: figure,
        usd: usd.describe('Spent, or reserved by calls under way'),
        cap: capSchema,
      }),
    ),
    perTask: capSchema,
    perAsker: capSchema.describe('A day, for one asker other than the operator'),
    dayLeftSeconds: figure.describe('Until a new day begins: 24 hours of this spore’s time'),
  })
  .meta({ id: 'ModelBudget' })

export const modelsSchema = z
  .object({
    models: z.array(modelViewSchema).describe('In the order in which they are asked'),
    budget: budgetSchema
      .nullable()
      .describe('Null where there is no model, and while the spore still reads its store'),
  })
  .meta({ id: 'Models' })
export type ModelsView = z.infer<typeof modelsSchema>

/** Milliseconds that a check gives each model: clients give up after half a minute. */
export const CHECK_TIMEOUT_MS_MAX = 20_000

export const checkModelsSchema = z
  .strictObject({
    timeoutMs: z.number().int().min(100).max(CHECK_TIMEOUT_MS_MAX).default(CHECK_TIMEOUT_MS_MAX),
  })
  .meta({ id: 'CheckModels' })
export type CheckModelsInput = z.infer<typeof checkModelsSchema>

/** Characters of a reply that a check shows. */
export const CHECK_REPLY_CHARS_MAX = 80

export const modelCheckSchema = z
  .object({
    name: z.string(),
    isOk: z.boolean(),
    reply: z.string().nullable().describe('The beginning of what it said; null where it failed'),
    problem: z.object({ code: codeSchema, detail: z.string() }).nullable(),
    tookMs: z.number(),
  })
  .meta({ id: 'ModelCheck' })
export type ModelCheck = z.infer<typeof modelCheckSchema>

export const modelsCheckedSchema = z
  .object({ checks: z.array(modelCheckSchema) })
  .meta({ id: 'ModelsChecked' })
export type ModelsChecked = z.infer<typeof modelsCheckedSchema>

/** A provider that this program knows by name. */
export const presetViewSchema = z
  .object({
    name: z.string(),
    keyVariable: z.string().describe('Environment variable of its key'),
    hasKey: z.boolean(),
    isUsed: z.boolean().describe('A model of it is configured'),
  })
  .meta({ id: 'ModelProvider' })
export type PresetView = z.infer<typeof presetViewSchema>

export const providersSchema = z
  .object({
    ...modelsSchema.shape,
    presets: z.array(presetViewSchema).describe('Providers known by name, and whether their key is there'),
  })
  .meta({ id: 'Providers' })
export type ProvidersView = z.infer<typeof providersSchema>

/** `models` is not there where none is configured. */
export const toProviders = (
  models: ModelsView | undefined,
  presets: readonly PresetView[],
): ProvidersView => ({ ...(models ?? { models: [], budget: null }), presets: [...presets] })
