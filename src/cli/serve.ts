/** A spore that answers: opened, listening, announced in its folder, syncing. Disposing it undoes that in reverse. */
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import process from 'node:process'
import type { FastifyInstance } from 'fastify'
import { startWatchdog } from '../adapters/watchdog.ts'
import { assertBindAllowed, isLoopbackHost, type LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { Secret } from '../config/secrets.ts'
import { createTokenHashes, readTokens } from '../config/tokens.ts'
import type { Log } from '../core/base/ports.ts'
import { SporeError } from '../core/protocol/errors.ts'
import type { Spore } from '../core/spore.ts'
import { federationRoutes } from '../http/federation/routes.ts'
import { createServer } from '../http/server.ts'
import { assertModelKeys, presetViews } from './configured-models.ts'
import { beginSpore } from './open.ts'
import { announceRun } from './run-file.ts'
import { packageVersion } from './version.ts'

export interface Served extends AsyncDisposable {
  readonly spore: Spore
  readonly home: string
  /** Where it answers on this machine. */
  readonly url: string
  /** Where other spores are told to reach it; null where none can. */
  readonly advertisedUrl: string | null
  readonly tokenRequired: boolean
}

/** Saying goodbye takes this long at most: it is part of the four seconds in which a stop is over. */
const LEAVE_MS = 1000

/** Starts one spore. Throws BIND_REFUSED, PORT_IN_USE, and what opening the folder throws. */
export async function serveSpore(loaded: LoadedConfig, log: Log): Promise<Served> {
  const { config, secrets } = loaded
  assertBindAllowed(config, secrets.token !== null || readTokens(config.home).length > 0)
  assertModelKeys(loaded)
  await using stack = new AsyncDisposableStack()
  const { spore, opened } = stack.use(await beginSpore(loaded, log))
  let isOpen = false

  const watchdog = stack.use(startWatchdog({ activities: spore.activities, log }))

  // Commands of this folder's owner come in with a token of this run, whatever the bind asks of others.
  const runToken = new Secret(randomBytes(32).toString('base64url'))
  const tokenRequired = !isLoopbackHost(config.host)
  const server = await createServer(spore, {
    version: packageVersion(),
    allowedHosts: config.publicUrl
      ? [...config.allowedHosts, new URL(config.publicUrl).host]
      : config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    trustProxy: config.trustProxy,
    tokenHashes: createTokenHashes(config.home, secrets.token ? [runToken, secrets.token] : [runToken]),
    tokenRequired,
    isOpen: () => isOpen,
    log,
    watchdog: watchdog.view,
    presets: presetViews(loaded),
    federation: federationRoutes(spore.federation, { publicUrl: config.publicUrl }),
  })
  stack.defer(() => server.close())
  const port = await listen(server, config)
  const url = toUrl(config.host, port)
  // Searches are answered from here on, and what else comes once all is read.
  await opened
  isOpen = true
  stack.use(announceRun(config.home, { pid: process.pid, url, spore: spore.did, token: runToken.reveal() }))

  const advertisedUrl = advertise(config, port)
  // Peers that are down must not keep this spore from answering: it goes on trying by itself.
  void startSync(spore, advertisedUrl, config.peers, log)
  // A private network is told to nobody: not that it is there, nor who is in it.
  if (config.federation.mdns && secrets.networkKey === null)
    stack.use(await openNeighbourhood(spore, advertisedUrl, config, log))

  // Others need not find out by themselves that it is gone. The server still answers then.
  stack.defer(() => spore.federation.leave(AbortSignal.timeout(LEAVE_MS)))

  const parts = stack.move()
  return {
    spore,
    home: config.home,
    url,
    advertisedUrl,
    tokenRequired,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

async function startSync(
  spore: Spore,
  url: string | null,
  peers: readonly string[],
  log: Log,
): Promise<void> {
  try {
    await spore.federation.start(url, peers)
    spore.seek()
  } catch (error) {
    log.error('sync did not start', { error })
  }
}

/** Tells the local network of this spore, and this spore of the others there. Loaded only where it is wanted. */
async function openNeighbourhood(
  spore: Spore,
  url: string | null,
  { network }: Config,
  log: Log,
): Promise<AsyncDisposable> {
  const { openLocalNetwork } = await import('../adapters/local-network.ts')
  return openLocalNetwork({ network, did: spore.did, url, log, onFound: spore.hint })
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<number> {
  try {
    await server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port })
  } catch (error) {
    throw listenError(error, host, port)
  }
  const address = server.server.address()
  return typeof address === 'object' && address ? address.port : port
}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  const options = { cause: error }
  if (code === 'EADDRINUSE')
    return new SporeError('PORT_IN_USE', `another program listens on ${host}:${port}`, options)
  if (code === 'EACCES')
    return new SporeError(
      'CONFIG_INVALID',
      `this user may not listen on port ${port}: take one above 1023`,
      options,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new SporeError('CONFIG_INVALID', `the host ${host} is no address of this machine`, options)
  return error
}

/** The address for programs on this machine: an unspecified one is reached by loopback. */
export function toUrl(host: string, port: number): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (bare === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (bare === '::') return `http://[::1]:${port}`
  return `http://${bare.includes(':') ? `[${bare}]` : bare}:${port}`
}

/** The public URL; without one, the own address where peers with private addresses are allowed. */
function advertise(config: Config, port: number): string | null {
  if (config.publicUrl) return config.publicUrl
  if (!config.federation.allowPrivateAddresses) return null
  if (config.host !== '0.0.0.0' && config.host !== '::') return toUrl(config.host, port)
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4')
  return toUrl(outside?.address ?? '127.0.0.1', port)
}
