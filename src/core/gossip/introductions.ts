/**
 * Who is a peer: spores introduce themselves to one another, and learn of others that way.
 *
 * Invariants: a descriptor is believed of the spore that answered with it at its URL, never on a third one's word; one
 * introduction to a peer is under way at a time; what is learnt of strangers is bounded by the views.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { verifyDescriptor } from '../identity/descriptor.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import { type ErrorCode, type Failure, failure } from '../protocol/errors.ts'
import type { Descriptor } from '../protocol/messages.ts'
import type { AddressBook } from './address-book.ts'
import type { FederationClient } from './client.ts'
import type { Peer, Peers } from './peers.ts'
import type { Self } from './self.ts'
import type { Transport } from './transport.ts'
import { PASSIVE_MAX } from './views.ts'

export interface Introductions {
  /** Sets where this spore answers, and takes the seeds and those who were known before into the table. */
  open(url: string | null, seeds: readonly string[]): Promise<void>
  /** Asks who answers at a peer's URL; the peer that it turned out to be. */
  introduce(peer: Peer): Promise<Result<Peer, Failure>>
  /** The peer at a URL that an operator gave, in the table from now on. */
  pin(url: string): Result<Peer, Failure>
  /** A spore introduced itself with a verified descriptor; null where there is no way to it. */
  introduced(descriptor: Descriptor): Result<Peer | null, Failure>
  /** A verified descriptor was passed on; the peer that says to answer there, null where it is not kept. */
  told(descriptor: Descriptor): Peer | null
  forget(peer: Peer): void
  /** Keeps what is known of the peers over a restart. */
  save(): Promise<void>
  /** Asks a peer whom it knows; true where somebody was new. */
  discover(peer: Peer): Promise<boolean>
}

export interface IntroductionsOptions {
  readonly network: string
}

export interface IntroductionsDeps {
  readonly self: Self
  readonly client: FederationClient
  readonly peers: Peers
  readonly book: AddressBook
  readonly signer: Signer
  readonly verifier: Verifier
  readonly transport: Transport
  readonly clock: Clock
  /** Time of a clock that does not jump. */
  readonly elapsed: () => number
  readonly log: Log
  readonly isActive: (peer: Peer) => boolean
  /** A peer answered with its own descriptor. */
  readonly onAnswered: (peer: Peer) => void
  readonly onFailed: (peer: Peer, error: Failure) => void
  /** A peer is in the table, or no longer. */
  readonly onLearnt: (peer: Peer) => void
  readonly onForgotten: (peer: Peer) => void
}

/** URLs of strangers that are remembered for having failed, and for how long. */
const FAILED_MAX = 1024
const FAILED_KEPT_MS = 60_000
/** Failures, one soon after the other, behind which a stranger is not asked again until then: one that starts fails once or twice. */
const FAILED_TIMES = 3

/** Refusals that a peer's own descriptor explains. */
const MISMATCHES: ReadonlySet<ErrorCode> = new Set([
  'NETWORK_MISMATCH',
  'VERSION_UNSUPPORTED',
  'DNA_MISMATCH',
])

