/**
 * An embedding provider on loopback, over real HTTP: `POST /v1/embeddings` as OpenAI specifies it. The same text always gets the
 * same vector: its words and their parts, hashed, where words that mean the same are one word. So meaning finds what words cannot.
 */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Words that are one word to this model, each with the one that stands for all. */
const SYNONYMS: Readonly<Record<string, string>> = {
  automobile: 'car',
  vehicle: 'car',
  physician: 'doctor',
  feline: 'cat',
  kitten: 'cat',
  precipitation: 'rain',
  drizzle: 'rain',
}

export interface EmbeddingRequest {
  readonly authorization: string | undefined
  readonly model: unknown
  readonly input: readonly string[]
  readonly dimensions: unknown
}

/** What a server does instead of answering as it should; it may look at the request. */
export type Misbehaviour = (reply: ServerResponse, right: () => object, request: EmbeddingRequest) => void

export interface EmbeddingServer extends AsyncDisposable {
  /** Base URL, as an operator would configure it. */
  readonly url: string
  readonly requests: readonly EmbeddingRequest[]
  /** Applied to every request until it is null again. */
  misbehave: Misbehaviour | null
  /** Every text that was ever sent. */
  readonly texts: readonly string[]
}

export interface EmbeddingServerOptions {
  readonly dimension?: number
  /** The key that it wants. */
  readonly key?: string
}

export async function startEmbeddingServer(options: EmbeddingServerOptions = {}): Promise<EmbeddingServer> {
  const { dimension = 64, key } = options
  const requests: EmbeddingRequest[] = []
  const held: EmbeddingServer = {
    url: '',
    requests,
    misbehave: null,
    get texts() {
      return requests.flatMap(({ input }) => input)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer(async (message, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const { authorization } = message.headers
    if (message.method !== 'POST' || message.url !== '/v1/embeddings') return send(reply, 404, {})
    if (key !== undefined && authorization !== `Bearer ${key}`)
      return send(reply, 401, { error: authorization })
    const body = JSON.parse(Buffer.concat(chunks).toString()) as EmbeddingRequest
    const request = { authorization, model: body.model, input: body.input, dimensions: body.dimensions }
    requests.push(request)
    const size = typeof body.dimensions === 'number' ? body.dimensions : dimension
    const right = () => ({
      object: 'list',
      model: body.model,
      data: body.input.map((text, index) => ({ object: 'embedding', index, embedding: embed(text, size) })),
    })
    if (held.misbehave) held.misbehave(reply, right, request)
    else send(reply, 200, right())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(held, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
}

export function send(reply: ServerResponse, status: number, body: unknown, headers = {}): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers })
  reply.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** The vector of a text: as long as it wants, for a provider may send any length. */
export function embed(text: string, dimension: number): number[] {
  const vector = new Array<number>(dimension).fill(0)
  const add = (feature: string, weight: number): void => {
    const bytes = hash('sha256', feature, 'buffer')
    const place = bytes.readUInt32LE(0) % dimension
    vector[place]! += (bytes[4]! % 2 === 0 ? 1 : -1) * weight
  }
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const meant = SYNONYMS[word] ?? word
    if (STOP_WORDS.has(meant)) continue
    add(meant, 2)
    for (let at = 0; at + 3 <= meant.length; at++) add(`#${meant.slice(at, at + 3)}`, 0.3)
  }
  // All texts of a language are somewhat alike to a model.
  vector[0]! += 1
  return vector
}

const STOP_WORDS = new Set(['the', 'a', 'an', 'is', 'in', 'on', 'of', 'and', 'to', 'my', 'was', 'it', 'for'])
