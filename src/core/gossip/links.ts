/**
 * The links to neighbours, of every kind: to one that can be asked and can ask, to one that holds a stream open here, and to
 * one at which this spore holds a stream. News go along all of them (`broadcast.ts`).
 */
import type { Did, LogId } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import type { IhaveReply, LogNext, LogStart } from '../protocol/messages.ts'
import { createBroadcast } from './broadcast.ts'
import { type Claims, createClaims } from './claims.ts'
import type { FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import type { StreamEvent } from './event-stream.ts'
import { noteOffence } from './peer-conduct.ts'
import { noteKnown, type Peer, type Peers, peerDid } from './peers.ts'
import type { LinkName } from './plumtree.ts'
import { PUSH_BYTES } from './push.ts'
import type { Replica } from './replica.ts'
import { createStreamAnswers } from './stream-answers.ts'
import { createStreams, type EventSource } from './streams.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'
import { judgePush, receivePush, type Tally } from './tally.ts'

export interface Links {
  up(peer: Peer): void
  down(peer: Peer): void
  /** Opens a stream to a spore that nobody can reach. Failure OVERLOADED. */
  stream(did: Did): Result<EventSource, Failure>
  holdsStream(did: Did): boolean
  /** Who holds streams here. */
  streamHolders(): Did[]
  /** Ends the stream to a spore, if there is one. */
  closeStream(did: Did): void
  /** Streams that this spore holds at its peers. */
  readonly subscriptions: Subscriptions
  /** Entries were stored here: own ones, or those that were fetched from a peer. */
  stored(logs: readonly LogStart[], fetchedFrom?: LinkName): void
  forked(logId: LogId): void
  /** A spore pushed. `prune` where it should announce from now on; `linked` where it is a neighbour. */
  pushed(did: Did, tally: Tally): { readonly prune: boolean; readonly linked: boolean }
  announced(did: Did, rows: readonly LogNext[]): IhaveReply
  readonly claims: Claims
  /** Makes a link eager or lazy, and brings what is wanted; false where there is none. */
  turned(did: Did, ask: 'eager' | 'lazy', want: readonly LogStart[]): boolean
  noteServed(did: Did, row: LogNext): void
  /** Ends what is open; requests end with the signal. */
  close(): void
  settled(): Promise<void>
}

export interface LinksDeps {
  readonly client: FederationClient
  readonly replica: Replica
  readonly conduct: Conduct
  readonly peers: Peers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  readonly onReached: (peer: Peer) => void
  readonly onFailed: (peer: Peer, error: Failure) => void
  /** A log is another one at the peer. */
  readonly onSuspect: (peer: Peer, logId: LogId) => void
  /** The peer knows of no link. */
  readonly onUnlinked: (peer: Peer) => void
  /** A stream at a peer was opened, for the first time or again: something may have been missed. */
  readonly onOpened: (peer: Peer) => void
  /** A stream at a peer has ended and cannot be opened again. */
  readonly onEnded: (peer: Peer, error: Failure) => void
}

/** A stream of announcements without end is no mistake, and is ended at once: two of them, and the peer is cut off. */
const FLOOD_LIES = 3

export function createLinks(deps: LinksDeps): Links {
  const { client, replica, conduct, peers, clock, onReached, onFailed, onSuspect, onUnlinked } = deps

  const whereKnown = (link: LinkName, act: (peer: Peer) => void): void => {
    const peer = peers.byUrl(link)
    if (peer) act(peer)
  }
  const broadcast = createBroadcast({
    ...deps,
    didOf: (link) => didOf(link),
    onReached: (link) => whereKnown(link, onReached),
    onFailed: (link, error) => whereKnown(link, (peer) => onFailed(peer, error)),
    onSuspect: (link, logId) => whereKnown(link, (peer) => onSuspect(peer, logId)),
    onUnlinked: (link) => whereKnown(link, onUnlinked),
  })
  const streams = createStreams({
    clock,
    onOpened: (did, link) => broadcast.up(did, link.courier, link),
    onClosed: (did) => broadcast.down(did),
  })
  const subscriptions = createSubscriptions({
    ...deps,
    onEvent: (peer, event) => takeEvent(peer, event),
    onFlood: (peer) => noteOffence(conduct, peer, 'lie', FLOOD_LIES),
  })
  const answers = createStreamAnswers(deps)
  const claims = createClaims({ conduct, clock, next: replica.whole.next })
  const didOf = (link: LinkName): Did | null => {
    if (streams.get(link as Did)) return link as Did
    const peer = peers.byUrl(link)
    return peer ? peerDid(peer) : null
  }
  /** The link of a caller; its name is no neighbour's where there is none. */
  const linkOf = (did: Did): LinkName => (streams.get(did) ? did : (peers.byDid(did)?.url ?? did))

  const takePush = (link: LinkName, { rows, stored, fresh, duplicate, knownProofs }: Tally): boolean => {
    const prune = broadcast.pushed(link, rows, fresh, duplicate - knownProofs)
    broadcast.stored(stored, 'push')
    return prune
  }

  /** What came down a stream is answered by a request, where there is something to answer. */
  const takeEvent = async (peer: Peer, event: StreamEvent): Promise<void> => {
    if (event.type === 'ihave') return takeIhave(peer, event.rows)
    const here = replica.seenBy(peerDid(peer))
    const { tally, failures, want, suspects, signatures } = await receivePush(here, event.frames)
    const teller = peerDid(peer)
    if (teller) {
      conduct.charge(teller, { bytes: event.frames.length, signatures })
      judgePush(conduct, teller, tally, failures)
    }
    if (teller) claims.brought(teller, tally.stored.length)
    for (const logId of suspects) onSuspect(peer, logId)
    if (takePush(peer.url, tally)) answers.prune(peer)
    answers.want(peer, want)
  }

  const takeIhave = (peer: Peer, rows: readonly LogNext[]): void => {
    const teller = peerDid(peer)
    if (teller && claims.refusal(teller)) return
    answers.want(peer, announcedBy(teller, peer.url, rows))
  }

  const announcedBy = (did: Did | null, link: LinkName, rows: readonly LogNext[]): readonly LogStart[] => {
    const here = replica.seenBy(did)
    const lacking = rows.filter(
      ({ logId, next }) =>
        here.next(logId) < Math.min(next, here.validPoint(logId)) && !here.isUnwanted(logId),
    )
    const want = broadcast.announced(link, rows)
    if (did) claims.claimed(did, lacking.length, want)
    return want
  }

  return {
    claims,
    up(peer) {
      const { url } = peer
      const courier = {
        pushBytes: PUSH_BYTES,
        push: (frames: Uint8Array) => client.push(url, frames),
        announce: (rows: readonly LogNext[]) => client.ihave(url, rows),
        ask: (want: readonly LogStart[]) => client.neighbor(url, { ask: 'eager', want }),
      }
      broadcast.up(url, courier, peer)
    },
    down({ url }) {
      broadcast.down(url)
    },
    stream: streams.open,
    holdsStream: (did) => streams.get(did) !== undefined,
    streamHolders: streams.holders,
    closeStream: streams.close,
    subscriptions,
    stored(logs, fetchedFrom) {
      if (fetchedFrom === undefined) broadcast.stored(logs, 'here')
      else broadcast.stored(logs, { fetchedFrom })
    },
    forked: broadcast.forked,
    pushed(did, tally) {
      claims.brought(did, tally.stored.length)
      const link = linkOf(did)
      return { prune: takePush(link, tally), linked: broadcast.isLinked(link) }
    },
    announced(did, rows) {
      const link = linkOf(did)
      return { want: announcedBy(did, link, rows), linked: broadcast.isLinked(link) }
    },
    turned(did, turn, want) {
      const link = linkOf(did)
      if (turn === 'eager') broadcast.grafted(link, want)
      else broadcast.pruned(link)
      return broadcast.isLinked(link)
    },
    noteServed(did, { logId, next }) {
      const holder = streams.get(did) ?? peers.byDid(did)
      if (holder) noteKnown(holder, logId, next)
    },
    close: streams.closeAll,
    async settled() {
      await Promise.allSettled([broadcast.settled(), subscriptions.settled()])
      await answers.settled()
    },
  }
}
