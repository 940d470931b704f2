/**
 * Whether language models can be asked, without asking one: is the key there, is a price known, does the server answer, does it take
 * the key, does it have the model. `GET <url>/models` costs nothing.
 */
import { firstChatModel, listModels } from '../../adapters/models/model-list.ts'
import { isPublicHost } from '../../adapters/safe-address.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { AUTO_MODEL, LOCAL } from '../../config/models.ts'
import { silentLog } from '../../core/base/ports.ts'
import type { Health } from '../../core/protocol/api.ts'
import type { ModelsView } from '../../core/protocol/api-models.ts'
import { toUnusedView } from '../../core/reasoning/models-view.ts'
import { type ConfiguredModel, configuredModels, presetViews } from '../configured-models.ts'
import { openModels } from '../open-models.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** A server that has not listed its models by then is as good as gone; all are asked at once. */
export const LIST_TIMEOUT_MS = 5_000
/** Names of a list that are shown. */
const NAMES_SHOWN = 8

/** `health`: of the running spore, which has keys that this command may not have; null where none runs. */
export async function checkModels(loaded: LoadedConfig, health: Health | null): Promise<Check[]> {
  const configured = configuredModels(loaded)
  const running = new Set(health?.models?.models.map(({ name }) => name))
  if (configured.length === 0 && running.size === 0) return [ok('models', noneText(loaded))]
  const missing = configured.filter(({ name, isKeyMissing }) => isKeyMissing && !running.has(name))
  const view = health?.models ?? (await unusedView(loaded))
  const checks = [
    ...missing.map(({ name, keyVariable }) =>
      fail('models', `${name} has no key`, `Set ${keyVariable}, or take it out of models.use.`),
    ),
    ...ofView(view),
    ...(await Promise.all(serversOf(configured).map(checkServer))).flat(),
  ]
  if (checks.some(({ level }) => level !== 'ok')) return checks
  const names = view.models.map(({ name, isFree }) => `${name}${isFree ? ' (free)' : ''}`)
  return [ok('models', names.join(', ')), ...checks]
}

function noneText(loaded: LoadedConfig): string {
  const keys = presetViews(loaded).filter(({ hasKey }) => hasKey)
  if (keys.length === 0) return 'none: answers are sentences of what is remembered'
  return `none; the keys of ${keys.map(({ name }) => name).join(', ')} are set and not used ("spore providers" says how to)`
}

async function unusedView(loaded: LoadedConfig): Promise<ModelsView> {
  await using models = openModels(loaded, silentLog)
  return models ? toUnusedView(models.ports.routes, models.ports.caps) : { models: [], budget: null }
}

/** What a model lacks, or has met lately. */
const ofView = ({ models }: ModelsView): Check[] =>
  models.flatMap(({ name, advice, state, problem, retryAfterSeconds }) => {
    if (advice) return [warn('models', `${name} is not called`, `${advice}.`)]
    if (state === 'ready' || !problem) return []
    const until = state === 'cooling' ? `, left alone for ${retryAfterSeconds} s` : ''
    return [
      warn(
        'models',
        `${name}: ${problem.detail} [${problem.code}]${until}`,
        'Set right what is said; "spore providers --check" asks it at once.',
      ),
    ]
  })

/** One of each place and key: models of one provider share both. */
const serversOf = (configured: readonly ConfiguredModel[]): ConfiguredModel[][] => [
  ...Map.groupBy(
    configured.filter(({ isKeyMissing }) => !isKeyMissing),
    ({ provider }) => provider,
  ).values(),
]

async function checkServer(models: readonly ConfiguredModel[]): Promise<Check[]> {
  const { provider, url, key, keyVariable } = models[0] as ConfiguredModel
  const list = (base: string) =>
    listModels(base, key && (() => key.reveal()), AbortSignal.timeout(LIST_TIMEOUT_MS))
  const found = await list(url)
  if (found.ok) return provider === LOCAL ? checkLocal(models, found.value) : []
  const { status, detail } = found.error
  const where = provider === LOCAL ? `the server at ${url}` : provider
  if (status === 401 || status === 403)
    return [fail('models', `${where} does not take the key (status ${status})`, `Look at ${keyVariable}.`)]
  // Not every provider has a list, and it was there to say so.
  if (provider !== LOCAL) return status === null ? [warn('models', `${where}: ${detail}`, NETWORK)] : []
  if (status === 404 && (await list(`${url.replace(/\/+$/, '')}/v1`)).ok)
    return [fail('models', `${where} has no API there`, `Set LLM_ENDPOINT to ${url.replace(/\/+$/, '')}/v1.`)]
  if (status !== null) return [warn('models', `${where} lists no models: ${detail}`, IS_IT_ONE)]
  return [
    warn(
      'models',
      `${where} does not answer (${detail})`,
      isPublicHost(new URL(url).hostname) ? NETWORK : START_IT,
    ),
  ]
}

const NETWORK = 'Look at the network; other models and what is remembered answer meanwhile.'
const START_IT = 'Start it (as with: ollama serve), or set LLM_ENDPOINT to where it is.'
const IS_IT_ONE = 'Look whether LLM_ENDPOINT is an OpenAI-compatible API; most end with /v1.'

/** Local servers know what they have; a name that is not among it is a slip, or was never pulled. */
function checkLocal(models: readonly ConfiguredModel[], listed: readonly string[]): Check[] {
  const first = firstChatModel(listed)
  if (models.some(({ model }) => model === null))
    return [
      first === null
        ? warn(
            'models',
            'the server at LLM_ENDPOINT has no model that chats',
            'Get one, as with: ollama pull qwen3',
          )
        : ok(
            'models',
            `${AUTO_MODEL} is "${first}", the first that the server lists; LLM_MODEL names another`,
          ),
    ]
  const known = new Set(listed.flatMap((name) => [name, name.replace(/:latest$/, '')]))
  const shown = listed.slice(0, NAMES_SHOWN).join(', ')
  return models
    .filter(({ model }) => model !== null && !known.has(model))
    .map(({ model }) =>
      warn(
        'models',
        `the server does not list "${model}"; it lists ${shown}`,
        'Set LLM_MODEL to one of them, or get it; "spore providers --check" tells whether it answers all the same.',
      ),
    )
}
