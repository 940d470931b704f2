/**
 * Brings a peer that cannot pull from this spore what it lacks: announces, and pushes what is wanted.
 *
 * Invariant: one offer ends, whatever the peer answers: every log is pushed once for each time it was announced, and what is
 * wanted without having been announced is not brought.
 */
import type { LogId } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import { IHAVE_ROWS_MAX } from '../protocol/limits.ts'
import type { LogNext, LogStart } from '../protocol/messages.ts'
import type { FederationClient } from './client.ts'
import { noteKnown, noteKnownFork, type Peer, peerDid } from './peers.ts'
import { suspectsOf, takeFrames, takenOf } from './push.ts'
import type { Replica } from './replica.ts'

export interface Offerer {
  /**
   * Announces what a peer lacks by its own account; where that is nothing, and yet its view is another, everything: it may
   * have lost what it had. Pushes what it then wants.
   */
  offer(peer: Peer): Promise<Result<void, Failure>>
}

export interface OffererDeps {
  readonly client: FederationClient
  readonly replica: Replica
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Hears of a log that is another one at the peer. */
  readonly onSuspect: (peer: Peer, logId: LogId) => void
}

/** Everything is announced again only after this, and twice as long each time until the views agree, up to the most. */
export const OFFER_ALL_PAUSE_MS = 10_000
const OFFER_ALL_PAUSE_MAX_MS = 360 * OFFER_ALL_PAUSE_MS

export function createOfferer({ client, replica, clock, signal, onSuspect }: OffererDeps): Offerer {
  const offerRows = async (peer: Peer, rows: readonly LogNext[]): Promise<Result<void, Failure>> => {
    for (let i = 0; i < rows.length && !signal.aborted; i += IHAVE_ROWS_MAX) {
      // What one reply cannot list is wanted the next time.
      const page = rows.slice(i, i + IHAVE_ROWS_MAX)
      const heard = await client.ihave(peer.url, page)
      if (!heard.ok) return heard
      const announced = new Map(page.map(({ logId, next }) => [logId, next]))
      const want = heard.value.want.filter(({ logId, from }) => from < (announced.get(logId) ?? 0))
      // What it does not want it has, or gets from another, or refuses: it is not asked again for each.
      const wanted = new Set(want.map(({ logId }) => logId))
      for (const { logId, next } of page) if (!wanted.has(logId)) noteKnown(peer, logId, next)
      const brought = await bring(peer, want)
      if (!brought.ok) return brought
    }
    return ok(undefined)
  }

  const bring = async (peer: Peer, want: readonly LogStart[]): Promise<Result<void, Failure>> => {
    for (const { logId, from } of want) peer.known.set(logId, from)
    return push(peer, want)
  }

  const push = async (peer: Peer, logs: readonly LogStart[]): Promise<Result<void, Failure>> => {
    for (let left = logs; left.length > 0 && !signal.aborted; ) {
      const push = await takeFrames(replica.seenBy(peerDid(peer)), left)
      left = push.rest
      if (push.offered.length === 0) continue
      const pushed = await client.push(peer.url, push.frames)
      if (!pushed.ok) return pushed
      for (const { logId, next, forkPoint } of takenOf(push, pushed.value)) {
        noteKnown(peer, logId, next)
        if (forkPoint !== undefined) noteKnownFork(peer, logId, forkPoint)
      }
      for (const logId of suspectsOf(push, pushed.value)) onSuspect(peer, logId)
    }
    return ok(undefined)
  }

  /** Fork proofs that a peer does not know of: an announcement does not tell of them. */
  const offerProofs = (peer: Peer, all: readonly LogNext[]): Promise<Result<void, Failure>> => {
    const here = replica.seenBy(peerDid(peer))
    const isNews = ({ logId }: LogNext): boolean =>
      here.forkPoint(logId) < (peer.knownForks.get(logId) ?? Number.POSITIVE_INFINITY)
    return push(
      peer,
      all.filter(isNews).map(({ logId, next }) => ({ logId, from: next })),
    )
  }

  return {
    async offer(peer) {
      const here = replica.seenBy(peerDid(peer))
      const all = here.logIds().map((logId) => ({ logId, next: here.validEnd(logId) }))
      const proven = await offerProofs(peer, all)
      if (!proven.ok) return proven
      const lacking = all.filter(({ logId, next }) => (peer.known.get(logId) ?? 0) < next)
      if (lacking.length > 0) return offerRows(peer, lacking)
      if (clock.now() < peer.offerAllAtMs) return ok(undefined)
      peer.offerAllAtMs = clock.now() + peer.offerPauseMs
      peer.offerPauseMs = Math.min(OFFER_ALL_PAUSE_MAX_MS, 2 * peer.offerPauseMs)
      return offerRows(peer, all)
    },
  }
}
