/** The first round of a spore that has just started: with every peer that it knows, at once. */
import type { Clock } from '../base/ports.ts'
import { FIRST_ROUND_MAX_MS } from '../protocol/limits.ts'
import type { Peer } from './peers.ts'

export interface FirstRoundDeps {
  readonly sync: (peer: Peer) => Promise<void>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Begins a round with each peer; resolves when one was heard, or all have failed, at the latest after `FIRST_ROUND_MAX_MS`. */
export async function firstRound(
  all: readonly Peer[],
  { sync, clock, signal }: FirstRoundDeps,
): Promise<void> {
  if (all.length === 0) return
  const isOver = new AbortController()
  const heard = async (peer: Peer): Promise<void> => {
    await sync(peer)
    if (peer.lastSyncAtMs === null) throw new Error('not heard')
  }
  // Rejects when nobody was heard: there is no more to wait for then either.
  const rounds = Promise.any(all.map(heard)).catch(() => {})
  await Promise.race([rounds, clock.sleep(FIRST_ROUND_MAX_MS, AbortSignal.any([isOver.signal, signal]))])
  isOver.abort()
}