export function createIntroductions(options: IntroductionsOptions, deps: IntroductionsDeps): Introductions {
  const { self, client, peers, book, signer, verifier, transport, clock, elapsed, log } = deps
  const { isActive, onAnswered, onFailed, onLearnt, onForgotten } = deps
  const { network } = options
  /** Where strangers were said to be, and were not. */
  const failed = createBoundedMap<
    string,
    { readonly atMs: number; readonly times: number; readonly error: Failure }
  >(FAILED_MAX)
  const underWay = new Map<Peer, Promise<Result<Peer, Failure>>>()

  const introduceOnce = async (peer: Peer): Promise<Result<Peer, Failure>> => {
    const joined = await client.join(peer.url, self.descriptor())
    if (!joined.ok && joined.error.code !== 'PEER_SELF') return fail(peer, await explain(peer, joined.error))
    const verified = joined.ok ? verify(joined.value.self) : joined
    if (!verified.ok && verified.error.code !== 'PEER_SELF') return fail(peer, verified.error)
    if (!verified.ok || verified.value.key === signer.did) {
      remove(peer)
      return err(failure('PEER_SELF', peer.url))
    }
    const twin = peers.byDid(verified.value.key)
    if (twin && twin !== peer) {
      const stays = isSuccessor(peer, verified.value, twin) ? peer : twin
      stays.isPinned ||= peer.isPinned || twin.isPinned
      remove(stays === peer ? twin : peer)
      if (stays === twin) {
        onLearnt(twin)
        return ok(twin)
      }
    }
    // It may have made room for others meanwhile; who answers is worth more than who has not.
    if (!peers.keep(peer)) return err(failure('PEERS_FULL', 'no more peers are kept'))
    peer.descriptor = verified.value
    peer.isProven = true
    peer.told = null
    peer.isStranger = false
    onAnswered(peer)
    if (joined.ok) learn(joined.value.nodes)
    await save()
    return ok(peer)
  }

  const verify = (descriptor: unknown): Result<Descriptor, Failure> =>
    verifyDescriptor(descriptor, { network, nowMs: clock.now(), verifier })

  /** A refusal for another network, version or DNA, with both values: a peer's words are not passed on, what it signs is. */
  const explain = async (peer: Peer, refusal: Failure): Promise<Failure> => {
    if (!MISMATCHES.has(refusal.code)) return refusal
    const nodes = await client.nodes(peer.url)
    const verified = nodes.ok ? verify(nodes.value.self) : nodes
    return !verified.ok && verified.error.code === refusal.code ? verified.error : refusal
  }

  const fail = (peer: Peer, error: Failure): Result<never, Failure> => {
    onFailed(peer, error)
    if (peer.isStranger) {
      remove(peer)
      const last = failed.get(peer.url)
      const isAgain = last !== undefined && elapsed() - last.atMs < FAILED_KEPT_MS
      failed.set(peer.url, { atMs: elapsed(), times: isAgain ? last.times + 1 : 1, error })
    }
    return err(error)
  }

  /** Why a stranger is not asked again so soon: whoever names a URL would make this spore ask there as often as it likes. */
  const recentFailure = ({ url, isStranger }: Peer): Failure | null => {
    const last = isStranger ? failed.get(url) : undefined
    return last && last.times >= FAILED_TIMES && elapsed() - last.atMs < FAILED_KEPT_MS ? last.error : null
  }

  const remove = (peer: Peer): void => {
    peers.remove(peer)
    onForgotten(peer)
  }

  /** Takes spores that a peer knows into the table. Only their URLs count: who answers there is asked there. */
  const learn = (nodes: readonly unknown[]): boolean => {
    const urls = nodes.map((node) => (node as Partial<Descriptor>).url)
    let isNew = false
    for (const text of urls.slice(0, PASSIVE_MAX)) {
      const url = typeof text === 'string' ? transport.admit(text) : null
      if (!url?.ok || url.value === self.url || peers.byUrl(url.value)) continue
      const peer = peers.at(url.value)
      if (!peer) return isNew
      peer.isStranger = true
      isNew = true
      onLearnt(peer)
    }
    return isNew
  }

  const save = (): Promise<void> => book.save(peers.all(), isActive, elapsed())

  return {
    async open(url, seeds) {
      self.moveTo(url)
      const { joined, known } = await book.load()
      const pinned = new Set([...seeds, ...joined])
      const silentMs = new Map(known.map((address) => [address.url, address.silentMs]))
      for (const seed of new Set([...pinned, ...silentMs.keys()])) {
        const admitted = transport.admit(seed)
        if (!admitted.ok) log.warn('peer left out', { peer: seed, detail: admitted.error.detail })
        else if (admitted.value !== self.url) {
          const peer = peers.at(admitted.value)
          if (!peer) continue
          peer.isPinned ||= pinned.has(seed)
          peer.vital.silentSinceMs = elapsed() - (silentMs.get(seed) ?? 0)
          onLearnt(peer)
        }
      }
    },
    introduce(peer) {
      const running = underWay.get(peer)
      if (running) return running
      const failure = recentFailure(peer)
      if (failure) {
        remove(peer)
        return Promise.resolve(err(failure))
      }
      const started = introduceOnce(peer).finally(() => underWay.delete(peer))
      underWay.set(peer, started)
      return started
    },
    pin(input) {
      const url = transport.admit(input)
      if (!url.ok) return url
      if (url.value === self.url) return err(failure('PEER_SELF', url.value))
      const peer = peers.at(url.value)
      if (!peer) return err(failure('PEERS_FULL', 'no more peers are kept'))
      return ok(peer)
    },
    introduced(descriptor) {
      if (descriptor.key === signer.did) return err(failure('PEER_SELF', 'this spore cannot join itself'))
      const url = descriptor.url === null ? null : transport.admit(descriptor.url)
      // Without a URL that this spore may connect to, the other one pulls and pushes, and that is all it takes.
      if (!url?.ok || url.value === self.url) return ok(null)
      const isKnown = peers.byUrl(url.value) !== undefined
      const peer = peers.at(url.value)
      if (!peer) return err(failure('PEERS_FULL', 'no more peers are kept'))
      // Who answers there is asked there: a stranger's word for it would let it pose as another's URL.
      if (!isKnown) peer.isStranger = true
      peer.claimedBy = descriptor.key
      onLearnt(peer)
      // There are enough in its place.
      return ok(peers.byUrl(url.value) === peer ? peer : null)
    },
    told(descriptor) {
      const url = descriptor.url === null ? null : transport.admit(descriptor.url)
      if (!url?.ok || url.value === self.url || descriptor.key === signer.did) return null
      const isNew = peers.byUrl(url.value) === undefined
      const peer = peers.at(url.value)
      if (!peer) return null
      if (isNew) peer.isStranger = true
      const field = peer.descriptor?.key === descriptor.key ? 'descriptor' : 'told'
      // What a key says of itself later holds; who answers at a URL was found out there.
      if (descriptor.issued > (peer[field]?.issued ?? 0)) peer[field] = descriptor
      if (isNew) onLearnt(peer)
      return peers.byUrl(url.value) === peer ? peer : null
    },
    forget: remove,
    save,
    async discover(peer) {
      const nodes = await client.nodes(peer.url)
      return nodes.ok && learn(nodes.value.nodes)
    },
  }
}

/**
 * Whether a peer takes the place of a twin with the same key. The URL that a spore gives itself stays; one that gives
 * none stays where it was as long as it answers there. Descriptors are public, so an older one proves nothing.
 */
function isSuccessor(peer: Peer, descriptor: Descriptor, twin: Peer): boolean {
  if (descriptor.issued < (twin.descriptor?.issued ?? 0)) return false
  return descriptor.url === null ? twin.vital.state !== 'alive' : descriptor.url === peer.url
}
