/**
 * The pushing half of gossip: brings news to peers, and to those that cannot pull also what they lack.
 *
 * Invariants: at most one push per peer is under way; it ends, whatever the peer answers. A lost push costs time only:
 * the peer pulls what it missed, wants it behind the next one, or is offered it again.
 */
import type { LogId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import type { Clock, Log } from '../base/ports.ts'
import type { Failure } from '../protocol/errors.ts'
import type { FederationClient } from './client.ts'
import { isFullyKnown, noteKnown, noteKnownFork, type Peer } from './peers.ts'
import type { Replica } from './replica.ts'

export interface Pusher {
  /** Starts to push what is marked dirty at a peer; a push that is under way takes it along. */
  pump(peer: Peer): void
  /** Marks what a peer lacks by its own account. */
  offerMissing(peer: Peer): void
  /** Resolves when no push is under way. */
  settled(): Promise<void>
}

export interface PusherDeps {
  readonly client: FederationClient
  readonly replica: Replica
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Hears of a push that did not reach its peer. */
  readonly onFailed: (peer: Peer, error: Failure) => void
  /** Hears of a log that is another one at the peer. */
  readonly onSuspect: (peer: Peer, logId: LogId) => void
}

/** Writes that come within this time go out in one push. */
export const PUSH_COALESCE_MS = 50
/** Bytes of frames in one push. */
const PUSH_BYTES = 1024 * 1024

/** A frame of a push, and up to where it brings a log. */
interface Offered {
  readonly logId: LogId
  readonly frame: Uint8Array
  readonly end: number
  /** Of the proof in this frame. */
  readonly forkPoint?: number
}

export function createPusher(deps: PusherDeps): Pusher {
  const { client, replica, clock, log, signal, onFailed, onSuspect } = deps
  const pushes = new Map<Peer, Promise<void>>()

  const pushAll = async (peer: Peer): Promise<void> => {
    const refilled = new Set<LogId>()
    await clock.sleep(PUSH_COALESCE_MS, signal)
    while (peer.dirty.size > 0 && !signal.aborted) {
      const offered = await takeFrames(peer)
      if (offered.length === 0) continue
      const pushed = await client.push(peer.url, concatBytes(...offered.map(({ frame }) => frame)))
      if (!pushed.ok) {
        peer.dirty.clear()
        onFailed(peer, pushed.error)
        return
      }
      const failed = new Set(pushed.value.failures.map(({ index }) => index))
      for (const [index, { logId, end, forkPoint }] of offered.entries())
        if (!failed.has(index)) {
          noteKnown(peer, logId, end)
          if (forkPoint !== undefined) noteKnownFork(peer, logId, forkPoint)
        }
      for (const { index, code } of pushed.value.failures) {
        const logId = offered[index]?.logId
        if (code === 'CHAIN_MISMATCH' && logId) onSuspect(peer, logId)
      }
      for (const { logId, from } of pushed.value.want) {
        const isOffered = offered.some((one) => one.logId === logId && from < one.end)
        // Once for each log: a peer can want the same again and again.
        if (!isOffered || refilled.has(logId)) continue
        refilled.add(logId)
        peer.known.set(logId, from)
        peer.dirty.set(logId, from)
      }
    }
  }

  /** Frames of what a peer may lack, up to the size of one push; what does not fit stays dirty. */
  const takeFrames = async (peer: Peer): Promise<Offered[]> => {
    const offered: Offered[] = []
    let size = 0
    for (const [logId, firstNew] of peer.dirty) {
      peer.dirty.delete(logId)
      let from = Math.max(firstNew, peer.known.get(logId) ?? 0)
      for await (const one of replica.frames(logId, from, null)) {
        offered.push({ logId, ...one })
        const { frame, end } = one
        from = end
        size += frame.length
        if (size >= PUSH_BYTES) break
      }
      if (size < PUSH_BYTES) continue
      if (from < replica.validEnd(logId)) peer.dirty.set(logId, from)
      break
    }
    return offered
  }

  return {
    pump(peer) {
      if (peer.dirty.size === 0 || pushes.has(peer)) return
      const started = pushAll(peer)
        .catch((error: unknown) => log.error('push broke', { peer: peer.url, error: String(error) }))
        .finally(() => pushes.delete(peer))
      pushes.set(peer, started)
    },
    offerMissing(peer) {
      if (!isFullyKnown(peer)) return
      for (const logId of replica.logIds()) {
        const known = peer.known.get(logId) ?? 0
        const forkPoint = replica.view(logId)?.forkPoint ?? Number.POSITIVE_INFINITY
        const isForkNews = forkPoint < (peer.knownForks.get(logId) ?? Number.POSITIVE_INFINITY)
        if (known < replica.validEnd(logId) || isForkNews) peer.dirty.set(logId, known)
      }
    },
    async settled() {
      await Promise.allSettled(pushes.values())
    },
  }
}
