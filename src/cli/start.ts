/** `spore start`: runs a spore until SIGINT or SIGTERM, and says how to use it. */
import { once } from 'node:events'
import { isLoopbackHost, type LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Health } from '../core/protocol/api.ts'
import { type CommandSpec, listOption, wholeNumber } from './command.ts'
import { configuredModels } from './configured-models.ts'
import { describeConnections } from './connections.ts'
import { EXIT } from './exit.ts'
import { openLog } from './open.ts'
import { type Served, serveSpore } from './serve.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'start',
  summary: 'Run a spore',
  description:
    'Makes the data folder and an identity where there is none, asks nothing, and runs until Ctrl-C. With --json one line\n' +
    '{"event":"listening","url","spore","home"} says that requests are served. Logs go to stderr.',
  examples: [
    'spore start',
    'spore start --home ./data --port 0 --json',
    'SPORE_PEERS=https://spore.example.org spore start',
  ],
  configFlags: [
    'port',
    'host',
    'name',
    'roles',
    'tags',
    'peers',
    'bootstrap',
    'bootstrapUrl',
    'bootstrapKeys',
    'publicUrl',
    'defaultSpace',
    'durability',
    'logLevel',
  ],
  configure: (command) =>
    command
      .option(
        '--port <port>',
        'port to listen on, 0 for any free one (PORT; default 7860)',
        wholeNumber(0, 65535),
      )
      .option('--host <address>', 'address to listen on (HOST; default 127.0.0.1)')
      .option('--name <name>', 'what peers show (SPORE_NAME)')
      .addOption(listOption('--roles <words>', 'what it does for others (SPORE_ROLES)'))
      .addOption(listOption('--tags <words>', 'what it is about (SPORE_TAGS)'))
      .addOption(listOption('--peers <urls>', 'spores to exchange with (SPORE_PEERS)'))
      .option('--bootstrap <on|off>', 'whether bootstrap.json is tried (SPORE_BOOTSTRAP; default on)')
      .option('--bootstrap-url <source>', 'URL or file of a signed seed list (SPORE_BOOTSTRAP_URL)')
      .addOption(listOption('--bootstrap-keys <dids>', 'who may sign it (SPORE_BOOTSTRAP_KEYS)'))
      .option('--public-url <url>', 'where others reach this spore (SPORE_PUBLIC_URL)')
      .option('--default-space <name>', 'space of what names none (SPORE_DEFAULT_SPACE; default private)')
      .option('--durability <kind>', 'disk or memory (SPORE_DURABILITY; default disk)')
      .option('--log-level <level>', 'debug, info, warn, error or silent (SPORE_LOG_LEVEL; default info)'),
  run: async (context) => {
    const loaded = context.load()
    const { output, signal } = context
    const log = openLog(loaded)
    for (const notice of loaded.notices) log.warn(notice)
    await using served = await serveSpore(loaded, log)
    const { spore, home, url } = served
    output.result(describeStart(served, loaded), { event: 'listening', url, spore: spore.did, home })
    if (!signal.aborted) await once(signal, 'abort')
    output.note('\nstopping: finishing what was begun')
    return EXIT.ok
  },
}

const DURABILITY: Readonly<Record<Health['durability'], string>> = {
  disk: 'disk: what is acknowledged is on disk',
  snapshot: 'snapshot: saved from time to time',
  memory: 'memory: gone when this process ends',
}

function describeStart(served: Served, loaded: LoadedConfig): string {
  const { config, notices } = loaded
  const { spore, home, url } = served
  const health = spore.health()
  const lines = [
    `Spore ${spore.name} is running.`,
    '',
    `  address      ${url}   (API: ${url}/docs)`,
    `  identity     ${spore.did}`,
    `  data folder  ${home}`,
    `  durability   ${DURABILITY[health.durability]}`,
    `  memories     ${health.memories}`,
    ...(served.advertisedUrl && served.advertisedUrl !== url
      ? [`  reachable at ${served.advertisedUrl}`]
      : []),
    ...describeEmbeddings(config),
    ...describeModels(loaded),
    ...notices.map((notice) => `  note         ${notice}`),
    '',
    describeConnections({ url, home, tokenRequired: served.tokenRequired }),
    '',
    config.defaultSpace === 'private'
      ? `${sendsTexts(loaded) ? 'No spore gets anything' : 'Nothing leaves this machine'} unless you ask: memories go to the space "private". To share some, say --space commons`
      : `Memories and questions go to the space "${config.defaultSpace}", which ${config.defaultSpace === 'commons' ? 'peers' : 'those who are in it'} receive. To keep some here, say --space private`,
    `and join another spore with "spore join <url>". ${describeBootstrap(config)}`,
    '',
    'Try it in a second terminal:  npx spore remember README.md && npx spore ask "what is a spore?"',
    'Ctrl-C stops it.',
  ]
  return lines.join('\n')
}

/** Where texts go to be embedded, where they do. */
function describeEmbeddings(config: Config): string[] {
  const { url, model } = config.embeddings
  if (url === null) return []
  const sent = isElsewhere(url) ? ', which is sent all that is to be found by its meaning' : ''
  return [`  meaning      ${oneLine(model ?? '', 60)} at ${new URL(url).origin}${sent}`]
}

/** Who is asked, and whether what is remembered goes there. */
function describeModels(loaded: LoadedConfig): string[] {
  const models = configuredModels(loaded)
  if (models.length === 0) return []
  const sent = models.some(({ url }) => isElsewhere(url))
    ? ', which are sent questions and what helps to answer them'
    : ''
  return [`  models       ${models.map(({ name }) => oneLine(name, 60)).join(', ')}${sent}`]
}

const isElsewhere = (url: string): boolean => !isLoopbackHost(new URL(url).hostname)

/** Whether what is remembered here leaves this machine, if only to be embedded or to be answered with. */
const sendsTexts = (loaded: LoadedConfig): boolean =>
  [loaded.config.embeddings.url, ...configuredModels(loaded).map(({ url }) => url)].some(
    (url) => url !== null && isElsewhere(url),
  )

function describeBootstrap({ bootstrap, bootstrapUrl }: Config): string {
  if (!bootstrap) return 'Bootstrap is off.'
  // What stands behind the question mark may be a secret of the operator's.
  if (bootstrapUrl !== null)
    return `Seeds are looked for at ${oneLine(bootstrapUrl.replace(/\?.*/, ''), 120)}.`
  return 'Seeds of bootstrap.json, where it names any, are contacted (--bootstrap off stops that).'
}
