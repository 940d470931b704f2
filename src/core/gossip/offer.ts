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
import { noteKnown, type Peer } from './peers.ts'
import { takeFrames, takenOf } from './push.ts'
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
}

/** Everything is announced again only after this, and twice as long each time until the views agree, up to the most. */
export const OFFER_ALL_PAUSE_MS = 10_000
const OFFER_ALL_PAUSE_MAX_MS = 360 * OFFER_ALL_PAUSE_MS

export function createOfferer({ client, replica, clock, signal }: OffererDeps): Offerer {
  const offerRows = async (peer: Peer, rows: readonly LogNext[]): Promise<Result<void, Failure>> => {
    for (let i = 0; i < rows.length && !signal.aborted; i += IHAVE_ROWS_MAX) {
      // What one reply cannot list is wanted the next time.
      const page = rows.slice(i, i + IHAVE_ROWS_MAX)
      const heard = await client.ihave(peer.url, page)
      if (!heard.ok) return heard
      const announced = new Map(page.map(({ logId, next }) => [logId, next]))
      const want = heard.value.want.filter(({ logId, from }) => from < (announced.get(logId) ?? 0))
      const brought = await bring(peer, want)
      if (!brought.ok) return brought
    }
    return ok(undefined)
  }

  const bring = async (peer: Peer, want: readonly LogStart[]): Promise<Result<void, Failure>> => {
    const left = new Map<LogId, number>()
    for (const { logId, from } of want) {
      peer.known.set(logId, from)
      left.set(logId, from)
    }
    while (left.size > 0 && !signal.aborted) {
      const logs = [...left].map(([logId, from]) => ({ logId, from }))
      const push = await takeFrames(replica, logs)
      left.clear()
      for (const { logId, from } of push.rest) left.set(logId, from)
      if (push.offered.length === 0) continue
      const pushed = await client.push(peer.url, push.frames)
      if (!pushed.ok) return pushed
      for (const { logId, next } of takenOf(push, pushed.value)) noteKnown(peer, logId, next)
    }
    return ok(undefined)
  }

  return {
    async offer(peer) {
      const all = replica.logIds().map((logId) => ({ logId, next: replica.next(logId) }))
      const lacking = all.filter(({ logId, next }) => (peer.known.get(logId) ?? 0) < next)
      if (lacking.length > 0) return offerRows(peer, lacking)
      if (clock.now() < peer.offerAllAtMs) return ok(undefined)
      peer.offerAllAtMs = clock.now() + peer.offerPauseMs
      peer.offerPauseMs = Math.min(OFFER_ALL_PAUSE_MAX_MS, 2 * peer.offerPauseMs)
      return offerRows(peer, all)
    },
  }
}
