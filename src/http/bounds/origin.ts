/** Where a request comes from, as far as that can be counted: an address, and the neighbourhood that it is bought with. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Origin {
  /**
   * The address: all of it for IPv4, the /64 for IPv6, of which every machine has all. Not the /24 nor the /56: at a
   * hoster, where spores live, these are different customers.
   */
  readonly own: string
  /** The /24 or /48 around it, in which addresses are had by the dozen; null where that means nothing. */
  readonly wide: string | null
  /**
   * Not on the public internet: this machine, the network at home, or a proxy that stands for everyone. A proxy that is
   * configured (`trustProxy`) names the address behind it instead.
   */
  readonly isNear: boolean
}

const UNKNOWN: Origin = { own: '?', wide: null, isNear: false }

/** The origin of an address as sockets give it; an IPv4 address in IPv6 is one of IPv4. */
export function toOrigin(address: string | undefined): Origin {
  const bare = (address ?? '').replace(/%.*$/, '')
  if (isIP(bare) === 0) return UNKNOWN
  const parsed = ipaddr.process(bare)
  if (parsed.range() !== 'unicast') return { own: parsed.toString(), wide: null, isNear: true }
  const bytes = parsed.toByteArray()
  const prefixOf = (length: number): string => Buffer.from(bytes.slice(0, length)).toString('hex')
  return parsed.kind() === 'ipv4'
    ? { own: `4:${prefixOf(4)}`, wide: `4:${prefixOf(3)}`, isNear: false }
    : { own: `6:${prefixOf(8)}`, wide: `6:${prefixOf(6)}`, isNear: false }
}
