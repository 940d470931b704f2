/** Language models, their budget and their providers as lines for people. */
import type {
  ModelCheck,
  ModelStatus,
  ModelsView,
  PresetView,
  ProvidersView,
} from '../core/protocol/api-models.ts'
import { oneLine } from './terminal-text.ts'

export function describeProviders({ models, budget, presets }: ProvidersView): string {
  return [
    ...(models.length === 0 ? ['no language model: answers are sentences of what is remembered'] : []),
    ...models.map(describeModel),
    '',
    ...(budget ? [...describeBudget(budget), ''] : []),
    ...describePresets(presets),
    'a server of your own (Ollama, llama.cpp, vLLM, LM Studio): LLM_ENDPOINT, as http://127.0.0.1:11434/v1, and its models LLM_MODEL',
  ].join('\n')
}

function describeModel(model: ModelStatus): string {
  const { name, state, family, calls, failed, successShare, latencyMs, problem, advice } = model
  const pause = state === 'cooling' ? ` ${model.retryAfterSeconds} s` : ''
  const asked =
    calls === 0
      ? 'not asked yet'
      : `${calls} calls, ${failed} failed, ${Math.round(successShare * 100)} % of the last ones answered${latencyMs === null ? '' : ` in ${toSeconds(latencyMs)}`}`
  return [
    `${`${state}${pause}`.padEnd(12)}  ${oneLine(name, 200)}  ${oneLine(family, 64)}  ${describePrice(model)}`,
    `  ${asked}`,
    ...(problem ? [`  last problem: ${oneLine(problem.detail, 300)} [${problem.code}]`] : []),
    ...(advice === null ? [] : [`  → ${oneLine(advice, 500)}`]),
  ].join('\n')
}

function describePrice({ isFree, price }: ModelStatus): string {
  if (isFree) return 'free'
  return price ? `$${price.inputUsd} in, $${price.outputUsd} out per million tokens` : 'no price'
}

const toSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const ACCOUNTS = {
  own: 'yours, of models that cost',
  community: 'of others, of models that cost',
  free: 'yours, of free models',
  freeCommunity: 'of others, of free models',
} as const

function describeBudget({
  accounts,
  perTask,
  perAsker,
  dayLeftSeconds,
}: NonNullable<ModelsView['budget']>): string[] {
  const hours = Math.floor(dayLeftSeconds / 3600)
  const minutes = Math.ceil((dayLeftSeconds % 3600) / 60)
  return [
    `budget; the day ends in ${hours} h ${minutes} min`,
    ...accounts.map(
      ({ name, calls, usd, cap }) =>
        `  ${ACCOUNTS[name].padEnd(31)}  ${calls} of ${cap.calls} calls${cap.usd === null && usd === 0 ? '' : `, ${dollars(usd)}${cap.usd === null ? '' : ` of ${dollars(cap.usd)}`}`}`,
    ),
    `  one task: ${describeCap(perTask)}; one asker other than you: ${describeCap(perAsker)} a day`,
  ]
}

const describeCap = ({ calls, usd }: { readonly calls: number; readonly usd: number | null }): string =>
  `${calls} calls${usd === null ? '' : `, ${dollars(usd)}`}`

/** A call of a small model costs less than a cent. */
const dollars = (usd: number): string => `$${Number(usd.toFixed(6))}`

function describePresets(presets: readonly PresetView[]): string[] {
  const unused = presets.filter(({ hasKey, isUsed }) => hasKey && !isUsed)
  const without = presets.filter(({ hasKey }) => !hasKey)
  const missing = presets.filter(({ hasKey, isUsed }) => isUsed && !hasKey)
  return [
    ...missing.map(
      ({ name, keyVariable }) =>
        `models.use names ${name}, and ${keyVariable} is not set: no spore starts so`,
    ),
    ...unused.map(
      ({ name, keyVariable }) =>
        `${keyVariable} is set and not used: add "${name}/<model>" to models.use (SPORE_MODELS), and its price to models.prices`,
    ),
    ...(without.length > 0
      ? [`without a key: ${without.map(({ name, keyVariable }) => `${name} (${keyVariable})`).join(', ')}`]
      : []),
  ]
}

export function describeCheck({ name, isOk, reply, problem, tookMs }: ModelCheck): string {
  const said = isOk
    ? `says "${oneLine(reply ?? '', 80)}"`
    : `${oneLine(problem?.detail ?? '', 500)} [${problem?.code}]`
  return `${isOk ? 'ok  ' : 'fail'}  ${oneLine(name, 200)}  ${toSeconds(tookMs)}  ${said}`
}
