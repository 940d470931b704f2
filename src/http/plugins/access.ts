/**
 * Who may ask: an allow-list of hosts (against DNS rebinding), one of web origins (against requests that a foreign page
 * makes a browser send), and bearer tokens. All three run before the body is read, on every route.
 */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { bytesToHex, utf8ToBytes } from '../../core/base/bytes.ts'
import { sha256 } from '../../core/base/hash.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import { sendFailure } from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `token` (the default) as the token rule says; `open` for everyone; `signed` where the route checks a signature. */
    access?: 'token' | 'open' | 'signed'
  }
}

export interface AccessOptions {
  /**
   * Hosts that this spore serves beside the loopback names and the address a request came in on: `name` for any port
   * or `name:port`, as they stand in the Host header.
   */
  readonly allowedHosts: readonly string[]
  /** Web origins (`https://app.example`) whose pages may call this spore; its own pages always may. */
  readonly allowedOrigins: readonly string[]
  /** SHA-256 of each token in lower-case hex; asked on every request, so that a new token works at once. */
  readonly tokenHashes: () => readonly string[]
  /**
   * True for a bind beyond loopback. Where it is false, requests to a loopback name need no token, unless a proxy says
   * that it forwards them for somebody else.
   */
  readonly tokenRequired: boolean
}

/** The form in which a token is kept: SHA-256 in lower-case hex. Tokens are random, so no slow hash is needed. */
export const hashToken = (token: string): string => bytesToHex(sha256(utf8ToBytes(token)))

export const accessPlugin = fp<AccessOptions>(async (app, options) => {
  const hosts = new Set(options.allowedHosts.map((host) => host.toLowerCase()))
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()))

  app.addHook('onRequest', async (request, reply) => {
    const host = parseHost(request.headers.host)
    const refused =
      checkHost(request, host, hosts) ??
      checkOrigin(request, reply, origins) ??
      checkToken(request, host, options)
    if (!refused) return isPreflight(request) ? sendPreflight(request, reply) : undefined
    // RFC 9110 §11.6.1 asks for a challenge. No `resource_metadata`: this spore is no OAuth resource, and clients that
    // are led to discovery drop the header they were configured with.
    if (refused.code.startsWith('TOKEN_')) reply.header('www-authenticate', 'Bearer realm="spore"')
    return sendFailure(reply, refused)
  })
})

interface Host {
  /** Lower case, IPv6 in brackets. */
  readonly name: string
  /** Name and port as they came. */
  readonly whole: string
}

function parseHost(header: string | undefined): Host | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '')
  return match ? { name: (match[1] as string).toLowerCase(), whole: match[0].toLowerCase() } : null
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

function checkHost(request: FastifyRequest, host: Host | null, allowed: ReadonlySet<string>): Failure | null {
  if (!host) return failure('HOST_NOT_ALLOWED', 'The Host header is missing or malformed.')
  // Node takes the first; a proxy before this spore may have gone by another one (RFC 9112 §3.2).
  if (countHosts(request.raw.rawHeaders) > 1)
    return failure('HOST_NOT_ALLOWED', 'There is more than one Host header.')
  // An address cannot be rebound: a page at http://192.0.2.7 is served by 192.0.2.7, that is by this spore.
  const known =
    LOOPBACK.has(host.name) ||
    allowed.has(host.name) ||
    allowed.has(host.whole) ||
    host.name === localAddress(request)
  return known
    ? null
    : failure('HOST_NOT_ALLOWED', `Add "${host.name}" to the allowed hosts if it is this spore.`)
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') count++
  return count
}

/** The address that the request came in on, as it would stand in a Host header. */
function localAddress(request: FastifyRequest): string | null {
  const address = request.socket.localAddress?.toLowerCase()
  if (!address) return null
  if (address.startsWith('::ffff:')) return address.slice('::ffff:'.length)
  return address.includes(':') ? `[${address}]` : address
}

/** Programs send no Origin; browsers send one with everything that could change something or be read by a page. */
function checkOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: ReadonlySet<string>,
): Failure | null {
  const origin = request.headers.origin?.toLowerCase()
  if (origin === undefined) return null
  const own = request.headers.host?.toLowerCase()
  if (origin === `http://${own}` || origin === `https://${own}`) return null
  if (!allowed.has(origin)) return failure('ORIGIN_NOT_ALLOWED', 'Add the origin to the allowed origins.')
  reply.header('access-control-allow-origin', request.headers.origin).header('vary', 'origin')
  return null
}

const isPreflight = (request: FastifyRequest): boolean =>
  request.method === 'OPTIONS' && 'access-control-request-method' in request.headers

/** Comes only after the origin was found in the allow-list, or is our own. */
const sendPreflight = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply
    .code(204)
    .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
    .header('access-control-allow-headers', PREFLIGHT_HEADERS)
    .header('access-control-max-age', '600')
    .send()

const PREFLIGHT_HEADERS =
  'authorization, content-type, last-event-id, mcp-protocol-version, mcp-method, mcp-name'

function checkToken(request: FastifyRequest, host: Host | null, options: AccessOptions): Failure | null {
  const access = request.routeOptions.config.access ?? 'token'
  if (access !== 'token' || isPreflight(request)) return null
  if (!options.tokenRequired && isLocal(request, host)) return null
  const token = /^bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!token)
    return failure('TOKEN_MISSING', 'Send "Authorization: Bearer <token>"; "spore token" makes one.')
  return holds(token, options.tokenHashes())
    ? null
    : failure('TOKEN_INVALID', 'The token is unknown here or was withdrawn.')
}

/** Behind a proxy on this machine everyone comes from loopback, so what the proxy tells of the caller counts. */
const isLocal = (request: FastifyRequest, host: Host | null): boolean =>
  host !== null &&
  LOOPBACK.has(host.name) &&
  !('forwarded' in request.headers) &&
  !('x-forwarded-for' in request.headers)

/**
 * What is known of who sent a request: `token` and the first 8 characters of the token's hash, as `tokens.json` has it, or
 * `local`. For records of what was done, not for deciding anything.
 */
export function callerName({ headers }: FastifyRequest): string {
  const token = /^bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? '')?.[1]
  return token ? `token ${hashToken(token).slice(0, 8)}` : 'local'
}

/** Compares hashes of one length in constant time, and looks at all of them. */
function holds(token: string, hashes: readonly string[]): boolean {
  const hash = utf8ToBytes(hashToken(token))
  let found = false
  for (const known of hashes) {
    const bytes = utf8ToBytes(known)
    if (bytes.length === hash.length && timingSafeEqual(bytes, hash)) found = true
  }
  return found
}
