/**
 * A model provider on loopback, over real HTTP: `POST /v1/chat/completions` as OpenAI specifies it, whole and streamed. What each request
 * gets is scripted; the ways of answering wrongly are those of 06-faults M1.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { send } from './embedding-server.ts'

export interface ChatRequest {
  readonly authorization: string | undefined
  readonly body: {
    readonly model: string
    readonly messages: readonly { readonly role: string; readonly content: string }[]
    readonly stream: boolean
    readonly stream_options?: unknown
    readonly response_format?: unknown
    readonly temperature?: number
    readonly max_tokens?: number
    readonly max_completion_tokens?: number
  }
}

/** What one request gets. */
export type ChatAnswer = (reply: ServerResponse, request: ChatRequest) => void

export interface ChatServer extends AsyncDisposable {
  /** Base URL, as an operator would configure it. */
  readonly url: string
  readonly requests: readonly ChatRequest[]
  /** Connections that the other side gave up before it had its answer. */
  readonly abandoned: number
  /** Resolves with the next request, or the next connection that is given up. */
  next(what: 'request' | 'abandoned'): Promise<void>
  /** Names that `GET /v1/models` lists; null for a server without such a list. */
  models: readonly string[] | null
  /** The key of each request for that list. */
  readonly listings: readonly (string | undefined)[]
  /** The key without which nothing is answered; null for none. */
  key: string | null
  /** What requests get from now on, by their number from 0. */
  script: (request: ChatRequest, number: number) => ChatAnswer
}

export const USAGE = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

/** A reply as it should be, whole or streamed as was asked for. */
export const say =
  (text: string, finish: string | null = 'stop', usage: unknown = USAGE): ChatAnswer =>
  (reply, { body }) => {
    if (!body.stream) return send(reply, 200, whole({ content: text }, finish, usage))
    streamHead(reply)
    for (const content of text.match(/.{1,5}/gsu) ?? []) writeEvent(reply, chunk({ content }))
    writeEvent(reply, chunk({}, finish))
    if (body.stream_options) writeEvent(reply, { ...chunk({}), choices: [], usage })
    reply.end('data: [DONE]\n\n')
  }

export const whole = (message: object, finish: string | null = 'stop', usage: unknown = USAGE): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'test-model',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', refusal: null, ...message },
      finish_reason: finish,
      logprobs: null,
    },
  ],
  usage,
})

export const chunk = (delta: object, finish: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'test-model',
  choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
  usage: null,
})

export function streamHead(reply: ServerResponse): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
}

export function writeEvent(reply: ServerResponse, value: unknown): void {
  reply.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`)
}

/** A body of this JSON, or text, with a status. */
export const sendAnswer =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ChatAnswer =>
  (reply) =>
    send(reply, status, body, headers)

export const hang: ChatAnswer = () => {}
export const reset: ChatAnswer = (reply) => reply.socket?.resetAndDestroy()

/** Streams a word, and then nothing for ever. */
export const drip: ChatAnswer = (reply) => {
  streamHead(reply)
  writeEvent(reply, chunk({ content: 'drop' }))
}

/** Streams a text and then breaks off: with the connection closed in order, or reset. */
export const breakOff =
  (isReset: boolean): ChatAnswer =>
  (reply) => {
    streamHead(reply)
    writeEvent(reply, chunk({ content: 'The answer is' }))
    if (isReset) setImmediate(() => reply.socket?.resetAndDestroy())
    else reply.end()
  }

/** A reply of so many bytes: one text without an end, or a stream of many events. */
export const flood =
  (bytes: number, isStream: boolean): ChatAnswer =>
  (reply) => {
    if (isStream) streamHead(reply)
    else reply.writeHead(200, { 'content-type': 'application/json' })
    const piece = isStream
      ? `data: ${JSON.stringify(chunk({ reasoning: 'x'.repeat(8192) }))}\n\n`
      : ' '.repeat(8192)
    let sent = 0
    const more = (): void => {
      while (sent < bytes && !reply.destroyed) {
        sent += piece.length
        if (!reply.write(piece)) return void reply.once('drain', more)
      }
      reply.end()
    }
    more()
  }

export async function startChatServer(script: ChatServer['script'] = () => say('Oslo')): Promise<ChatServer> {
  const requests: ChatRequest[] = []
  const listings: (string | undefined)[] = []
  const waiting = { request: Promise.withResolvers<void>(), abandoned: Promise.withResolvers<void>() }
  const notify = (what: keyof typeof waiting): void => {
    const { resolve } = waiting[what]
    waiting[what] = Promise.withResolvers()
    resolve()
  }
  let abandoned = 0
  const answer = async (message: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const piece of message) chunks.push(piece as Buffer)
    const { authorization } = message.headers
    if (held.key !== null && authorization !== `Bearer ${held.key}`)
      return send(reply, 401, {
        error: { message: `no such key: ${authorization}`, code: 'invalid_api_key' },
      })
    if (message.method === 'GET' && message.url === '/v1/models') {
      listings.push(authorization)
      if (held.models) return send(reply, 200, { object: 'list', data: held.models.map((id) => ({ id })) })
    }
    if (message.method !== 'POST' || message.url !== '/v1/chat/completions') return send(reply, 404, {})
    reply.on('close', () => {
      if (reply.writableFinished) return
      abandoned++
      notify('abandoned')
    })
    const request: ChatRequest = {
      authorization,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    }
    const number = requests.push(request) - 1
    notify('request')
    held.script(request, number)(reply, request)
  }
  const server = createServer((message, reply) => {
    // A request that is given up half-way has no answer.
    answer(message, reply).catch(() => reply.destroy())
  })
  const held: Omit<ChatServer, 'url'> = {
    requests,
    listings,
    models: null,
    key: null,
    get abandoned() {
      return abandoned
    },
    next: (what) => waiting[what].promise,
    script,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  return Object.defineProperty(held, 'url', { value: url }) as ChatServer
}
