/**
 * The settings of language models: which are asked and in which order, where the operator's own server is, what each costs, and what
 * may be spent. Keys are no settings (`secrets.ts`); whether one is there is asked when a spore starts (`cli/configured-models.ts`).
 */
import { z } from 'zod'
import { isLabel } from '../core/identity/profile.ts'
import { URL_CHARS_MAX } from '../core/protocol/limits.ts'
import { PRESETS } from './model-presets.ts'
import type { Field } from './schema.ts'
import { isSporeUrl } from './urls.ts'

/** Stands for the server at `models.endpoint` where else the name of a preset does. */
export const LOCAL = 'local'
/** The model of an endpoint of which no model is named: the first that it lists. */
export const AUTO_MODEL = `${LOCAL}/auto`
/** Models of a spore: one question asks a few of them at most. */
export const MODELS_MAX = 32
/** Models that have a price or a family; whoever tries many need not take them out each time. */
export const MODEL_NOTES_MAX = 256
/** Characters of a model's name, its provider's included: the longest of today have about 100. */
export const MODEL_CHARS_MAX = 200
/** Dollars per million tokens, and a day: more is a slip of the pen. */
export const PRICE_USD_MAX = 10_000
export const BUDGET_USD_MAX = 100_000
/** Calls a day: one each 10 ms. */
export const BUDGET_CALLS_MAX = 10_000_000

const providers: readonly string[] = [LOCAL, ...Object.keys(PRESETS)]

/** `provider/model`; a model may have slashes of its own. */
export const modelNameSchema = z
  .string()
  .max(MODEL_CHARS_MAX)
  .refine(isModelName, {
    error: `must be provider/model, without spaces, where the provider is one of ${providers.join(', ')}`,
  })

function isModelName(name: string): boolean {
  const slash = name.indexOf('/')
  return providers.includes(name.slice(0, slash)) && /^[\x21-\x7e]+$/.test(name.slice(slash + 1))
}

/** As the server at the endpoint calls it. */
const endpointModelSchema = z
  .string()
  .max(MODEL_CHARS_MAX - LOCAL.length - 1)
  .regex(/^[\x21-\x7e]+$/, 'must be the name of a model, without spaces')

const usd = (max: number) => z.number().min(0).max(max)

/** Dollars per million tokens. */
export interface Price {
  readonly input: number
  readonly output: number
}

const PRICE_FORM =
  'must be {input: dollars, output: dollars} per million tokens, the same as "0.59/0.79", or free'

/** `{input, output}`, the same as text `0.59/0.79`, or `free`. */
const priceSchema = z.union(
  [
    z.literal('free').transform((): Price => ({ input: 0, output: 0 })),
    z.strictObject({ input: usd(PRICE_USD_MAX), output: usd(PRICE_USD_MAX) }),
    z
      .string()
      .regex(/^\d+(\.\d+)?\/\d+(\.\d+)?$/)
      .transform((text): Price => {
        const [input, output] = text.split('/').map(Number) as [number, number]
        return { input, output }
      })
      .refine(({ input, output }) => Math.max(input, output) <= PRICE_USD_MAX, PRICE_FORM),
  ],
  PRICE_FORM,
)

const familySchema = z.string().refine(isLabel, 'must be lower-case letters and digits, as "llama"')

const byModel = <T extends z.ZodType>(of: T) =>
  z.record(modelNameSchema, of).refine((map) => Object.keys(map).length <= MODEL_NOTES_MAX, {
    error: `names more than ${MODEL_NOTES_MAX} models`,
  })

const distinct = (names: readonly string[]): boolean => new Set(names).size === names.length
const listOf = <T extends z.ZodType<string>>(name: T) =>
  z.array(name).max(MODELS_MAX).refine(distinct, 'names a model twice')

const calls = z.number().int().min(0).max(BUDGET_CALLS_MAX)
/** Null for no cap on dollars. */
const dollars = usd(BUDGET_USD_MAX).nullable()

export const modelsSection = z
  .strictObject({
    use: listOf(modelNameSchema).default([]),
    endpoint: z
      .string()
      .max(URL_CHARS_MAX)
      .refine(isSporeUrl, 'not an http(s) URL without credentials, query and fragment')
      .nullable()
      .default(null),
    endpointModels: listOf(endpointModelSchema).default([]),
    prices: byModel(priceSchema).default({}),
    families: byModel(familySchema).default({}),
    callsPerDay: calls.default(200),
    dollarsPerDay: dollars.default(1),
    freeCallsPerDay: calls.default(5_000),
    communityCallsPerDay: calls.default(0),
    communityDollarsPerDay: usd(BUDGET_USD_MAX).default(0),
    communityFreeCallsPerDay: calls.default(500),
    callsPerTask: calls.default(32),
    dollarsPerTask: dollars.default(null),
    callsPerAskerPerDay: calls.default(100),
  })
  .prefault({})

