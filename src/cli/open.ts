/** The spore of a data folder, opened in this process: the composition that `start`, `swarm` and offline commands share. */
import process from 'node:process'
import { createLog } from '../adapters/log.ts'
import { createPorts } from '../adapters/ports.ts'
import { createSafeFetch, type SafeFetch } from '../adapters/safe-fetch.ts'
import { createSeedSource } from '../adapters/seed-source.ts'
import { readPackagedSeeds } from '../config/bootstrap.ts'
import type { LoadedConfig } from '../config/load.ts'
import { MIB } from '../config/schema.ts'
import type { Secret } from '../config/secrets.ts'
import type { Log } from '../core/base/ports.ts'
import { ok } from '../core/base/result.ts'
import { type PresetView, toProviders } from '../core/protocol/api-models.ts'
import { openSpore as openCoreSpore, type Spore, type SporeOptions } from '../core/spore.ts'
import type { SporeAccess } from './access.ts'
import { familiesOf, presetViews } from './configured-models.ts'
import { folderModeration } from './moderation-access.ts'
import { openDense } from './open-dense.ts'
import { openModels } from './open-models.ts'
import { packageVersion } from './version.ts'

export interface OpenSpore extends AsyncDisposable {
  readonly spore: Spore
}

/** The log of this process: on stderr, for stdout carries results and protocols. */
export function openLog({ config, secrets }: LoadedConfig): Log {
  const known = Object.values<Secret | null>({ ...secrets }).flatMap((secret) =>
    secret ? [secret.reveal()] : [],
  )
  return createLog({ level: config.logLevel, fd: 2, secrets: known })
}

/** A spore that still reads its store: it may only be searched before it is open. */
export interface BegunSpore extends OpenSpore {
  readonly opened: Promise<void>
}

/** Opens the data folder. Throws the `SporeError`s of the store and the identity; disposing it loses no write. */
export async function openSpore(
  loaded: LoadedConfig,
  log: Log,
  { isPassive = false } = {},
): Promise<OpenSpore> {
  const begun = await beginSpore(loaded, log, { isPassive })
  try {
    await begun.opened
    return begun
  } catch (error) {
    await begun[Symbol.asyncDispose]()
    throw error
  }
}

