/** A spore with its federation routes on a real socket, and signed requests to it with anything wrong about them. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { systemRandom } from '../../../../src/adapters/random.ts'
import type { Federation } from '../../../../src/core/gossip/federation.ts'
import type { Transport } from '../../../../src/core/gossip/transport.ts'
import { NONCE_BYTES, signRequest } from '../../../../src/core/identity/http-signature.ts'
import { createSigner, type Signer } from '../../../../src/core/identity/keys.ts'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { CBOR_MEDIA_TYPE, encodePull } from '../../../../src/core/protocol/messages.ts'
import type { ModelPorts } from '../../../../src/core/reasoning/models.ts'
import type { Spore } from '../../../../src/core/spore.ts'
import { createAccounts } from '../../../../src/http/bounds/accounts.ts'
import { federationRoutes } from '../../../../src/http/federation/routes.ts'
import { createServer, type HttpOptions } from '../../../../src/http/server.ts'
import { openSpore } from '../support.ts'

/** Where requests go. */
export interface Sendable {
  readonly port: number
  /** `127.0.0.1:<port>`. */
  readonly authority: string
}

export interface Served extends Sendable, AsyncDisposable {
  readonly app: FastifyInstance
  readonly spore: Spore
}

/** A server for tests of what lies behind the bounds: the buckets of addresses are full again each time that they are asked. */
export function serveUnbounded(options: ServeOptions = {}): Promise<Served> {
  let nowMs = 0
  const accounts = createAccounts(() => {
    nowMs += 60_000
    return nowMs
  })
  return serveFederation(null, undefined, { ...options, http: { accounts, ...options.http } })
}

export interface ServeOptions {
  readonly http?: Partial<HttpOptions>
  /** What answers in place of the spore's own. */
  readonly federation?: Partial<Federation>
  readonly models?: ModelPorts
}

export async function serveFederation(
  publicUrl: string | null = null,
  transport?: Transport,
  options: ServeOptions = {},
): Promise<Served> {
  const spore = await openSpore(transport, options.models)
  const app = await createServer(spore, {
    version: '0.0.0-test',
    allowedHosts: ['spore.example', ...(publicUrl === null ? [] : [new URL(publicUrl).host])],
    federation: federationRoutes({ ...spore.federation, ...options.federation }, { publicUrl }),
    ...options.http,
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    app,
    spore,
    port,
    authority: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await app.close()
      await spore[Symbol.asyncDispose]()
    },
  }
}

export const newSigner = (): Signer => createSigner(new Uint8Array(randomBytes(32)))
export const PEER = newSigner()

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly body?: Uint8Array
  readonly type?: string
  readonly signer?: Signer
  /** Seconds that the signature's clock is off. */
  readonly offS?: number
  /** Authority that is signed and sent as Host. */
  readonly authority?: string
  /** What is sent differs from what is signed. */
  readonly sent?: {
    readonly path?: string
    readonly body?: Uint8Array
    readonly method?: string
    readonly host?: string
  }
  /** Added to, or (undefined) taken from the headers. */
  readonly headers?: { readonly [name: string]: string | undefined }
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Of problem details; null where the reply is none. */
  readonly code: string | null
}

/** Signs a request; `send` sends it, as often as it is called. */
export function prepare(served: Sendable, asked: Asked): () => Promise<Answered> {
  const { method, path, type, signer = PEER, offS = 0, authority = served.authority, sent = {} } = asked
  const body = asked.body ?? new Uint8Array()
  const at = path.indexOf('?')
  const parts = {
    method,
    authority,
    path: at < 0 ? path : path.slice(0, at),
    query: at < 0 ? '' : path.slice(at),
    body,
  }
  const createdS = Math.floor(Date.now() / 1000) + offS
  const signature = signRequest(parts, signer, createdS, systemRandom.bytes(NONCE_BYTES))
  const all = {
    host: sent.host ?? authority,
    ...(type && { 'content-type': type }),
    ...signature,
    ...asked.headers,
  }
  const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  const sentBody = sent.body ?? body
  return async () => {
    const request = httpRequest({
      host: '127.0.0.1',
      port: served.port,
      method: sent.method ?? method,
      path: sent.path ?? path,
      headers: { ...headers, ...(sentBody.length > 0 && { 'content-length': sentBody.length }) },
    })
    // A refused body is not read to its end, and the connection then closed.
    request.on('error', () => {})
    request.end(sentBody)
    const [reply] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of reply) chunks.push(chunk as Buffer)
    const answer = Buffer.concat(chunks)
    return {
      status: reply.statusCode ?? 0,
      headers: reply.headers,
      body: answer,
      code: codeOf(reply, answer),
    }
  }
}

export const ask = (served: Sendable, asked: Asked): Promise<Answered> => prepare(served, asked)()

function codeOf(reply: IncomingMessage, body: Buffer): string | null {
  if (!reply.headers['content-type']?.startsWith('application/problem+json')) return null
  return (JSON.parse(body.toString()) as { code: string }).code
}

export const HEADS = { method: 'GET', path: '/federation/v1/heads' } as const
export const pushOf = (body: Uint8Array): Asked => ({
  method: 'POST',
  path: '/federation/v1/push',
  body,
  type: FRAMES_MEDIA_TYPE,
})
export const pullOf = (body: Uint8Array = encodePull([])): Asked => ({
  method: 'POST',
  path: '/federation/v1/pull',
  body,
  type: CBOR_MEDIA_TYPE,
})
export const joinOf = (descriptor: unknown): Asked => ({
  method: 'POST',
  path: '/federation/join',
  body: Buffer.from(JSON.stringify(descriptor)),
  type: 'application/json',
})
