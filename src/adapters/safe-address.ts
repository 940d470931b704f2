/**
 * Which addresses a spore may connect to when the URL comes from outside (SSRF: a peer that names our router, our
 * cloud's metadata service or our own loopback as "a peer").
 *
 * Three checks, since each alone has been passed: the URL itself; the addresses a name resolves to, before anything is
 * sent (a name can resolve differently every time, so a check ahead of the connection is worth nothing); and the
 * address the socket says it is connected to. undici follows no redirects by itself; who does asks again at each hop.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { err, ok, type Result } from '../core/base/result.ts'
import { type Failure, failure, SporeError } from '../core/protocol/errors.ts'
import { FETCH_URL_CHARS_MAX, URL_CHARS_MAX } from '../core/protocol/limits.ts'

/** Global unicast, all of IPv6 that is assigned to be reached from anywhere (IANA registry). */
const IPV6_GLOBAL = ipaddr.parseCIDR('2000::/3')

/** True where a literal IP address belongs to the public internet: neither private nor local, special nor mapped to such. */
export function isPublicAddress(address: string): boolean {
  // A zone (`%eth0`) only makes sense on a local link.
  if (isIP(address) === 0 || address.includes('%')) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || parsed.match(IPV6_GLOBAL)
}

/** Two labels or more, none empty: `localhost..` is no name, and who asks for it may yet be told an address. */
const domainName = /^[^.]+(\.[^.]+)+\.?$/

/** Names that resolve to this machine or its home network by definition (RFC 6761, 6762, 8375, 9476; ICANN `internal`). */
const localName = /(^|\.)(localhost|local|localdomain|internal|home\.arpa|alt|onion)\.?$/i

/**
 * The form in which a peer's URL is kept: origin and path, without a slash at its end. Without private addresses only
 * https on its default port; with them also http, and any port. Failure PEER_URL_INVALID says what is wrong.
 */
export function parsePeerUrl(text: string, allowPrivate: boolean): Result<string, Failure> {
  const finding = text.length > URL_CHARS_MAX ? 'is too long' : null
  const url = finding ? null : URL.parse(text)
  const wrong =
    finding ??
    // An empty query or fragment leaves no trace in the parsed URL.
    (url
      ? (originFinding(url, text, allowPrivate) ?? (/[?#]/.test(text) ? 'has a query or a fragment' : null))
      : 'is not a URL')
  if (wrong || !url) return err(failure('PEER_URL_INVALID', `The peer URL ${wrong}.`))
  return ok(url.origin + url.pathname.replace(/\/+$/, ''))
}

/**
 * A URL from outside that is to be fetched: as of a peer, but it may have a query; a fragment stays here. Failure
 * URL_REFUSED says what is wrong.
 */
export function parseFetchUrl(text: string, allowPrivate: boolean, base?: string): Result<URL, Failure> {
  const finding = text.length > FETCH_URL_CHARS_MAX ? 'is too long' : null
  const url = finding ? null : URL.parse(text, base)
  const wrong = finding ?? (url ? originFinding(url, text, allowPrivate) : 'is not a URL')
  if (wrong || !url) return err(failure('URL_REFUSED', `The URL ${wrong}.`))
  url.hash = ''
  return ok(url)
}

function originFinding(url: URL, text: string, allowPrivate: boolean): string | null {
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    return allowPrivate ? 'is neither http nor https' : 'is not https'
  if (url.username || url.password || /^[^/?#]*[/\\]{2}[^/\\?#]*@/.test(text))
    return 'carries a user name or password'
  if (url.hostname === '') return 'names no host'
  if (allowPrivate) return null
  if (url.port !== '') return 'names a port; only https on 443 is allowed'
  return isPublicHost(url.hostname) ? null : 'names an address that is not on the public internet'
}

/** A literal must be public; a name must not be local by definition (what it resolves to is checked when connecting). */
export function isPublicHost(hostname: string): boolean {
  const literal = hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal)) return isPublicAddress(literal)
  return domainName.test(hostname) && !localName.test(hostname)
}

/** What a test replaces: how names resolve, and the connector underneath. */
export interface ConnectorParts {
  readonly lookup?: LookupAll
  readonly connect?: (options: buildConnector.BuildOptions) => buildConnector.connector
}
export type LookupAll = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** A connector for undici's `Agent({ connect })` that refuses what `isPublicAddress` refuses, with PEER_URL_INVALID. */
export function guardedConnector(
  allowPrivate: boolean,
  parts: ConnectorParts = {},
): buildConnector.connector {
  const build = parts.connect ?? buildConnector
  if (allowPrivate) return build({})
  const lookup = guardedLookup(parts.lookup ?? systemLookup)
  const connect = build({ lookup } as buildConnector.BuildOptions)
  return (options, callback) => {
    if (!isPublicHost(options.hostname)) return callback(refused(options.hostname), null)
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null)
      if (socket.remoteAddress && isPublicAddress(socket.remoteAddress)) return callback(null, socket)
      socket.destroy()
      callback(refused(options.hostname), null)
    })
  }
}

/** Resolves a name to its public addresses only; an error where it has none. */
function guardedLookup(lookup: LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const open = addresses.filter(({ address }) => isPublicAddress(address))
      const first = open[0]
      if (!first) return callback(refused(hostname) as NodeJS.ErrnoException, '')
      if (options.all) callback(null, open)
      else callback(null, first.address, first.family)
    })
  }
}

const refused = (hostname: string) =>
  new SporeError('PEER_URL_INVALID', `The host ${hostname} is not on the public internet.`)
