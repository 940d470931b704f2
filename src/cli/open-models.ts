/** What a spore needs to ask language models, made from its configuration. */
import { systemClock } from '../adapters/clock.ts'
import { createHttpModel } from '../adapters/models/http-model.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Log } from '../core/base/ports.ts'
import type { ModelPorts } from '../core/reasoning/models.ts'
import { configuredModels, toCaps } from './configured-models.ts'

export interface OpenModels extends AsyncDisposable {
  readonly ports: ModelPorts
}

/** Null where no model can be called; a model without its key is left out: commands may run without the keys of the spore. Nothing is sent before one is asked. */
export function openModels(loaded: LoadedConfig, log: Log): OpenModels | null {
  const configured = configuredModels(loaded)
  for (const { name, keyVariable, isKeyMissing } of configured)
    if (isKeyMissing)
      log.info('a model is left out, for its key is not set', { model: name, variable: keyVariable })
  const able = configured.filter(({ isKeyMissing }) => !isKeyMissing)
  if (able.length === 0) return null
  const routes = able.map(({ key, price, isFree, ...options }) => ({
    model: createHttpModel({ ...options, key: key && (() => key.reveal()) }, { clock: systemClock }),
    price,
    isFree,
  }))
  return {
    ports: { routes, caps: toCaps(loaded.config.models) },
    async [Symbol.asyncDispose]() {
      await Promise.all(routes.map(({ model }) => model[Symbol.asyncDispose]()))
    },
  }
}
