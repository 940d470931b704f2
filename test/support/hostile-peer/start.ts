/** Starts the hostile peer as a process of its own, and something inside that it must lead nobody to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { RUN_NETWORK } from '../run-network.ts'
import type { ModeName } from './modes.ts'
import type { Accounts } from './tally.ts'

export interface HostilePeer extends AsyncDisposable {
  /** Ends it; what it did and what came of it, by mode. */
  stop(): Promise<Accounts>
}

export interface HostileOptions {
  readonly modes: readonly ModeName[]
  readonly targets: readonly string[]
  /** Spores that may connect to public addresses only. */
  readonly strict?: readonly string[]
  /** `host:port`. */
  readonly canary: string
  /** It ends by itself after this, should nobody stop it. */
  readonly seconds: number
}

/** Resolves when it has begun. */
export async function startHostilePeer(options: HostileOptions): Promise<HostilePeer> {
  const { modes, targets, strict = [], canary, seconds } = options
  const argv = [
    join(import.meta.dirname, 'main.ts'),
    ...['--mode', modes.join(','), '--canary', canary, '--seconds', String(seconds)],
    ...targets.flatMap((target) => ['--target', target]),
    ...strict.flatMap((target) => ['--strict', target]),
    ...['--network', RUN_NETWORK],
  ]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const begun = await lines.next()
  if (begun.done) throw new Error('the hostile peer ended before it began')
  child.stdin.on('error', () => {})
  return {
    async stop() {
      child.stdin.end()
      const last = await lines.next()
      await exited
      if (last.done) throw new Error('the hostile peer ended without its accounts')
      return (JSON.parse(last.value) as { accounts: Accounts }).accounts
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      child.kill('SIGKILL')
      await exited
    },
  }
}

export interface Canary extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly authority: string
  /** Connections that came, each by the first bytes that it sent. */
  readonly connections: readonly string[]
}

/** Listens on a port of its own, and on those of http and https where the system lets it: a URL may name none. */
export async function startCanary(): Promise<Canary> {
  const connections: string[] = []
  const sockets = new Set<Socket>()
  const take = (socket: Socket): void => {
    const place = connections.push('nothing was sent') - 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      connections[place] = bytes.subarray(0, 100).toString('latin1')
    })
    socket.once('close', () => sockets.delete(socket))
  }
  const own = await bind(take, 0)
  if (!own) throw new Error('no port for the canary')
  const others = await Promise.all([80, 443].map((port) => bind(take, port)))
  const servers = [own, ...others.filter((server) => server !== null)]
  return {
    authority: `127.0.0.1:${(own.address() as AddressInfo).port}`,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => server.close() && once(server, 'close')))
    },
  }
}

/** Null where the port is taken, or not for this user. */
async function bind(take: (socket: Socket) => void, port: number): Promise<Server | null> {
  const server = createServer(take)
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return null
  }
}
