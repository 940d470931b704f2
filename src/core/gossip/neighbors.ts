/**
 * Carries out what the views decide: asks peers for links, answers those who ask, and tells who follows of links that
 * came and went.
 */
import type { Did } from '../base/brand.ts'
import type { Random } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import type { NeighborReply, NeighborRequest } from '../protocol/messages.ts'
import type { FederationClient } from './client.ts'
import { isAway } from './liveness.ts'
import type { Peer, Peers } from './peers.ts'
import type { Sample } from './sampler.ts'
import type { Subscriptions } from './subscriptions.ts'
import { createViews, type ViewEffect, type ViewEvent } from './views.ts'

export interface Neighbors {
  /** A peer of the table may be linked to. */
  learn(peer: Peer): void
  /** Whom chance chose: to be linked to, and to be kept. */
  sampled(sample: Sample): void
  /** A peer is no longer in the table. */
  forget(peer: Peer): void
  /** A peer failed; an active one is replaced. */
  failed(peer: Peer): void
  /** A link broke, though the peer may well answer: it is asked for another later, whatever it answers meanwhile. */
  ended(peer: Peer): void
  /** A peer knows of no link. */
  unlinked(peer: Peer): void
  /** Asks for the links that are missing. */
  refill(): void
  /** A peer asks for a link, or ends one. */
  asked(did: Did, ask: 'urgent' | 'room' | 'leave'): Promise<NeighborReply>
  isActive(peer: Peer): boolean
  active(): Peer[]
  /** The rest of those who are known. */
  passive(): Peer[]
  /** Resolves when no request for a link is under way. */
  settled(): Promise<void>
}

export interface NeighborsDeps {
  readonly client: FederationClient
  readonly peers: Peers
  /** Time of a clock that does not jump. */
  readonly elapsed: () => number
  readonly random: Random
  readonly placeOf: (url: string) => string | null
  /** Who answers at a peer's URL; the peer that it turned out to be. */
  readonly introduce: (peer: Peer) => Promise<Result<Peer, Failure>>
  readonly isReachable: () => boolean
  /** Streams that this spore holds at its peers. */
  readonly subscriptions: () => Subscriptions
  readonly onUp: (peer: Peer) => void
  readonly onDown: (peer: Peer) => void
  readonly onFailed: (peer: Peer, error: Failure) => void
  /** False for a peer that is cut off, or that asked not to be asked. */
  readonly isAskable: (peer: Peer) => boolean
  /** False for a peer that the operator does not let be a neighbour. */
  readonly admits: (peer: Peer) => boolean
}

