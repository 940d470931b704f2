/**
 * The one way to GET a URL that was learnt from outside (a bootstrap file, a webhook's address): https on its default
 * port, only to addresses of the public internet (`safe-address.ts`), in bounded time and bytes.
 *
 * Redirects are followed here and not by the client underneath: each hop is a URL from outside again, and one to a
 * literal address would pass a check of lookups alone. Nothing of this spore or its operator is sent: no cookie, no
 * token, no referrer. Each fetch resolves its names anew and connects to what that very lookup gave.
 */
import { Agent, request } from 'undici'
import { err, ok, type Result } from '../core/base/result.ts'
import { type Failure, failure, SporeError } from '../core/protocol/errors.ts'
import {
  FETCH_BYTES_MAX,
  FETCH_REDIRECTS_MAX,
  FETCH_TIMEOUT_MS,
  FETCHES_MAX,
} from '../core/protocol/limits.ts'
import { type ConnectorParts, guardedConnector, isPublicHost, parseFetchUrl } from './safe-address.ts'

export interface SafeFetch extends AsyncDisposable {
  /**
   * What is at a URL, whatever its status, after at most `FETCH_REDIRECTS_MAX` redirects. Failures: URL_REFUSED where the
   * URL, one that it redirects to, or an address behind either is not one to connect to; FETCH_FAILED where there is no
   * whole answer in time and size, or it is compressed; OVERLOADED where `FETCHES_MAX` are under way.
   */
  fetch(url: string, options?: SafeFetchOptions): Promise<Result<SafeFetchReply, Failure>>
}

export interface SafeFetchOptions {
  /** Bytes of the longest body that is taken. Default and at most `FETCH_BYTES_MAX`. */
  readonly maxBytes?: number
  /** Milliseconds for all of it, redirects too. Default and at most `FETCH_TIMEOUT_MS`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SafeFetchReply {
  readonly status: number
  /** Lower-case names; of a repeated header the first. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: Uint8Array
  /** Where it was found: the last hop. */
  readonly url: string
}

/** Bytes of reply headers. */
const HEADER_BYTES_MAX = 16 * 1024
/** What every hop is sent, and nothing else. Unpacking is left out rather than bounded: no bomb gets in. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'spore' } as const
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export function createSafeFetch(
  options: { readonly allowPrivateAddresses: boolean },
  parts: ConnectorParts = {},
): SafeFetch {
  const { allowPrivateAddresses } = options
  const agentOf = (allowPrivate: boolean): Agent =>
    new Agent({
      connect: guardedConnector(allowPrivate, parts),
      headersTimeout: FETCH_TIMEOUT_MS,
      bodyTimeout: FETCH_TIMEOUT_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    })
  const strict = agentOf(false)
  const lenient = allowPrivateAddresses ? agentOf(true) : strict
  let underWay = 0

  /** One hop: the reply, or where it sends us. */
  const hop = async (
    url: URL,
    allowPrivate: boolean,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<SafeFetchReply | { readonly location: string }> => {
    // `reset` closes the connection: the next fetch looks the name up and is checked again.
    const dispatcher = allowPrivate ? lenient : strict
    const sent = request(url, { dispatcher, method: 'GET', headers: HEADERS, signal, reset: true })
    // The client minds the signal only from the moment it is connected.
    const reply = await orAborted(sent, signal)
    const headers = singleValues(reply.headers)
    if (REDIRECTS.has(reply.statusCode) && headers.location !== undefined) {
      reply.body.on('error', () => {}).destroy()
      return { location: headers.location }
    }
    const body = await readBody(reply.body, headers, maxBytes)
    return { status: reply.statusCode, headers, body, url: url.href }
  }

  const follow = async (
    text: string,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Result<SafeFetchReply, Failure>> => {
    let at = parseFetchUrl(text, allowPrivateAddresses)
    let allowPrivate = allowPrivateAddresses
    for (let redirects = 0; at.ok; redirects++) {
      const here: URL = at.value
      const found = await hop(here, allowPrivate, maxBytes, signal)
      if ('status' in found) return ok(found)
      if (redirects === FETCH_REDIRECTS_MAX)
        return err(failure('FETCH_FAILED', `more than ${FETCH_REDIRECTS_MAX} redirects`))
      // Who is on the public internet has no say in what this spore asks of its own network, though its operator has.
      allowPrivate &&= !isOnPublicInternet(here)
      at = redirected(found.location, here, allowPrivate)
    }
    return at
  }

  return {
    async fetch(text, { maxBytes = FETCH_BYTES_MAX, timeoutMs = FETCH_TIMEOUT_MS, signal } = {}) {
      if (underWay >= FETCHES_MAX) return err(failure('OVERLOADED', `${FETCHES_MAX} fetches are under way`))
      underWay++
      const timeout = AbortSignal.timeout(Math.min(timeoutMs, FETCH_TIMEOUT_MS))
      try {
        const ending = signal ? AbortSignal.any([signal, timeout]) : timeout
        return await follow(text, Math.min(maxBytes, FETCH_BYTES_MAX), ending)
      } catch (error) {
        return err(toFailure(error))
      } finally {
        underWay--
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([strict.destroy(), lenient.destroy()])
    },
  }
}

/** Where a hop leads, checked as if it were the first; encrypted stays encrypted. */
function redirected(location: string, from: URL, allowPrivate: boolean): Result<URL, Failure> {
  const next = parseFetchUrl(location, allowPrivate, from.href)
  if (next.ok && from.protocol === 'https:' && next.value.protocol !== 'https:')
    return err(failure('URL_REFUSED', 'The URL is one that https redirects to without https.'))
  return next
}

const isOnPublicInternet = (url: URL): boolean => url.protocol === 'https:' && isPublicHost(url.hostname)

async function readBody(
  stream: AsyncIterable<Uint8Array>,
  headers: SafeFetchReply['headers'],
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop, by an error too, destroys the stream, and with it the connection.
  for await (const chunk of stream) {
    const coding = headers['content-encoding'] ?? 'identity'
    if (coding !== 'identity')
      throw new SporeError('FETCH_FAILED', 'it is compressed, which was not asked for')
    size += chunk.length
    if (size > maxBytes) throw new SporeError('FETCH_FAILED', `it has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** The outcome of a promise, or the signal's reason as soon as it aborts. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  // Whichever loses the race is nobody's business any more.
  promise.catch(() => {})
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function singleValues(headers: {
  readonly [name: string]: string | string[] | undefined
}): SafeFetchReply['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

/** The addresses' guard speaks of peers; what it refuses is refused here too. */
function toFailure(error: unknown): Failure {
  if (error instanceof SporeError)
    return failure(error.code === 'PEER_URL_INVALID' ? 'URL_REFUSED' : error.code, error.message)
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  if (name === 'TimeoutError') return failure('FETCH_FAILED', 'it took too long')
  return failure('FETCH_FAILED', typeof code === 'string' ? code : 'no answer')
}