/** The same for whoever answers searches before all of it is read. */
export async function beginSpore(
  loaded: LoadedConfig,
  log: Log,
  { isPassive = false } = {},
): Promise<BegunSpore> {
  const { config, secrets } = loaded
  const ports = createPorts({
    home: config.home,
    network: config.network,
    durability: config.durability,
    allowPrivateAddresses: config.federation.allowPrivateAddresses,
    identity: secrets.identity?.reveal() ?? null,
    networkKey: secrets.networkKey?.reveal() ?? null,
    log,
  })
  const safeFetch = createSafeFetch({ allowPrivateAddresses: config.federation.allowPrivateAddresses })
  const dense = openDense(loaded, log, isPassive)
  const models = openModels(loaded, log)
  try {
    const { spore, opened } = openCoreSpore(toOptions(loaded, safeFetch), {
      ...ports,
      dense: dense?.ports ?? null,
      models: models?.ports ?? null,
    })
    return {
      spore,
      opened,
      async [Symbol.asyncDispose]() {
        await spore[Symbol.asyncDispose]()
        await dense?.[Symbol.asyncDispose]()
        await models?.[Symbol.asyncDispose]()
        await safeFetch[Symbol.asyncDispose]()
        await ports[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await dense?.ports.vectors[Symbol.asyncDispose]()
    await dense?.[Symbol.asyncDispose]()
    await models?.[Symbol.asyncDispose]()
    await ports.store[Symbol.asyncDispose]()
    await safeFetch[Symbol.asyncDispose]()
    await ports[Symbol.asyncDispose]()
    throw error
  }
}

function toOptions(loaded: LoadedConfig, { fetch }: SafeFetch): SporeOptions {
  const { config } = loaded
  const { bootstrapUrl, bootstrapKeys, defaultSpace, name } = config
  const bootstrap = {
    pinnedKeys: bootstrapKeys,
    packaged: readPackagedSeeds(),
    source: bootstrapUrl === null ? null : createSeedSource(bootstrapUrl, fetch),
  }
  return {
    defaultSpace,
    pullIntervalMs: config.federation.pullIntervalMs,
    profile: { roles: config.roles, tags: config.tags, families: familiesOf(loaded) },
    serve: config.reasoning.serve,
    ask: config.reasoning.ask,
    quotas: {
      authorBytes: config.quotas.authorMiB * MIB,
      spaceBytes: config.quotas.spaceMiB * MIB,
      storeBytes: config.quotas.storeMiB * MIB,
    },
    version: packageVersion(),
    ...(name === null ? {} : { name }),
    ...(config.bootstrap ? { bootstrap } : {}),
  }
}

/** The data folder as a command sees a spore. It does not sync: that takes a running one. */
export async function openFolderAccess(loaded: LoadedConfig): Promise<SporeAccess> {
  // A command says its own errors; what the spore says below a warning is for an operator who runs it.
  const quiet =
    loaded.config.logLevel === 'info'
      ? { ...loaded, config: { ...loaded.config, logLevel: 'warn' as const } }
      : loaded
  // To embed in a command that ends in a moment would cost what is lost by it; and a look at a folder changes nothing.
  const opened = await openSpore(quiet, openLog(quiet), { isPassive: true })
  return toAccess(opened, presetViews(loaded))
}

function toAccess(
  { spore, [Symbol.asyncDispose]: dispose }: OpenSpore,
  presets: readonly PresetView[],
): SporeAccess {
  /** A process that lives for one command has nothing but what it waits for; the kept index makes that short. */
  const indexed =
    <Args extends readonly unknown[], T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await spore.indexed()
      return ask(...args)
    }
  return {
    url: null,
    health: async () =>
      ok({ ...spore.health(), version: packageVersion(), rssBytes: process.memoryUsage.rss() }),
    remember: (input) => spore.remember(input),
    rememberMany: (inputs) => spore.rememberMany(inputs),
    memory: (id) => spore.memory(id),
    memories: (query) => spore.memories(query),
    retract: (id) => spore.retract(id),
    purge: (id) => spore.purge(id),
    purgeAuthor: (input) => spore.purgeAuthor(input),
    undoPurge: (id) => spore.undoPurge(id),
    search: indexed((query) => spore.search(query)),
    sidecar: indexed(async () => ok(spore.sidecar())),
    auditSearch: indexed(async () => ok(await spore.auditSearch())),
    submitTask: indexed((input) => spore.submitTask(input)),
    task: (id) => spore.task(id),
    tasks: (query) => spore.tasks(query),
    answers: (query) => spore.answers(query),
    quantum: (query) => spore.quantum(query),
    convergence: (query) => spore.convergence(query),
    resolveTask: (id, input) => spore.resolveTask(id, input),
    cancelTask: (id) => spore.cancelTask(id),
    taskEvents: (id, signal) => spore.taskEvents(id, signal),
    trust: async (author) => spore.trust(author),
    trustPage: async (query) => spore.trustPage(query),
    setTrust: (author, input) => spore.setTrust(author, input),
    peers: (query = { role: [], tag: [], family: [] }) => spore.find(query),
    federationStatus: async () => ok(spore.federationStatus()),
    addPeer: (url) => spore.addPeer(url),
    reindex: () => spore.reindex(),
    providers: async () => ok(toProviders(spore.health().models, presets)),
    checkModels: (input, signal) => spore.checkModels(input, signal),
    moderation: folderModeration(spore.moderation),
    spaces: async () => ok(spore.spaces()),
    createSpace: (input) => spore.createSpace(input),
    invite: (space, input) => spore.invite(space, input),
    joinSpace: (input) => spore.joinSpace(input),
    leaveSpace: (space) => spore.leaveSpace(space),
    members: async (space) => spore.members(space),
    removeMember: (space, author) => spore.removeMember(space, author),
    [Symbol.asyncDispose]: dispose,
  }
}