export function createNeighbors(deps: NeighborsDeps): Neighbors {
  const { client, peers, elapsed, random, placeOf, introduce, isReachable, subscriptions } = deps
  const { onUp, onDown, onFailed } = deps
  const views = createViews({ random, placeOf })
  const requests = new Set<Promise<unknown>>()

  /** The answer that the views gave, where the event was a question. */
  const handle = (event: ViewEvent): boolean => {
    let isAccepted = false
    for (const effect of views.handle(event, elapsed()))
      if (effect.type === 'answer') isAccepted = effect.isAccepted
      else carryOut(effect)
    return isAccepted
  }

  const carryOut = (effect: Exclude<ViewEffect, { type: 'answer' }>): void => {
    const peer = peers.byUrl(effect.peer)
    if (!peer) handle({ type: 'forgotten', peer: effect.peer })
    else if (effect.type === 'ask') track(askFor(peer, effect.isUrgent))
    else if (effect.type === 'up') onUp(peer)
    else if (effect.type === 'down') {
      subscriptions().close(peer)
      onDown(peer)
    } else if (effect.type === 'dropped') peers.remove(peer)
    else track(client.neighbor(peer.url, { ask: 'leave', want: [] }))
  }

  const track = (request: Promise<unknown>): void => {
    const ended = request.finally(() => requests.delete(ended))
    requests.add(ended)
  }

  const askFor = async (peer: Peer, isUrgent: boolean): Promise<void> => {
    const { url } = peer
    if (!deps.isAskable(peer)) return void handle({ type: 'failed', peer: url })
    // Who refused something is there all the same.
    if (!peer.descriptor || isAway(peer.vital)) {
      const introduced = await introduce(peer)
      if (!introduced.ok) return void handle({ type: 'failed', peer: url })
      // It was another URL of a peer that is known: that one is asked in its own time.
      if (introduced.value !== peer) return void handle({ type: 'forgotten', peer: url })
    }
    if (!isReachable()) return subscribe(peer)
    const request: NeighborRequest = { ask: isUrgent ? 'urgent' : 'room', want: [] }
    let answer = await client.neighbor(url, request)
    // It has forgotten this spore.
    if (answer.ok && answer.value.reached === null) {
      await introduce(peer)
      answer = await client.neighbor(url, request)
    }
    if (!answer.ok) {
      onFailed(peer, answer.error)
      return void handle({ type: 'failed', peer: url })
    }
    peer.reachesUs = answer.value.reached
    // It is not answered where it looks for this spore: then this one stays on the line.
    if (answer.value.reached !== true) return subscribe(peer)
    handle({ type: 'answered', peer: url, isAccepted: answer.value.accepted })
  }

  const subscribe = async (peer: Peer): Promise<void> => {
    const opened = await subscriptions().open(peer)
    // Who has no stream to spare is there all the same.
    if (!opened.ok && opened.error.code === 'PEER_UNREACHABLE') {
      onFailed(peer, opened.error)
      return void handle({ type: 'failed', peer: peer.url })
    }
    handle({ type: 'answered', peer: peer.url, isAccepted: opened.ok && opened.value })
    if (!views.isActive(peer.url)) subscriptions().close(peer)
  }

  /** The peer that a caller is, once it has answered at the URL that it gave itself. */
  const reach = async (did: Did): Promise<Peer | null | undefined> => {
    const known = peers.byDid(did)
    if (known?.vital.state === 'alive') return known
    const claimed = known ?? peers.all().find(({ claimedBy }) => claimedBy === did)
    if (!claimed) return undefined
    const introduced = await introduce(claimed)
    return introduced.ok && introduced.value.descriptor?.key === did ? introduced.value : null
  }

  return {
    learn(peer) {
      if (!deps.admits(peer)) return
      const { url, isPinned, descriptor } = peer
      handle({ type: 'learnt', peer: url, isPinned, isProven: descriptor !== null })
    },
    sampled(sample) {
      handle({ type: 'sampled', ...sample })
    },
    forget({ url }) {
      handle({ type: 'forgotten', peer: url })
    },
    failed({ url }) {
      handle({ type: 'failed', peer: url })
    },
    ended({ url }) {
      handle({ type: 'left', peer: url })
    },
    unlinked({ url }) {
      handle({ type: 'unlinked', peer: url })
    },
    refill() {
      handle({ type: 'tick' })
    },
    async asked(did, ask) {
      if (ask === 'leave') {
        const peer = peers.byDid(did)
        if (peer) handle({ type: 'left', peer: peer.url })
        return { accepted: true, reached: null }
      }
      const peer = await reach(did)
      if (!peer) return { accepted: false, reached: peer === null ? false : null }
      // There is no room for it in the table: a link that is accepted would be forgotten at once, here alone.
      if (peers.byUrl(peer.url) !== peer) return { accepted: false, reached: true }
      const accepted = handle({ type: 'asked', peer: peer.url, isUrgent: ask === 'urgent' })
      return { accepted, reached: true }
    },
    isActive: ({ url }) => views.isActive(url),
    active: () => views.active().flatMap((url) => peers.byUrl(url) ?? []),
    passive: () => views.passive().flatMap((url) => peers.byUrl(url) ?? []),
    async settled() {
      await Promise.allSettled(requests)
    },
  }
}
