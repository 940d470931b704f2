/** Peers whose answers to a reconciliation were no view: for how long they are not reconciled with. Such a peer is asked for all instead. */
import type { Clock } from '../base/ports.ts'
import { RECONCILE_PAUSE_MAX_MS, RECONCILE_PAUSE_MS } from '../protocol/limits.ts'
import type { Peer } from './peers.ts'

export interface ReconcilePauses {
  isPaused(peer: Peer): boolean
  /** Begins a pause, twice as long as the one before. */
  lengthen(peer: Peer): void
  /** A reconciliation came to its end. */
  end(peer: Peer): void
}

export function createReconcilePauses(clock: Clock): ReconcilePauses {
  // Goes with the table of peers.
  const pauses = new WeakMap<Peer, { readonly fromMs: number; readonly pauseMs: number }>()
  return {
    isPaused(peer) {
      const pause = pauses.get(peer)
      // A clock that went back ends it too.
      return pause !== undefined && Math.abs(clock.now() - pause.fromMs) < pause.pauseMs
    },
    lengthen(peer) {
      const before = pauses.get(peer)
      const pauseMs = Math.min(RECONCILE_PAUSE_MAX_MS, before ? 2 * before.pauseMs : RECONCILE_PAUSE_MS)
      pauses.set(peer, { fromMs: clock.now(), pauseMs })
    },
    end: (peer) => void pauses.delete(peer),
  }
}
