/** The peer table: who this spore syncs with, and what it knows of how far each is. */
import { type BoundedMap, createBoundedMap } from '../base/bounded.ts'
import type { Did, LogId } from '../base/brand.ts'
import type { Result } from '../base/result.ts'
import type { PeerView } from '../protocol/api.ts'
import type { ErrorCode, Failure } from '../protocol/errors.ts'
import { PEERS_MAX } from '../protocol/limits.ts'
import type { Descriptor, HeadsRow, PushReply } from '../protocol/messages.ts'
import type { PeerState } from '../protocol/peer-state.ts'
import type { ConductView } from './conduct.ts'
import { newVital, type Vital } from './liveness.ts'
import { OFFER_ALL_PAUSE_MS } from './offer.ts'

export interface Peer {
  readonly url: string
  /** Null until it has answered. */
  descriptor: Descriptor | null
  /** It has proved at its URL who it is, and was not out of reach since: another may answer there now. */
  isProven: boolean
  /** What another spore passed on of who says to answer here: signed by its key, not yet seen to be true. */
  told: Descriptor | null
  /** Whether it is there. */
  readonly vital: Vital
  lastSyncAtMs: number | null
  lastError: string | null
  /** Whether it reaches this spore where this one says to answer, as it said itself; null where it never did. */
  reachesUs: boolean | null
  /** What became of what was pushed to it. */
  readonly given: Given
  /** Whether other spores reach it, by their word; null until one said so. */
  readonly witnesses: BoundedMap<Did, Testimony>
  /** How often it said that it is busy since the last round with it. */
  busy: { readonly times: number; readonly sinceSyncAtMs: number | null }
  /** It asked not to be asked before this time, of a clock that does not jump. */
  pausedUntilMs: number
  /** Nobody configured it, and it has not answered at this URL yet: dropped when it does not. */
  isStranger: boolean
  /** An operator configured it: kept whatever comes. */
  isPinned: boolean
  /** Who gave this URL as its own. Its word only, until it answers there. */
  claimedBy: Did | null
  /** When it last pulled from this spore; who does can reach it. */
  askedAtMs: number
  /** Stamp of its view when it was last read, or found to be the one here, and the cursor behind what was read. */
  stamp: string | null
  cursor: string | null
  /** Next sequence number that it has of a log, as far as we saw: what it has is not pushed to it. */
  readonly known: BoundedMap<LogId, number>
  /** Fork points that it knows of, as far as we saw. */
  readonly knownForks: BoundedMap<LogId, number>
  /** Everything is not offered to it again before this time, and how long that pause is. */
  offerAllAtMs: number
  offerPauseMs: number
}

/** What a peer made of the entries that this spore pushed to it. */
export interface Given {
  /** Entries that were new to it, and when it last took some. */
  accepted: number
  acceptedAtMs: number | null
  /** Why it last refused something, and when. */
  refusal: ErrorCode | null
  refusedAtMs: number | null
}

/** What another spore says of a peer. */
export interface Testimony {
  readonly state: PeerState
  readonly atMs: number
}

export interface Peers {
  /** The peer at a URL, made if there is room; null where the table is full. */
  at(url: string): Peer | null
  byUrl(url: string): Peer | undefined
  byDid(did: Did): Peer | undefined
  remove(peer: Peer): void
  /** Puts a peer back that made room while it was being asked; false where another is at its URL, or the table is full. */
  keep(peer: Peer): boolean
  all(): readonly Peer[]
}

/** Logs whose progress at one peer is remembered; beyond it a push may repeat what the peer has. */
export const KNOWN_LOGS_MAX = 16_384

/** Spores whose word on one peer is kept: the latest. */
export const WITNESSES_MAX = 8

