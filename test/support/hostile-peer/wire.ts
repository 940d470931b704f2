/** How a hostile peer sends: signed requests from an address of its own, and bytes that are no request at all. */
import { connect, type Socket } from 'node:net'
import { Agent, request } from 'undici'
import type { Signed } from './persona.ts'
import type { Tally } from './tally.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

export interface Wire extends AsyncDisposable {
  /**
   * Sends a request; null where the connection ended without a reply. What it comes to is counted; where it is civil, by
   * itself: it is what any spore does, and nothing to be cut off for.
   */
  send(signed: Signed, isCivil?: boolean): Promise<Answer | null>
  /** A raw connection to a spore. */
  open(target: string): Socket
}

export interface WireOptions {
  readonly tally: Tally
  readonly signal: AbortSignal
  /** The address that it comes from. */
  readonly from: string
  readonly connections?: number
  /** It says that it is on this machine; else, that it passes on what somebody on the internet asks. */
  readonly isLocal?: boolean
}

/** Who names it as a proxy (`trustProxy`) sees each of its addresses as one of the public internet. */
export const HOSTILE_BLOCK = '127.66.0.0/16'
/**
 * Loopback addresses of its own, so that a spore can tell it from the others on the machine by them. Only Linux has the
 * whole block; elsewhere all come from one.
 */
export const addressOf = (block: number, n = 0): string =>
  process.platform === 'linux' ? `127.66.${block % 250}.${1 + (n % 250)}` : '127.0.0.1'

/** Nobody answers a hostile peer later than this. */
const REPLY_MS = 30_000
/** Bytes of a reply that are read; an honest one to what is asked here is shorter. */
const REPLY_BYTES_MAX = 32 * 1024 * 1024

export function createWire({ tally, signal, from, connections = 16, isLocal = false }: WireOptions): Wire {
  const agent = new Agent({
    localAddress: from,
    connections,
    pipelining: 1,
    headersTimeout: REPLY_MS,
    bodyTimeout: REPLY_MS,
  })
  // A spore that takes it for a proxy of its own sees a public address, and holds that to what strangers may.
  const forwarded = isLocal ? {} : { 'x-forwarded-for': from.replace(/^127\.66\./, '45.66.') }
  return {
    async send({ method, target, path, headers, body }, isCivil = false) {
      tally.sent()
      const what = `${method} ${path.slice(0, 100)}`
      try {
        const reply = await request(`${target}${path}`, {
          dispatcher: agent,
          method,
          headers: { ...headers, ...forwarded },
          body: body.length > 0 ? body : null,
          signal,
        })
        const chunks: Buffer[] = []
        let size = 0
        for await (const chunk of reply.body) {
          size += (chunk as Buffer).length
          if (size > REPLY_BYTES_MAX) break
          chunks.push(chunk as Buffer)
        }
        if (isCivil && reply.statusCode < 400) tally.note('civil requests served')
        else tally.replied(reply.statusCode, what)
        return { status: reply.statusCode, headers: reply.headers, body: Buffer.concat(chunks) }
      } catch {
        if (!signal.aborted) tally.replied(null, what)
        return null
      }
    },
    open(target) {
      const { hostname, port } = new URL(target)
      tally.sent()
      const socket = connect({ host: hostname, port: Number(port), localAddress: from })
      socket.on('error', () => {})
      signal.addEventListener('abort', () => socket.destroy(), { once: true })
      return socket
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}
