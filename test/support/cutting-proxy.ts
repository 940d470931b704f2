/**
 * A TCP proxy before a spore that others know it by. It can cut off some of those who come, and leaves the rest alone:
 * who comes is read from the signature of the first request on a connection. Bytes are passed on as they are.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  /** Port of the spore behind it; connections are refused until it is set. */
  target: number | null
  /** Ends the connections of these spores, and refuses new ones; nobody else's. */
  cut(dids: readonly string[]): void
  /** Passes everybody on again. */
  heal(): void
  /** Connections that were refused or ended. */
  readonly refused: number
}

const KEYID = /keyid="(did:key:z[1-9A-HJ-NP-Za-km-z]+)"/
/** What a request's head may take; one that is longer is nobody's. */
const HEAD_BYTES_MAX = 16 * 1024

interface Passage {
  readonly inbound: Socket
  did: string | null
}

export interface CuttingOptions {
  /** Sees all bytes that pass, in both directions. */
  readonly onBytes?: (bytes: Buffer) => void
}

export async function startCuttingProxy({ onBytes }: CuttingOptions = {}): Promise<CuttingProxy> {
  const passages = new Set<Passage>()
  let cutOff: ReadonlySet<string> = new Set()
  let refused = 0

  const refuse = ({ inbound }: Passage): void => {
    refused++
    inbound.destroy()
  }

  const server = createServer((inbound) => {
    const passage: Passage = { inbound, did: null }
    passages.add(passage)
    inbound.setNoDelay(true)
    inbound.on('error', () => {})
    inbound.once('close', () => passages.delete(passage))
    let head = Buffer.alloc(0)
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk])
      const text = head.toString('latin1')
      if (!text.includes('\r\n\r\n') && head.length < HEAD_BYTES_MAX) return
      inbound.off('data', read)
      passage.did = KEYID.exec(text)?.[1] ?? null
      if (passage.did !== null && cutOff.has(passage.did)) refuse(passage)
      else passOn(passage, head, proxy.target, onBytes)
    }
    inbound.on('data', read)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: null,
    cut(dids) {
      cutOff = new Set(dids)
      for (const passage of passages) if (passage.did !== null && cutOff.has(passage.did)) refuse(passage)
    },
    heal() {
      cutOff = new Set()
    },
    get refused() {
      return refused
    },
    async [Symbol.asyncDispose]() {
      for (const { inbound } of passages) inbound.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

function passOn(
  { inbound }: Passage,
  head: Buffer,
  target: number | null,
  onBytes: CuttingOptions['onBytes'],
): void {
  if (target === null) return void inbound.destroy()
  const outbound = connect(target, '127.0.0.1')
  outbound.setNoDelay(true)
  outbound.on('error', () => inbound.destroy())
  outbound.once('close', () => inbound.destroy())
  inbound.once('close', () => outbound.destroy())
  if (onBytes) {
    onBytes(head)
    for (const side of [inbound, outbound]) side.on('data', onBytes)
  }
  outbound.write(head)
  inbound.pipe(outbound)
  outbound.pipe(inbound)
}