/** `elapsed` is the time of a clock that does not jump. */
export function createPeers(elapsed: () => number): Peers {
  const peers = new Map<string, Peer>()
  /** Where a key was found last; checked before it is believed. */
  const byKey = createBoundedMap<Did, Peer>(PEERS_MAX)
  return {
    at(url) {
      const known = peers.get(url)
      if (known) return known
      if (peers.size >= PEERS_MAX) return null
      const peer: Peer = {
        url,
        descriptor: null,
        isProven: false,
        told: null,
        vital: newVital(elapsed()),
        lastSyncAtMs: null,
        lastError: null,
        reachesUs: null,
        given: { accepted: 0, acceptedAtMs: null, refusal: null, refusedAtMs: null },
        witnesses: createBoundedMap(WITNESSES_MAX),
        busy: { times: 0, sinceSyncAtMs: null },
        pausedUntilMs: Number.NEGATIVE_INFINITY,
        isStranger: false,
        isPinned: false,
        claimedBy: null,
        askedAtMs: Number.NEGATIVE_INFINITY,
        stamp: null,
        cursor: null,
        known: createBoundedMap(KNOWN_LOGS_MAX),
        knownForks: createBoundedMap(KNOWN_LOGS_MAX),
        offerAllAtMs: Number.NEGATIVE_INFINITY,
        offerPauseMs: OFFER_ALL_PAUSE_MS,
      }
      peers.set(url, peer)
      return peer
    },
    byUrl: (url) => peers.get(url),
    byDid(did) {
      const last = byKey.get(did)
      if (last?.descriptor?.key === did && peers.get(last.url) === last) return last
      for (const peer of peers.values())
        if (peer.descriptor?.key === did) {
          byKey.set(did, peer)
          return peer
        }
      return undefined
    },
    keep(peer) {
      const there = peers.get(peer.url)
      if (there) return there === peer
      if (peers.size >= PEERS_MAX) return false
      peers.set(peer.url, peer)
      return true
    },
    remove: (peer) => void peers.delete(peer.url),
    all: () => [...peers.values()],
  }
}

/** Who a peer is, as it proved at its URL; null until it has, and while another may have taken its place there. */
export const peerDid = ({ descriptor, isProven }: Pick<Peer, 'descriptor' | 'isProven'>): Did | null =>
  isProven && descriptor ? descriptor.key : null

/** What a peer has of a log, by its own account or ours; it is only ever thought to have more. */
export function noteKnown(peer: Pick<Peer, 'known'>, logId: LogId, next: number): void {
  if (next > (peer.known.get(logId) ?? 0)) peer.known.set(logId, next)
}

/** What became of what was pushed to a peer, at `nowMs` of the wall clock. */
export function noteGiven({ given }: Peer, result: Result<PushReply, Failure>, nowMs: number): void {
  if (result.ok && result.value.new > 0) {
    given.accepted += result.value.new
    given.acceptedAtMs = nowMs
  }
  const refusal = result.ok ? result.value.failures.at(-1)?.code : result.error.code
  if (refusal === undefined || refusal === 'PEER_UNREACHABLE') return
  given.refusal = refusal
  given.refusedAtMs = nowMs
}

/** What a peer says of a log. */
export function noteRow(peer: Peer, { logId, next, forkPoint }: HeadsRow): void {
  noteKnown(peer, logId, next)
  if (forkPoint !== undefined) noteKnownFork(peer, logId, forkPoint)
}

/** A proof that a peer has, or was given; it is only ever thought to know of a lower fork point. */
export function noteKnownFork(peer: Pick<Peer, 'knownForks'>, logId: LogId, point: number): void {
  if (point < (peer.knownForks.get(logId) ?? Number.POSITIVE_INFINITY)) peer.knownForks.set(logId, point)
}

/** A peer as operators see it, with what it did here, as far as that is known. */
export const toPeerView = (peer: Peer, conduct: ConductView | null): PeerView => ({
  spore: peer.descriptor?.key ?? null,
  name: peer.descriptor?.name ?? null,
  url: peer.url,
  state: peer.vital.state,
  lastSyncAt: peer.lastSyncAtMs === null ? null : new Date(peer.lastSyncAtMs).toISOString(),
  lastError: peer.lastError,
  standing: conduct?.standing ?? 'ok',
  standingReason: conduct?.standing === 'ok' ? null : (conduct?.reason ?? null),
  cutUntil: conduct?.untilMs ? new Date(conduct.untilMs).toISOString() : null,
  refused: conduct?.refused ?? 0,
})
