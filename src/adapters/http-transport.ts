/**
 * Transport over HTTPS. Its pool is its own: no token, cookie or provider key of the operator can ride on it, and it
 * connects only where `safe-address.ts` allows. It follows no redirect: a peer that has moved says so in its descriptor,
 * and a request that was signed for one authority is worth nothing at another.
 */
import { Agent, request } from 'undici'
import { err, ok } from '../core/base/result.ts'
import type { Transport, TransportReply, TransportRequest } from '../core/gossip/transport.ts'
import { type Failure, failure, SporeError } from '../core/protocol/errors.ts'
import { FEDERATION_REPLY_TIMEOUT_MS, FEDERATION_TIMEOUT_MS } from '../core/protocol/limits.ts'
import { type ConnectorParts, guardedConnector, parsePeerUrl } from './safe-address.ts'

export interface HttpTransport extends Transport, AsyncDisposable {}

/** Connections to one peer: an event stream, a pull and a push can be under way together. */
const CONNECTIONS_PER_PEER = 3
/** Bytes of reply headers: a peer has nothing to say there. */
const HEADER_BYTES_MAX = 8 * 1024

export interface HttpTransportOptions {
  readonly allowPrivateAddresses: boolean
  /** Milliseconds in which a whole reply must have arrived. Default `FEDERATION_REPLY_TIMEOUT_MS`. */
  readonly replyTimeoutMs?: number
}

export function createHttpTransport(
  options: HttpTransportOptions,
  parts: ConnectorParts = {},
): HttpTransport {
  const { allowPrivateAddresses, replyTimeoutMs = FEDERATION_REPLY_TIMEOUT_MS } = options
  const agent = new Agent({
    connect: guardedConnector(allowPrivateAddresses, parts),
    connections: CONNECTIONS_PER_PEER,
    headersTimeout: FEDERATION_TIMEOUT_MS,
    bodyTimeout: FEDERATION_TIMEOUT_MS,
    connectTimeout: FEDERATION_TIMEOUT_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  })

  const open = (
    { method, base, path, query, headers, body }: TransportRequest,
    signal: AbortSignal,
    timeouts: { readonly replyMs: number | null; readonly idleMs: number },
  ) =>
    request(`${base}${path}${query}`, {
      dispatcher: agent,
      method,
      headers,
      body: body.length > 0 ? body : null,
      bodyTimeout: timeouts.idleMs,
      // The timeouts of the agent begin anew with every byte.
      signal:
        timeouts.replyMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeouts.replyMs)]),
    })

  return {
    admit: (url) => parsePeerUrl(url, allowPrivateAddresses),
    async send(outgoing, signal) {
      const timeouts = { replyMs: replyTimeoutMs, idleMs: FEDERATION_TIMEOUT_MS }
      try {
        const reply = await open(outgoing, signal, timeouts)
        const chunks: Uint8Array[] = []
        for await (const chunk of bounded(reply.body, outgoing.maxBytes)) chunks.push(chunk)
        const body = new Uint8Array(Buffer.concat(chunks))
        return ok({ status: reply.statusCode, headers: singleValues(reply.headers), body })
      } catch (error) {
        return err(toFailure(error))
      }
    },
    async stream(outgoing, signal) {
      const timeouts = { replyMs: outgoing.replyTimeoutMs, idleMs: outgoing.idleTimeoutMs }
      try {
        const reply = await open(outgoing, signal, timeouts)
        const body = bounded(reply.body, outgoing.maxBytes)
        return ok({ status: reply.statusCode, headers: singleValues(reply.headers), body })
      } catch (error) {
        return err(toFailure(error))
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

/** The chunks of a reply; throws PEER_UNREACHABLE for whatever ends it early. */
async function* bounded(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0
  try {
    // Leaving the loop, by an error too, destroys the stream, and with it the connection.
    for await (const chunk of stream) {
      size += chunk.length
      if (size > maxBytes)
        throw new SporeError('PEER_UNREACHABLE', `a reply of more than ${maxBytes} bytes`, {
          cause: TOO_LONG,
        })
      yield chunk
    }
  } catch (error) {
    const { code, detail } = toFailure(error)
    throw new SporeError(code, detail, { cause: isTooLong(error) ? TOO_LONG : error })
  }
}

function singleValues(headers: {
  readonly [name: string]: string | string[] | undefined
}): TransportReply['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

/** Cause of a failure that the peer alone has made. */
const TOO_LONG = 'too long'
const isTooLong = (error: unknown): error is SporeError =>
  error instanceof SporeError && error.cause === TOO_LONG

function toFailure(error: unknown): Failure {
  if (isTooLong(error)) return { ...failure(error.code, error.message), isNonsense: true }
  if (error instanceof SporeError) return failure(error.code, error.message)
  const code = (error as { code?: unknown } | null)?.code
  return failure('PEER_UNREACHABLE', typeof code === 'string' ? code : 'no answer')
}
