/**
 * An internet on loopback for what connects by `safe-address.ts`: names that resolve as the test says, a server that has
 * every public address there is, and a canary that has every other one. Whoever gets past a guard reaches the canary,
 * whatever address it was; that it can be reached is for each test to show.
 */
import { EventEmitter, once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, isIP, type LookupFunction, type Server, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { ConnectorParts, LookupAll } from '../../src/adapters/safe-address.ts'

export const PUBLIC_ADDRESS = '93.184.216.34'
export const CANARY_SECRET = 'the secret of an internal service'

export interface FakeInternet extends AsyncDisposable {
  /** For `createSafeFetch` and `createHttpTransport`. */
  readonly parts: ConnectorParts
  /** What a name resolves to, one list a lookup; the last one stays. What is not in here has the public address. */
  readonly names: Map<string, string[][]>
  /** Answers at every public address. */
  onRequest: RequestListener
  /** Names that were looked up, in order. */
  readonly lookups: string[]
  /** Addresses that were connected to. */
  readonly dialled: Set<string>
  /** Connections that the canary has seen. */
  connections(): number
  /** Resolves when a name has been looked up, and what came of it is over. */
  lookedUp(name: string): Promise<void>
  /** Resolves when the canary is connected to. */
  reached(): Promise<void>
}

export async function startFakeInternet(): Promise<FakeInternet> {
  const events = new EventEmitter().setMaxListeners(0)
  const sockets = new Set<Socket>()
  let connections = 0
  const canary = await listening(
    createServer((socket) => {
      connections++
      events.emit('canary')
      sockets.add(socket.on('error', () => {}))
      socket.once('data', () =>
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-length: ${CANARY_SECRET.length}\r\nconnection: close\r\n\r\n${CANARY_SECRET}`,
        ),
      )
    }),
  )
  const outside = await listening(
    createHttpServer((asked, reply) => internet.onRequest(asked as IncomingMessage, reply)).on(
      'connection',
      (socket) => sockets.add(socket),
    ),
  )
  const lookups: string[] = []
  const settled = new Set<string>()
  const dialled = new Set<string>()
  const names = new Map<string, string[][]>()

  const lookup: LookupAll = (name, _options, callback) => {
    lookups.push(name)
    const answers = names.get(name) ?? [[name.endsWith('localhost') ? '127.0.0.1' : PUBLIC_ADDRESS]]
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    // As on a real network, an answer never comes while the question is being asked.
    setImmediate(() => {
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      )
      settled.add(name)
      events.emit(`lookup ${name}`)
    })
  }

  /** As Node connects: a literal as it is, a name to what the given lookup says. */
  const connect: ConnectorParts['connect'] = (options) => {
    const resolve = (options as { lookup?: LookupFunction }).lookup ?? (lookup as unknown as LookupFunction)
    const dial = (address: string, callback: buildConnector.Callback): void => {
      dialled.add(address)
      const server = address === PUBLIC_ADDRESS ? outside : canary
      const { port } = server.address() as AddressInfo
      const to = { hostname: '127.0.0.1', protocol: 'http:', port: String(port) }
      buildConnector({})(to, (...[error, socket]) => {
        if (error) return callback(error, null)
        Object.defineProperty(socket, 'remoteAddress', { value: address })
        callback(null, socket)
      })
    }
    return ({ hostname }, callback) => {
      const literal = hostname.replace(/^\[|\]$/g, '')
      if (isIP(literal)) return dial(literal, callback)
      resolve(hostname, { all: true }, (error, addresses) => {
        const first = Array.isArray(addresses) ? addresses[0]?.address : addresses
        if (error || !first) return callback(error ?? new Error('ENOTFOUND'), null)
        dial(first, callback)
      })
    }
  }

  const internet: FakeInternet = {
    parts: { lookup, connect },
    names,
    onRequest: (_, reply) => reply.writeHead(404).end(),
    lookups,
    dialled,
    connections: () => connections,
    async lookedUp(name) {
      if (!settled.has(name)) await once(events, `lookup ${name}`)
    },
    async reached() {
      if (connections === 0) await once(events, 'canary')
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([canary, outside].map((server) => once(server.close(), 'close')))
    },
  }
  return internet
}

async function listening<S extends Server>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
