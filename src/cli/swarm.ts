/** `spore swarm`: several spores in one process, joined with one another. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import { type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, UsageError, unwrap } from './exit.ts'
import { openLog } from './open.ts'
import { type Served, serveSpore } from './serve.ts'

/** Spores of one process: each has a store, an index and a server of its own, some 20 MiB together. */
export const SWARM_MAX = 32

export const spec: CommandSpec = {
  name: 'swarm',
  summary: 'Run several joined spores in one process',
  description:
    'For trials on one machine: each has its own identity, store and port. With --home their folders stay (spore-1,\n' +
    'spore-2 …), without it they are temporary. The default space is "commons", so that all of them get everything.',
  examples: ['spore swarm --count 3', 'spore swarm --count 5 --topology ring --home ./swarm --port 7861'],
  configFlags: ['defaultSpace', 'logLevel'],
  configure: (command) =>
    command
      .option('--count <n>', `how many, at most ${SWARM_MAX}`, wholeNumber(1, SWARM_MAX), 3)
      .option('--topology <kind>', 'mesh: each knows all; ring: each knows the next', 'mesh')
      .option(
        '--port <port>',
        'port of the first, the others follow; 0 for any free ones',
        wholeNumber(0, 65535),
        0,
      )
      .option('--default-space <name>', 'space of what names none (default commons)')
      .option('--log-level <level>', 'debug, info, warn, error or silent (default warn)'),
  run: async (context) => {
    const { output, signal, options } = context
    const count = options.count as number
    if (options.topology !== 'mesh' && options.topology !== 'ring')
      throw new UsageError('--topology is mesh or ring')
    if ((options.port as number) + count - 1 > 65535)
      throw new UsageError('the last port would be above 65535')
    await using stack = new AsyncDisposableStack()
    const base = context.load()
    const isKept = options.home !== undefined
    const folder = isKept ? base.config.home : await mkdtemp(join(tmpdir(), 'spore-swarm-'))
    if (!isKept) stack.defer(() => rm(folder, { recursive: true, force: true }))

    const spores: Served[] = []
    for (let index = 0; index < count; index++) {
      const loaded = memberConfig(base, folder, index, options)
      spores.push(stack.use(await serveSpore(loaded, openLog(loaded))))
    }
    await joinAll(spores, options.topology)
    const rows = spores.map(({ spore, url, home }) => ({ url, spore: spore.did, home }))
    output.result(describeSwarm(rows, folder, isKept), { event: 'listening', spores: rows })
    if (!signal.aborted) await once(signal, 'abort')
    output.note('\nstopping: finishing what was begun')
    return EXIT.ok
  },
}

/** One member's configuration: a folder and port of its own, and neighbours on this machine. */
function memberConfig(
  base: LoadedConfig,
  folder: string,
  index: number,
  options: Readonly<Record<string, unknown>>,
): LoadedConfig {
  const port = options.port as number
  const set = (path: string) => base.origins.get(path) !== 'default'
  const config = {
    ...base.config,
    home: join(folder, `spore-${index + 1}`),
    port: port === 0 ? 0 : port + index,
    name: `spore-${index + 1}`,
    peers: [],
    bootstrap: false,
    publicUrl: null,
    defaultSpace: set('defaultSpace') ? base.config.defaultSpace : 'commons',
    logLevel: set('logLevel') ? base.config.logLevel : ('warn' as const),
    federation: { ...base.config.federation, allowPrivateAddresses: true },
  }
  // One identity for all of them would be one author in several places, that is a fork.
  return { ...base, config, secrets: { ...base.secrets, identity: null } }
}

async function joinAll(spores: readonly Served[], topology: 'mesh' | 'ring'): Promise<void> {
  for (const [index, { spore }] of spores.entries()) {
    const next = spores[(index + 1) % spores.length] as Served
    const others = topology === 'mesh' ? spores.slice(index + 1) : spores.length > 1 ? [next] : []
    for (const other of others) unwrap(await spore.addPeer(other.url))
  }
}

function describeSwarm(
  rows: readonly { url: string; spore: string; home: string }[],
  folder: string,
  isKept: boolean,
): string {
  return [
    `${rows.length} spores are running, joined with one another.`,
    '',
    ...rows.map(({ url, spore }, index) => `  spore-${index + 1}  ${url}  ${spore}`),
    '',
    isKept
      ? `Data folders are in ${folder}.`
      : `Data folders are temporary, in ${folder}, and are removed at the end.`,
    `Try it:  npx spore remember README.md --url ${rows[0]?.url}`,
    `         npx spore ask "what is a spore?" --url ${rows.at(-1)?.url} --space commons`,
    'Ctrl-C stops them.',
  ].join('\n')
}
