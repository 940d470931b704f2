/** `spore providers`: the language models, what they may cost, and what is set up for which provider. */
import { storeExists } from '../adapters/sqlite-store.ts'
import type { LoadedConfig } from '../config/load.ts'
import { silentLog } from '../core/base/ports.ts'
import { CHECK_TIMEOUT_MS_MAX, type ProvidersView, toProviders } from '../core/protocol/api-models.ts'
import { toUnusedView } from '../core/reasoning/models-view.ts'
import { findRunning, openAccess, type SporeAccess } from './access.ts'
import { type CommandSpec, wholeNumber } from './command.ts'
import { presetViews } from './configured-models.ts'
import { EXIT, unwrap } from './exit.ts'
import { openModels } from './open-models.ts'
import { describeCheck, describeProviders } from './providers-text.ts'

export const spec: CommandSpec = {
  name: 'providers',
  summary: 'List language models, their state and their budget',
  description:
    'Models stand in the order in which they are asked. State is ready, cooling (left alone after failures, for so many seconds), trial\n' +
    '(its pause is over and no answer has come since) or barred (no setting allows a call; a line below says which). Of a running spore\n' +
    'it is what that spore has seen; else what is configured. Keys are shown by the names of their variables alone.\n' +
    '--check makes one small call of each model, on your budget, and says what came back; exit code 1 where one fails.',
  examples: ['spore providers', 'spore providers --json', 'spore providers --check'],
  remote: true,
  configure: (command) =>
    command
      .option('--check', 'make one small call of each model, which may cost something')
      .option(
        '--timeout <seconds>',
        'how long a check waits for each',
        wholeNumber(1, CHECK_TIMEOUT_MS_MAX / 1000),
        CHECK_TIMEOUT_MS_MAX / 1000,
      ),
  run: async (context) => {
    const loaded = context.load()
    if (context.options.check !== true) {
      const view = await viewOf(loaded, context.signal)
      context.output.result(describeProviders(view), view)
      return EXIT.ok
    }
    await using access = await openAccess(loaded, context.signal)
    const timeoutMs = Number(context.options.timeout) * 1000
    const { checks } = unwrap(await access.checkModels({ timeoutMs }, context.signal))
    context.output.result(checks.map(describeCheck).join('\n'), { checks })
    return checks.every(({ isOk }) => isOk) ? EXIT.ok : EXIT.failure
  },
}

/** Of the running spore, of the store, or where there is none yet of the configuration alone: to look makes no data folder. */
async function viewOf(loaded: LoadedConfig, signal: AbortSignal): Promise<ProvidersView> {
  const running = await findRunning(loaded, signal)
  if (!running && !storeExists(loaded.config.home)) return configured(loaded)
  await using access: SporeAccess = await openAccess(loaded, signal)
  return unwrap(await access.providers())
}

async function configured(loaded: LoadedConfig): Promise<ProvidersView> {
  await using models = openModels(loaded, silentLog)
  return toProviders(
    models ? toUnusedView(models.ports.routes, models.ports.caps) : undefined,
    presetViews(loaded),
  )
}
