/**
 * Streams that this spore holds open at peers because they cannot reach it: what they push and announce comes in over these.
 *
 * Invariants: at most `SUBSCRIPTIONS_MAX` at a time; events of one are taken one after the other, so that a peer is never read
 * faster than it can be verified; at most `STREAM_IHAVES_PER_SECOND` of them announce; one that is cut is opened again after a pause, and what was missed is pulled.
 */
import type { Clock, Log, Random } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { STREAM_IHAVES_BURST, STREAM_IHAVES_PER_SECOND } from '../protocol/limits.ts'
import type { FederationClient } from './client.ts'
import type { StreamEvent } from './event-stream.ts'
import type { Peer } from './peers.ts'

export interface Subscriptions {
  /** Opens a stream at a peer; false where there are enough. */
  open(peer: Peer): Promise<Result<boolean, Failure>>
  close(peer: Peer): void
  has(peer: Peer): boolean
  /** Resolves when every stream has ended; they end with the signal. */
  settled(): Promise<void>
}

export interface SubscriptionsDeps {
  readonly client: FederationClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  readonly onEvent: (peer: Peer, event: StreamEvent) => Promise<void>
  /** A peer announces more than any has to tell; its stream is ended. */
  readonly onFlood: (peer: Peer) => void
  /** A stream was opened, for the first time or again: something may have been missed. */
  readonly onOpened: (peer: Peer) => void
  /** A stream has ended and cannot be opened again. */
  readonly onEnded: (peer: Peer, error: Failure) => void
}

/** Peers at which streams are held: one that dies leaves two. */
export const SUBSCRIPTIONS_MAX = 3
/** Pause before a stream that was cut is opened again; doubled for each that did not last. */
export const RESUME_PAUSE_MS = 1000
/** A stream that ended before this did not last. */
const LASTING_MS = 30_000
/** Streams in a row that did not last, after which the peer has failed. */
const SHORT_STREAMS_MAX = 4

/** Whether one more announcement is within the pace. */
type Pace = (nowMs: number) => boolean

function createPace(): Pace {
  let tokens = STREAM_IHAVES_BURST
  let lastMs: number | null = null
  return (nowMs) => {
    const passedMs = Math.max(0, nowMs - (lastMs ?? nowMs))
    lastMs = nowMs
    tokens = Math.min(STREAM_IHAVES_BURST, tokens + (passedMs / 1000) * STREAM_IHAVES_PER_SECOND)
    tokens--
    return tokens >= 0
  }
}

export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const { client, clock, random, log, signal, onEvent, onOpened, onEnded } = deps
  const open = new Map<Peer, AbortController>()
  const running = new Set<Promise<void>>()

  const follow = async (
    peer: Peer,
    first: AsyncIterable<StreamEvent>,
    closing: AbortController,
  ): Promise<void> => {
    let events = first
    const pace = createPace()
    const over = AbortSignal.any([signal, closing.signal])
    for (let short = 0; ; ) {
      const openedAtMs = clock.now()
      const error = await take(peer, events, over, pace)
      if (over.aborted) return
      short = clock.now() - openedAtMs < LASTING_MS ? short + 1 : 0
      if (error.code !== 'PEER_UNREACHABLE' || short >= SHORT_STREAMS_MAX) return end(peer, closing, error)
      await clock.sleep(RESUME_PAUSE_MS * 2 ** short * (0.5 + random.float()), over)
      if (over.aborted) return
      const again = await client.events(peer.url, closing.signal)
      if (!again.ok) return end(peer, closing, again.error)
      events = again.value
      onOpened(peer)
    }
  }

  /** Takes events until the stream ends; why it did. */
  const take = async (
    peer: Peer,
    events: AsyncIterable<StreamEvent>,
    closed: AbortSignal,
    pace: Pace,
  ): Promise<Failure> => {
    try {
      for await (const event of events) {
        if (closed.aborted) break
        // Pushes are weighed by what is in them.
        if (event.type === 'ihave' && !pace(clock.now())) {
          deps.onFlood(peer)
          return failure('PEER_REFUSED', 'it announces without end')
        }
        await onEvent(peer, event)
      }
      return failure('PEER_UNREACHABLE', 'the stream ended')
    } catch (error) {
      if (error instanceof SporeError) return failure(error.code, error.message)
      throw error
    }
  }

  const end = (peer: Peer, closing: AbortController, error: Failure): void => {
    if (closing.signal.aborted) return
    open.delete(peer)
    onEnded(peer, error)
  }

  return {
    async open(peer) {
      if (open.has(peer)) return ok(true)
      if (open.size >= SUBSCRIPTIONS_MAX || signal.aborted) return ok(false)
      const closing = new AbortController()
      // Noted before it is there: several may be opened at once.
      open.set(peer, closing)
      const events = await client.events(peer.url, closing.signal)
      if (!events.ok) {
        if (open.get(peer) === closing) open.delete(peer)
        return events
      }
      const ended = follow(peer, events.value, closing)
        .catch((error: unknown) => log.error('stream broke', { peer: peer.url, error: String(error) }))
        .finally(() => running.delete(ended))
      running.add(ended)
      onOpened(peer)
      return ok(true)
    },
    close(peer) {
      const closing = open.get(peer)
      open.delete(peer)
      closing?.abort()
    },
    has: (peer) => open.has(peer),
    async settled() {
      await Promise.allSettled(running)
    },
  }
}
