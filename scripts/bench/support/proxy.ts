/** A TCP proxy before a spore: it counts every byte in both directions, and can cut the spore off. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface SporeProxy extends AsyncDisposable {
  readonly port: number
  /** Bytes that passed, in both directions. */
  readonly bytes: number
  /** Where connections go on to. */
  target: number | null
  /** Ends every connection; until it is healed, new ones are refused. */
  cut(): void
  heal(): void
}

export async function startProxy(): Promise<SporeProxy> {
  const sockets = new Set<Socket>()
  let bytes = 0
  let isCut = false
  const server = createServer((inbound) => {
    if (isCut || proxy.target === null) return void inbound.destroy()
    const outbound = connect(proxy.target, '127.0.0.1')
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const proxy: SporeProxy = {
    port,
    target: null,
    get bytes() {
      return bytes
    },
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    heal() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
