/**
 * Where the exchange keeps to what the operator ruled about peers: whom this spore asks, whom it answers, and with whom it has
 * links.
 *
 * Invariants: no request goes out to a refused peer, and none of its is answered, from the moment a rule holds; what is being
 * sent then is cut off. A peer that the operator joined stays in the table while it is refused, so that lifting the rule
 * brings it back; others are forgotten.
 */
import type { Did } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { PeerSight } from '../moderation/impact.ts'
import type { PeerStanding } from '../moderation/matcher.ts'
import type { Moderation } from '../moderation/moderation.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import type { Descriptor } from '../protocol/messages.ts'
import type { Links } from './links.ts'
import type { Neighbors } from './neighbors.ts'
import type { Peer, Peers } from './peers.ts'
import type { EventSource } from './streams.ts'
import type { Transport } from './transport.ts'

export interface Gate {
  /** The transport for requests to peers, which reaches nobody who is refused. */
  readonly transport: Transport
  /**
   * Whether a peer of the table may be linked to, asked whenever somebody would have it so. One that is refused loses its link,
   * and its place in the table unless the operator joined it.
   */
  admits(peer: Peer): boolean
  isRefused(peer: Peer): boolean
  /** Whether a peer may be asked of this spore's own accord. */
  isOpen(peer: Peer): boolean
  /** PEER_BLOCKED where a caller is not answered. `path` is that of its request. */
  refuses(caller: Did, path: string): Failure | null
  /** PEER_BLOCKED where the place that a caller gives itself is refused; noted, so that it is refused from then on. */
  introduced(descriptor: Descriptor): Failure | null
  /** True for a place that is allowed by name: who says that it is there is asked there. */
  isInvited(url: string | null): boolean
  /** True for a caller that gets no links. */
  isLimited(caller: Did): boolean
  /** The stream of a caller, if it may have one. Failures OVERLOADED, PEER_BLOCKED. */
  stream(caller: Did): Result<EventSource, Failure>
  /** Whom this spore knows, for whoever looks at what a rule would hit. */
  sights(): PeerSight[]
  /** Other rules hold: brings everything in line with them. */
  sweep(): void
}

export interface GateDeps {
  readonly moderation: Moderation
  readonly transport: Transport
  /** These are made after the gate. */
  readonly peers: () => Peers
  readonly neighbors: () => Neighbors
  readonly links: () => Links
  /** Takes a peer out of the table. */
  readonly forget: (peer: Peer) => void
}

const BLOCKED = 'PEER_BLOCKED'
const INTRODUCTION = /\/(join|nodes)$/

