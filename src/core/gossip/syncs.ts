/**
 * Rounds with peers, at most one with each. One that hangs (nothing is stored, and no request times out, for
 * `SYNC_HUNG_MS`) is given up: the peer counts as failed and may have its next round. What hung is not undone; should
 * it ever wake, what it brings is verified like anything else.
 */
import type { Activities } from '../base/activities.ts'
import type { Log } from '../base/ports.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { SYNC_HUNG_MS } from '../protocol/limits.ts'
import type { Peer } from './peers.ts'

export interface Syncs {
  /** Begins a round with a peer, or gives the one that is under way. */
  start(peer: Peer): Promise<void>
  get(peer: Peer): Promise<void> | undefined
  /** How many are under way. */
  readonly size: number
  settled(): Promise<void>
}

export interface SyncsDeps {
  readonly run: (peer: Peer) => Promise<void>
  readonly isAskable: (peer: Peer) => boolean
  readonly onFailed: (peer: Peer, error: Failure) => void
  readonly activities: Activities
  /** A number that grows with everything that is stored. */
  readonly progress: () => number
  readonly log: Log
}

export function createSyncs({ run, isAskable, onFailed, activities, progress, log }: SyncsDeps): Syncs {
  const running = new Map<Peer, Promise<void>>()

  const watched = (peer: Peer): Promise<void> => {
    const hung = Promise.withResolvers<void>()
    const end = activities.begin(`sync with ${peer.url}`, {
      limitMs: SYNC_HUNG_MS,
      progress,
      onOverdue() {
        onFailed(peer, failure('PEER_UNREACHABLE', 'a round with it went nowhere'))
        hung.resolve()
      },
    })
    return Promise.race([run(peer), hung.promise]).finally(end)
  }

  return {
    start(peer) {
      const known = running.get(peer)
      if (known) return known
      if (!isAskable(peer)) return Promise.resolve()
      // Noted before it begins: an answer may already ask for the next.
      const started = Promise.resolve(peer)
        .then(watched)
        .catch((error: unknown) => log.error('sync broke', { peer: peer.url, error: String(error) }))
        .finally(() => running.delete(peer))
      running.set(peer, started)
      return started
    },
    get: (peer) => running.get(peer),
    get size() {
      return running.size
    },
    async settled() {
      await Promise.allSettled(running.values())
    },
  }
}