export const reasoningSection = z
  .strictObject({
    serve: z.enum(['own', 'trusted', 'all']).default('trusted'),
    ask: z.enum(['everyone', 'preferred']).default('everyone'),
  })
  .prefault({})

export type ModelsConfig = z.infer<typeof modelsSection>

const count = (name: string, variable: string): Field => ({
  path: `models.${name}`,
  kind: 'number',
  variables: [`SPORE_MODELS_${variable}`],
  unit: 'calls',
})
const money = (name: string, variable: string): Field => ({
  path: `models.${name}`,
  kind: 'decimal',
  variables: [`SPORE_MODELS_${variable}`],
  unit: 'dollars',
})

/** In the order of the template. */
export const MODEL_FIELDS: readonly Field[] = [
  { path: 'models.use', kind: 'list', variables: ['SPORE_MODELS'], unit: 'list of provider/model' },
  { path: 'models.endpoint', kind: 'text', variables: ['LLM_ENDPOINT'], unit: 'URL' },
  { path: 'models.endpointModels', kind: 'list', variables: ['LLM_MODEL'], unit: 'list of names' },
  {
    path: 'models.prices',
    kind: 'map',
    variables: ['SPORE_MODELS_PRICES'],
    unit: 'dollars per million tokens',
  },
  { path: 'models.families', kind: 'map', variables: ['SPORE_MODELS_FAMILIES'], unit: 'words by model' },
  count('callsPerDay', 'CALLS_PER_DAY'),
  money('dollarsPerDay', 'DOLLARS_PER_DAY'),
  count('freeCallsPerDay', 'FREE_CALLS_PER_DAY'),
  count('communityCallsPerDay', 'COMMUNITY_CALLS_PER_DAY'),
  money('communityDollarsPerDay', 'COMMUNITY_DOLLARS_PER_DAY'),
  count('communityFreeCallsPerDay', 'COMMUNITY_FREE_CALLS_PER_DAY'),
  count('callsPerTask', 'CALLS_PER_TASK'),
  money('dollarsPerTask', 'DOLLARS_PER_TASK'),
  count('callsPerAskerPerDay', 'CALLS_PER_ASKER_PER_DAY'),
  { path: 'reasoning.serve', kind: 'text', variables: ['SPORE_SERVE'], unit: 'own | trusted | all' },
  { path: 'reasoning.ask', kind: 'text', variables: ['SPORE_ASK'], unit: 'everyone | preferred' },
]

/** Settings that can do nothing without another one: the path of each, and what it needs. */
export function halfSetModels(models: ModelsConfig): { readonly path: string; readonly what: string }[] {
  const { use, endpoint, endpointModels, communityCallsPerDay, communityDollarsPerDay } = models
  const problems: { path: string; what: string }[] = []
  const local = use.find((name) => name.startsWith(`${LOCAL}/`))
  if (endpoint === null && local)
    problems.push({
      path: 'models.use',
      what: `"${local}" needs models.endpoint (LLM_ENDPOINT): where the server is`,
    })
  if (endpoint === null && endpointModels.length > 0)
    problems.push({
      path: 'models.endpointModels',
      what: 'models.endpointModels (LLM_MODEL) needs models.endpoint (LLM_ENDPOINT): where the server is',
    })
  if ((communityCallsPerDay === 0) !== (communityDollarsPerDay === 0))
    problems.push({
      path: communityCallsPerDay === 0 ? 'models.communityDollarsPerDay' : 'models.communityCallsPerDay',
      what: 'models.communityCallsPerDay and models.communityDollarsPerDay need one another: others may spend nothing while one of them is 0',
    })
  return problems
}

/** `provider/model` of each configured model, in the order in which they are asked. */
export function modelNames({ use, endpoint, endpointModels }: ModelsConfig): readonly string[] {
  const named = [...new Set([...use, ...endpointModels.map((name) => `${LOCAL}/${name}`)])]
  const isAuto = endpoint !== null && !named.some((name) => name.startsWith(`${LOCAL}/`))
  return isAuto ? [...named, AUTO_MODEL] : named
}
