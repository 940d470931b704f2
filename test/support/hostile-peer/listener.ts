/** Where a hostile peer answers: as an empty spore would, but for what its mode says in place of it. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { SpaceId } from '../../../src/core/base/brand.ts'
import { FRAMES_MEDIA_TYPE } from '../../../src/core/protocol/frame.ts'
import {
  CBOR_MEDIA_TYPE,
  encodeHeads,
  encodeIhaveReply,
  encodeNeighborReply,
  encodePushReply,
  type HeadsRow,
} from '../../../src/core/protocol/messages.ts'
import type { Persona } from './persona.ts'
import type { Tally } from './tally.ts'

/** A request that a spore made. */
export interface Inquiry {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly reply: ServerResponse
}

/** Answers an inquiry by writing to `reply`. */
export type Answerer = (inquiry: Inquiry) => void | Promise<void>

/** By the last word of the path (`heads`, `pull`, `push`…); `every` for those that are not named. */
export type Script = Readonly<Record<string, Answerer | undefined>>

export interface Listener extends AsyncDisposable {
  readonly url: string
}

export interface ListenerOptions {
  readonly persona: Persona
  readonly tally: Tally
  readonly host: string
  readonly script: Script
}

const COMMONS = 'commons' as SpaceId
/** Bytes of a request that are read. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

export async function listen({ persona, tally, host, script }: ListenerOptions): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = createServer(async (request, reply) => {
    const inquiry = await toInquiry(request, reply)
    const route = inquiry.path.split('/').at(-1) as string
    tally.asked(route)
    const answer = script[route] ?? script.every ?? empty[route] ?? notFound
    reply.on('error', () => {})
    await answer(inquiry)
  })
  // A drip or a hang is its own business.
  server.requestTimeout = 0
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  const url = `http://${host}:${(server.address() as AddressInfo).port}`

  const empty: Script = {
    heads: ({ reply }) => send(reply, CBOR_MEDIA_TYPE, headsOf([], 'empty')),
    pull: ({ reply }) => send(reply, FRAMES_MEDIA_TYPE, new Uint8Array()),
    push: ({ reply }) =>
      send(
        reply,
        CBOR_MEDIA_TYPE,
        encodePushReply({ new: 0, dup: 0, failures: [], want: [], prune: false, linked: true }),
      ),
    ihave: ({ reply }) => send(reply, CBOR_MEDIA_TYPE, encodeIhaveReply({ want: [], linked: true })),
    neighbor: ({ reply }) =>
      send(reply, CBOR_MEDIA_TYPE, encodeNeighborReply({ accepted: true, reached: true })),
    join: (inquiry) => sendNodes(inquiry, persona, url, []),
    nodes: (inquiry) => sendNodes(inquiry, persona, url, []),
  }

  return {
    url,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function toInquiry(request: IncomingMessage, reply: ServerResponse): Promise<Inquiry> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      if (size <= BODY_BYTES_MAX) chunks.push(chunk as Buffer)
    }
  } catch {
    // It went away while it asked.
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  )
  return { method: request.method ?? '', path, query, headers, body: Buffer.concat(chunks), reply }
}

export function send(
  reply: ServerResponse,
  type: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply.writeHead(200, { 'content-type': type, 'content-length': body.length, ...headers }).end(body)
}

/** `{self, nodes}`, signed as a reply to a join must be. */
export function sendNodes(
  { headers, reply }: Inquiry,
  persona: Persona,
  url: string,
  nodes: readonly unknown[],
): void {
  const body = Buffer.from(JSON.stringify({ self: persona.descriptor(url), nodes }))
  send(reply, 'application/json', body, persona.signReply(body, headers.signature ?? ''))
}

export const headsOf = (rows: readonly HeadsRow[], cursor: string, more = false): Uint8Array =>
  encodeHeads({ cursor, more, spaces: [{ space: COMMONS, rows }] })

const notFound: Answerer = ({ reply }) => void reply.writeHead(404).end()

/** Answers to what a spore asks before it trusts a peer with a round. */
export const civil = (persona: Persona, url: () => string): Script => ({
  join: (inquiry) => sendNodes(inquiry, persona, url(), []),
  neighbor: ({ reply }) =>
    send(reply, CBOR_MEDIA_TYPE, encodeNeighborReply({ accepted: true, reached: true })),
})
