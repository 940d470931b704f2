/**
 * Where a URL belongs, as far as a name or an address tells: the registrable domain, or the block of addresses that one
 * customer is given. Whoever wants many places needs many of these, and they cost; names below one cost nothing.
 *
 * The rule for names is a heuristic and no public suffix list (why: ADR 0024). Where it errs, spores of several owners share
 * a place and its slots; nobody gains more slots than names they pay for.
 */
import ipaddr from 'ipaddr.js'

/** Bits of an address that name a place: the least that is routed in IPv4, and what RIPE-690 has one site be given in IPv6. */
const IPV4_BITS = 24
const IPV6_BITS = 48

/** Labels below a country's domain under which names are sold, as in `co.uk`, `com.br`, `ac.jp`. */
const SECOND_LEVEL = new Set(
  'ac asn co com edu go gob gov gv id ind info ltd me mil ne net nom or org plc sch web'.split(' '),
)

/** Platforms that give each customer a name below their own; a spore may well run there. */
const PLATFORMS = new Set(
  [
    'hf.space onrender.com fly.dev up.railway.app railway.app vercel.app netlify.app pages.dev workers.dev web.app',
    'firebaseapp.com run.app appspot.com herokuapp.com azurewebsites.net cloudapp.net azurecontainerapps.io amazonaws.com',
    'elasticbeanstalk.com awsapprunner.com ondigitalocean.app github.io gitlab.io github.dev gitpod.io repl.co replit.app',
    'replit.dev glitch.me deno.dev koyeb.app northflank.app zeabur.app cyclic.app adaptable.app modal.run streamlit.app',
    'ngrok.io ngrok.app ngrok-free.app ts.net trycloudflare.com loca.lt localhost.run duckdns.org dynv6.net ddns.net no-ip.org',
    'hopto.org zapto.org sytes.net dyndns.org freeddns.org spdns.de myfritz.net synology.me nip.io sslip.io eu.org',
  ]
    .join(' ')
    .split(' '),
)

/** Names that mean this machine or its own network: many spores may share one, and no stranger can give it. */
const LOCAL_NAME = /(^|\.)(localhost|local|localdomain|internal|home\.arpa)$/

/** What no name looks like in a parsed URL. Telling so here costs a hundredth of what ipaddr.js takes to refuse a name. */
const MAY_BE_ADDRESS = /^[\d.]+$|:/

/** The place of a URL that a transport has admitted; null for a private one, which is subject to no cap. */
export function placeOf(url: string): string | null {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (MAY_BE_ADDRESS.test(host) && ipaddr.isValid(host)) return blockOf(host)
  if (!host.includes('.') || LOCAL_NAME.test(host)) return null
  const labels = host.split('.')
  return labels.slice(-labelsOf(labels)).join('.')
}

/** How many labels at the end of a name are its registrable domain. */
function labelsOf(labels: readonly string[]): number {
  for (const length of [3, 2]) if (PLATFORMS.has(labels.slice(-length).join('.'))) return length + 1
  const [second = '', top = ''] = labels.slice(-2)
  return top.length === 2 && SECOND_LEVEL.has(second) ? 3 : 2
}

function blockOf(host: string): string | null {
  const address = ipaddr.process(host)
  if (address.range() !== 'unicast') return null
  const bits = address.kind() === 'ipv4' ? IPV4_BITS : IPV6_BITS
  const bytes = address.toByteArray().slice(0, bits / 8)
  return `${bytes.join('.')}/${bits}`
}
