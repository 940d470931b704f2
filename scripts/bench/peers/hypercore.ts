/**
 * hypercore: a log of its own for each writer, a text a block, all of a replica's logs in one storage and over one
 * connection: a TCP socket under its encrypted stream, as between real peers. Merkle proofs and signatures as always.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { load, type SocketReplica } from './replica.ts'

interface HypercoreClass {
  new (storage: unknown, key: Buffer, options?: { keyPair: KeyPair; manifest: Manifest }): Core
  defaultStorage(folder: string): unknown
  /** The key of a log: what its manifest hashes to. */
  key(manifest: Manifest): Buffer
  createProtocolStream(isInitiator: boolean): NodeJS.ReadWriteStream
}
interface Core {
  readonly key: Buffer
  readonly contiguousLength: number
  ready(): Promise<void>
  append(blocks: readonly Buffer[]): Promise<unknown>
  replicate(stream: NodeJS.ReadWriteStream): unknown
  download(range: { start: number; end: number }): unknown
}
interface Crypto {
  keyPair(): KeyPair
}
interface KeyPair {
  readonly publicKey: Buffer
}
interface Manifest {
  readonly signers: readonly { readonly publicKey: Buffer }[]
}

export async function create(home: string): Promise<SocketReplica> {
  const Hypercore = ((await load('hypercore')) as { default: HypercoreClass }).default
  const crypto = ((await load('hypercore-crypto')) as { default: Crypto }).default
  const storage = Hypercore.defaultStorage(join(home, 'hypercore'))
  const written = new Map<number, Core>()
  const followed: Core[] = []
  const all = (): Core[] => [...written.values(), ...followed]
  const opened: Socket[] = []
  const sockets = new Set<Socket>()

  const attach = (socket: Socket, isInitiator: boolean): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const stream = Hypercore.createProtocolStream(isInitiator)
    // Its end is always the other side's, or ours: an exchange is over when nothing moves any more.
    pipeline(socket, stream as NodeJS.ReadWriteStream, socket, () => {})
    for (const core of all()) core.replicate(stream)
  }
  const server = createServer((socket) => attach(socket, false))
  // Whoever started this process ends it.
  server.unref()

  return {
    async write(writer, texts) {
      let core = written.get(writer)
      if (!core) {
        const keyPair = crypto.keyPair()
        const manifest = { signers: [{ publicKey: keyPair.publicKey }] }
        core = new Hypercore(storage, Hypercore.key(manifest), { keyPair, manifest })
        await core.ready()
        written.set(writer, core)
      }
      await core.append(texts.map((text) => Buffer.from(text)))
    },
    keys: () => [...written.values()].map(({ key }) => key.toString('hex')),
    async follow(keys) {
      for (const key of keys) {
        const core = new Hypercore(storage, Buffer.from(key, 'hex'))
        await core.ready()
        core.download({ start: 0, end: -1 })
        followed.push(core)
      }
    },
    async listen() {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
    async connect(port) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      opened.push(socket)
      attach(socket, true)
    },
    async disconnect() {
      const closed = [...sockets].map((socket) => once(socket, 'close'))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
    bytes: () => opened.reduce((sum, socket) => sum + socket.bytesRead + socket.bytesWritten, 0),
    count: () => all().reduce((sum, core) => sum + core.contiguousLength, 0),
  }
}
