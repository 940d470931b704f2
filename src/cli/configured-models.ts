/**
 * The language models of a configuration: where each one is, which key it takes, what it costs. Nothing is called, and no model is
 * left out for what it lacks: whoever opens them, lists them or looks for what is wrong asks of each what that is.
 */

import type { ChatDialect } from '../adapters/models/chat-wire.ts'
import { isPublicHost } from '../adapters/safe-address.ts'
import type { LoadedConfig } from '../config/load.ts'
import { DEFAULT_DIALECT, PRESETS, type PresetName } from '../config/model-presets.ts'
import { AUTO_MODEL, LOCAL, type ModelsConfig, modelNames } from '../config/models.ts'
import { SECRET_VARIABLES, type Secret } from '../config/secrets.ts'
import type { PresetView } from '../core/protocol/api-models.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { LABELS_MAX } from '../core/protocol/limits.ts'
import type { BudgetCaps, Cap, ModelPrice } from '../core/reasoning/budget.ts'
import { familyOf, UNKNOWN_FAMILY } from '../core/reasoning/model-family.ts'

export interface ConfiguredModel {
  /** `provider/model`. */
  readonly name: string
  /** Name of a preset, or `local`. */
  readonly provider: string
  /** As the provider calls it; null for the first that it lists. */
  readonly model: string | null
  readonly family: string
  /** Base URL. */
  readonly url: string
  readonly dialect: ChatDialect
  readonly keyVariable: string
  readonly key: Secret | null
  /** It cannot be called without one. */
  readonly isKeyMissing: boolean
  readonly price: ModelPrice | null
  readonly isFree: boolean
}

/** In the order in which they are asked. */
export const configuredModels = ({ config: { models }, secrets }: LoadedConfig): ConfiguredModel[] =>
  modelNames(models).map((name) => {
    const provider = name.slice(0, name.indexOf('/'))
    const preset = provider === LOCAL ? null : PRESETS[provider as PresetName]
    const secret = `${provider as PresetName | typeof LOCAL}Key` as const
    const key = secrets[secret]
    const price = models.prices[name] ?? null
    return {
      name,
      provider,
      model: name === AUTO_MODEL ? null : name.slice(provider.length + 1),
      family: models.families[name] ?? (name === AUTO_MODEL ? UNKNOWN_FAMILY : familyOf(name)),
      url: preset?.url ?? (models.endpoint as string),
      dialect: preset?.dialect ?? DEFAULT_DIALECT,
      keyVariable: SECRET_VARIABLES[secret],
      key,
      isKeyMissing: preset !== null && key === null,
      price: price && { inputUsd: price.input, outputUsd: price.output },
      isFree: price ? price.input === 0 && price.output === 0 : isFreeByItself(name, provider, models),
    }
  })

/** What costs nothing though the operator named no price: a server of one's own, and what a provider marks as free in the name. */
function isFreeByItself(name: string, provider: string, { endpoint }: ModelsConfig): boolean {
  if (provider === LOCAL) return endpoint !== null && !isPublicHost(new URL(endpoint).hostname)
  return provider === 'openrouter' && name.endsWith(':free')
}

/** Throws CONFIG_INVALID where a model is named and its key is not there: not for commands, which may run without the keys of the spore. */
export function assertModelKeys(loaded: LoadedConfig): void {
  const missing = configuredModels(loaded).filter(({ isKeyMissing }) => isKeyMissing)
  if (missing.length === 0) return
  const place = loaded.places.get('models.use')
  const isOfFile = place !== undefined && loaded.origins.get('models.use') === 'file'
  const lines = missing.map(
    ({ name, keyVariable }) =>
      `${isOfFile ? `${place}: ` : ''}models.use names "${name}", and the variable ${keyVariable}, which holds the key, is not set`,
  )
  throw new SporeError('CONFIG_INVALID', lines.join('\n'))
}

/** The providers known by name, and whether they can be used. */
export const presetViews = (loaded: LoadedConfig): PresetView[] => {
  const used = new Set(configuredModels(loaded).map(({ provider }) => provider))
  return Object.entries(PRESETS).map(([name, { keyVariable }]) => ({
    name,
    keyVariable,
    hasKey: loaded.secrets[`${name as PresetName}Key`] !== null,
    isUsed: used.has(name),
  }))
}

/** Families that others are told: who tells none is taken for a spore without a model, so one that is not known is told as that. */
export const familiesOf = (loaded: LoadedConfig): string[] =>
  [...new Set(configuredModels(loaded).map(({ family }) => family))].slice(0, LABELS_MAX)

/** What may be spent. Others never take from what is the operator's. */
export function toCaps(models: ModelsConfig): BudgetCaps {
  const free = (calls: number): Cap => ({ calls, microUsd: null })
  return {
    pots: {
      own: { calls: models.callsPerDay, microUsd: toMicroUsd(models.dollarsPerDay) },
      community: {
        calls: models.communityCallsPerDay,
        microUsd: toMicroUsd(models.communityDollarsPerDay),
      },
      free: free(models.freeCallsPerDay),
      freeCommunity: free(models.communityFreeCallsPerDay),
    },
    task: { calls: models.callsPerTask, microUsd: toMicroUsd(models.dollarsPerTask) },
    asker: { calls: models.callsPerAskerPerDay, microUsd: null },
  }
}

const toMicroUsd = (usd: number | null): number | null => (usd === null ? null : Math.floor(usd * 1e6))
