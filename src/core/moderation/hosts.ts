/** Hosts of URLs, and the domains that they belong to. */

/** Characters of a host name (RFC 1035 §2.3.4). */
const HOST_CHARS_MAX = 253
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** The host of a URL in its normal form: lower case, punycode, IPv6 in brackets, no dot at the end. Null for what has none. */
export function hostOf(url: string): string | null {
  const host = URL.parse(url)?.hostname.replace(/\.$/, '')
  return host ? host : null
}

/** A domain, or an address, as a person or a block list writes it, in the form of `hostOf`; null for what is none. */
export function parseDomain(text: string): string | null {
  const bare = text.trim().replace(/^\*?\./, '')
  // What the URL parser would take for something else than a host.
  if (bare === '' || bare.length > HOST_CHARS_MAX || /[\s/\\@?#%*:](?![^[]*\])/.test(bare)) return null
  const host = hostOf(`https://${bare}/`)
  if (!host || host.length > HOST_CHARS_MAX) return null
  return isAddress(host) || host.split('.').every((label) => LABEL.test(label)) ? host : null
}

/** An IP address, which belongs to no domain. */
export const isAddress = (host: string): boolean => host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host)

/** A name of one label, like a top-level domain: it covers more than anybody means. */
export const isBroad = (domain: string): boolean => !isAddress(domain) && !domain.includes('.')

/** The domains that a host is in, itself first, the widest last; an address is in itself alone. */
export function* domainsOf(host: string): Generator<string> {
  yield host
  if (isAddress(host)) return
  for (let at = host.indexOf('.'); at >= 0; at = host.indexOf('.', at + 1)) yield host.slice(at + 1)
}