export function createGate({ moderation, transport, neighbors, links, ...deps }: GateDeps): Gate {
  const standingOf = ({ descriptor, url }: Peer): PeerStanding =>
    moderation.peer(descriptor?.key ?? null, url)

  const standingAt = (base: string): PeerStanding => {
    const peer = deps.peers().byUrl(base)
    return peer ? standingOf(peer) : moderation.peer(null, base)
  }

  const standingOfCaller = (caller: Did): PeerStanding =>
    moderation.matcher.isIdle ? 'open' : moderation.peer(caller, deps.peers().byDid(caller)?.url ?? null)

  /** The same words for whoever asks, whatever the reason. */
  const blocked = (): Failure => failure(BLOCKED, 'these two spores do not exchange')
  const blockedHere = (): Failure => failure(BLOCKED, 'the operator of this spore blocks it')

  /** Who is joined by name may be asked who it is, though only those come in who are allowed. */
  const mayAsk = ({ base, path }: { readonly base: string; readonly path: string }): boolean => {
    const standing = standingAt(base)
    if (standing !== 'unproven') return standing !== 'refused'
    return INTRODUCTION.test(path) && deps.peers().byUrl(base)?.isPinned === true
  }

  /** Breaks off where the sender is refused meanwhile. */
  async function* whileOpen(base: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      if (standingAt(base) === 'refused') throw new SporeError('PEER_UNREACHABLE', blockedHere().detail)
      yield chunk
    }
  }

  const putAside = (peer: Peer): void => {
    const { descriptor, isPinned } = peer
    if (descriptor) links().closeStream(descriptor.key)
    // Before it is out of the table: what ends the link looks it up there.
    neighbors().forget(peer)
    if (!isPinned) deps.forget(peer)
    peer.vital.state = 'refused'
    peer.lastError = `${BLOCKED}: ${blockedHere().detail}`
  }

  const admits = (peer: Peer): boolean => {
    const { descriptor, url, isStranger, isPinned } = peer
    if (descriptor && !isStranger) moderation.met(descriptor.key, url, true)
    const standing = standingOf(peer)
    if (standing === 'refused' || (standing === 'unproven' && !isPinned)) {
      putAside(peer)
      return false
    }
    if (peer.lastError?.startsWith(BLOCKED)) {
      peer.vital.state = descriptor ? 'suspect' : 'new'
      peer.lastError = null
    }
    // Without a link it is not asked either, and brings by itself what it has to tell.
    if (standing === 'limited') neighbors().forget(peer)
    return standing !== 'limited'
  }

  return {
    transport: {
      admit: transport.admit,
      send: async (request, signal) =>
        mayAsk(request) ? transport.send(request, signal) : err(blockedHere()),
      async stream(request, signal) {
        if (!mayAsk(request)) return err(blockedHere())
        const reply = await transport.stream(request, signal)
        if (!reply.ok) return reply
        return ok({ ...reply.value, body: whileOpen(request.base, reply.value.body) })
      },
    },
    admits,
    isRefused: (peer) => standingOf(peer) === 'refused',
    isOpen: (peer) => standingOf(peer) === 'open',
    refuses(caller, path) {
      if (standingOfCaller(caller) !== 'refused') return null
      // Who says where it is may be allowed for that place, which is looked at next.
      const rule = moderation.matcher.peerRule(caller, null)
      const isNamed = rule !== null && rule.action === 'block'
      return !isNamed && moderation.allowOnly.peers && path.endsWith('/join') ? null : blocked()
    },
    introduced({ key, url }) {
      if (url !== null) moderation.met(key, url, false)
      return standingOfCaller(key) === 'refused' ? blocked() : null
    },
    isInvited: (url) => url !== null && moderation.matcher.peerRule(null, url)?.action === 'allow',
    isLimited: (caller) => standingOfCaller(caller) === 'limited',
    stream(caller) {
      const standing = standingOfCaller(caller)
      if (standing === 'refused') return err(blocked())
      return standing === 'open'
        ? links().stream(caller)
        : err(failure('OVERLOADED', 'no stream is to be had'))
    },
    sights() {
      const inTable = deps
        .peers()
        .all()
        .map((peer): PeerSight => {
          const { descriptor, url, isPinned, isStranger } = peer
          const did = descriptor?.key ?? null
          const isLinked = neighbors().isActive(peer) || (did !== null && links().holdsStream(did))
          const name = descriptor?.name ?? null
          return { did, url, name, isPinned, isProven: descriptor !== null && !isStranger, isLinked }
        })
      const known = new Set(inTable.map(({ did }) => did))
      const streaming = links()
        .streamHolders()
        .filter((did) => !known.has(did))
        .map((did) => ({ did, url: null, name: null, isPinned: false, isProven: false, isLinked: true }))
      return [...inTable, ...streaming]
    },
    sweep() {
      for (const peer of deps.peers().all()) {
        neighbors().learn(peer)
        // What was left out of its view, or of this one, is to be compared again.
        peer.cursor = null
        peer.stamp = null
      }
      for (const did of links().streamHolders())
        if (moderation.peer(did, null) !== 'open') links().closeStream(did)
      neighbors().refill()
    },
  }
}
