/** An HTTP proxy in front of one spore that passes everything on as it is, and keeps every byte of both directions. */
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Captured {
  /** Who signed the request; null where nobody did. */
  readonly signer: string | null
  /** Request line and headers, and those of the reply, as text. */
  readonly heads: string
  readonly request: Buffer
  reply: Buffer
}

export interface CapturingProxy extends AsyncDisposable {
  readonly url: string
  /** Where it passes requests on to: an origin. Until it is set they are refused. */
  target: string | null
  readonly captured: readonly Captured[]
}

export async function startCapturingProxy(): Promise<CapturingProxy> {
  const captured: { signer: string | null; heads: string; request: Buffer; reply: Buffer }[] = []
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    if (proxy.target === null) {
      outgoing.writeHead(503).end()
      return
    }
    const { hostname, port } = new URL(proxy.target)
    const { method, url: path, headers } = incoming
    const passed = httpRequest({ hostname, port, method, path, headers, agent: false })
    passed.on('error', () => outgoing.destroy())
    passed.end(body)
    const [reply] = await once(passed, 'response').catch(() => [null])
    if (!reply) {
      outgoing.destroy()
      return
    }
    const seen = {
      signer: signerOf(headers),
      heads: `${method} ${path}\n${JSON.stringify(headers)}\n${JSON.stringify(reply.headers)}`,
      request: body,
      reply: Buffer.alloc(0),
    }
    captured.push(seen)
    outgoing.writeHead(reply.statusCode, reply.headers)
    reply.on('data', (chunk: Buffer) => {
      seen.reply = Buffer.concat([seen.reply, chunk])
    })
    reply.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    reply.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: CapturingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: null,
    captured,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

const signerOf = (headers: IncomingHttpHeaders): string | null =>
  /keyid="([^"]+)"/.exec(String(headers['signature-input'] ?? ''))?.[1] ?? null
