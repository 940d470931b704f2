/**
 * Spores on the local network, by multicast DNS (RFC 6762) and DNS-SD (RFC 6763): each says where it answers and under which
 * key, as the service `_spore._tcp`. What is heard is a hint that anybody on the network can forge; the key decides.
 *
 * The socket is our own. `bonjour-service` gets its packets through a gate, for three reasons: what it throws at a packet that
 * it does not expect would end the process, and so would an error of its socket, to which it does not listen; and it keeps
 * whatever it hears, so how much it hears is bounded here.
 */
import { createSocket, type Socket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { Browser, Service } from 'bonjour-service'
import type { Did } from '../core/base/brand.ts'
import type { Log } from '../core/base/ports.ts'
import type { Hint } from '../core/gossip/hints.ts'
import { didToPublicKey } from '../core/identity/keys.ts'
import { swarmDna } from '../core/protocol/dna.ts'
import { URL_CHARS_MAX } from '../core/protocol/limits.ts'

export interface LocalNetworkOptions {
  readonly network: string
  readonly did: Did
  /** Where this spore answers; null where it only listens. */
  readonly url: string | null
  readonly log: Log
  /** A spore of the same network that says where it is. Called again while it says so. */
  readonly onFound: (hint: Hint) => void
  /** UDP port; the standard's unless a test takes another. */
  readonly port?: number
  /** IPv4 addresses of the interfaces to use; those of this machine unless given. */
  readonly interfaces?: () => readonly string[]
}

const GROUP = '224.0.0.251'
const PORT = 5353
const SERVICE = 'spore'
/** Bytes of one character string in a TXT record (RFC 6763 §6.1), its name and `=` included. */
const TXT_BYTES_MAX = 255
/** Bytes of one packet (RFC 6762 §17). */
const PACKET_BYTES_MAX = 9000
/** Packets of others that are read in a second: a home has a few; more is a flood. */
export const PACKETS_PER_SECOND_MAX = 64
/** Services that are heard of between two looks; a network with more spores needs no multicast to find one. */
export const SERVICES_MAX = 32
/** It is asked anew who is there this often, and what was heard is forgotten. */
const LOOK_INTERVAL_MS = 60_000

/**
 * Begins to listen and to say where this spore is. Where the machine has no network, or the port is taken, it says so in the
 * log and goes on without; disposing it says that this spore goes.
 */
export async function openLocalNetwork(options: LocalNetworkOptions): Promise<AsyncDisposable> {
  const { log, port = PORT } = options
  // Loaded only here: hardly any spore needs it.
  const { default: Bonjour } = await import('bonjour-service')
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const bound = await bind(socket, port, log)
  if (!bound) return { async [Symbol.asyncDispose]() {} }
  const gate = createGate(socket, log)
  const joined = new Set<string>()
  join(socket, joined, options)
  // Its types know the fields of a service only; these go to the socket underneath.
  const settings = { socket: gate, bind: false, port } as object
  const bonjour = new Bonjour(settings, (error: unknown) => log.debug('mdns', { error: String(error) }))
  publish(bonjour, options)
  let browser: Browser | null = null
  const look = (): void => {
    browser?.stop()
    browser = browse(bonjour, options)
  }
  look()
  const timer = setInterval(() => {
    // Networks come and go, as on a laptop.
    join(socket, joined, options)
    look()
  }, LOOK_INTERVAL_MS).unref()

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      browser?.stop()
      await new Promise<void>((resolve) => bonjour.unpublishAll(() => resolve()))
      await new Promise<void>((resolve) => bonjour.destroy(() => resolve()))
    },
  }
}

async function bind(socket: Socket, port: number, log: Log): Promise<boolean> {
  try {
    socket.bind(port, '0.0.0.0')
    await once(socket, 'listening')
    return true
  } catch (error) {
    log.warn('no multicast DNS', { reason: (error as NodeJS.ErrnoException).code ?? String(error) })
    socket.close()
    return false
  }
}

type SendDone = (error: Error | null) => void

/** What `bonjour-service` takes for its socket. */
function createGate(socket: Socket, log: Log): EventEmitter {
  let second = 0
  let heard = 0
  const gate = new EventEmitter()
  socket.on('error', (error) => log.debug('mdns', { error: String(error) }))
  socket.on('message', (packet, from) => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, heard] = [now, 0]
    if (packet.length > PACKET_BYTES_MAX || ++heard > PACKETS_PER_SECOND_MAX) return
    try {
      gate.emit('message', packet, from)
    } catch (error) {
      log.debug('mdns: a packet that was not understood', { error: String(error) })
    }
  })
  return Object.assign(gate, {
    send(packet: Uint8Array, at: number, length: number, port: number, address: string, done: SendDone) {
      try {
        socket.send(packet, at, length, port, address, done)
      } catch (error) {
        done(error as Error)
      }
    },
    close: (done: () => void) => void socket.close(done),
  })
}

/** Takes part in the group on every interface there is; a new one may have come since. */
function join(
  socket: Socket,
  joined: Set<string>,
  { interfaces = ownInterfaces, log }: LocalNetworkOptions,
): void {
  const addresses = interfaces()
  for (const address of joined) if (!addresses.includes(address)) joined.delete(address)
  for (const address of addresses) {
    if (joined.has(address)) continue
    try {
      socket.addMembership(GROUP, address)
      // The last one that was joined is spoken on: loopback is first, and so only where there is no other.
      socket.setMulticastInterface(address)
      joined.add(address)
    } catch (error) {
      log.debug('mdns: an interface left out', { address, error: String(error) })
    }
  }
}

function ownInterfaces(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const ipv4 = all.filter(({ family }) => family === 'IPv4')
  return [...ipv4].sort((a, b) => Number(b.internal) - Number(a.internal)).map(({ address }) => address)
}

interface Publisher {
  publish(service: object): unknown
}

/** Says nothing but what strangers are told as well: key, URL, and the network as a hash. */
function publish(bonjour: Publisher, { did, url, network, log }: LocalNetworkOptions): void {
  if (url === null) return
  if (`url=${url}`.length > TXT_BYTES_MAX) {
    log.warn('mdns: the URL is too long to be said', { url })
    return
  }
  const name = `spore-${did.slice(-16)}`
  const { port, protocol } = new URL(url)
  bonjour.publish({
    name,
    host: `${name}.local`,
    type: SERVICE,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    txt: { dna: swarmDna(network), key: did, url },
    // The name has the key in it, so nobody else has it; asking first prints to stdout where somebody does.
    probe: false,
    disableIPv6: true,
  })
}

interface Finder {
  find(wanted: { type: string }, onUp: (service: Service) => void): Browser
}

function browse(bonjour: Finder, { did, network, onFound }: LocalNetworkOptions): Browser {
  let heard = 0
  const browser = bonjour.find({ type: SERVICE }, (service) => {
    if (++heard >= SERVICES_MAX) browser.stop()
    const hint = toHint(service.txt, network)
    if (hint && hint.key !== did) onFound(hint)
  })
  return browser
}

/** The hint in what a service says of itself; null where it is none, or of another network. */
export function toHint(txt: unknown, network: string): Hint | null {
  const { dna, key, url } = (txt ?? {}) as { readonly [name: string]: unknown }
  if (dna !== swarmDna(network) || typeof key !== 'string' || typeof url !== 'string') return null
  return url.length <= URL_CHARS_MAX && didToPublicKey(key) ? { key: key as Did, url } : null
}
