/**
 * Replies with entries, at most `SYNCS_MAX` under way. Who finds none free waits for a moment, peers before strangers, and is
 * then told to come back. A reply that takes long makes room for those who wait: it ends behind a frame, which is as good
 * an end as any. So nobody holds a place by reading slowly, and a spore that fetches everything takes turns with the rest.
 */
import { performance } from 'node:perf_hooks'
import type { Did } from '../../core/base/brand.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import {
  SYNC_QUEUE_MAX,
  SYNC_RETRY_SECONDS,
  SYNC_TURN_MS,
  SYNC_WAIT_MS,
  SYNCS_MAX,
  SYNCS_PER_CALLER_MAX,
} from '../../core/protocol/limits.ts'

export interface SyncSlots {
  /** A place for a reply. Failure OVERLOADED, with the time to come back. */
  take(caller: Did, isPeer: boolean): Promise<Result<SyncSlot, Failure>>
  readonly underWay: number
  readonly waiting: number
}

export interface SyncSlot {
  /** True from when somebody else has the place: the reply is to end where it can. */
  readonly isOver: boolean
  /** Gives the place back; more than once does no harm. */
  release(): void
}

export interface SyncSlotsOptions {
  readonly waitMs?: number
  readonly turnMs?: number
}

interface Held extends SyncSlot {
  readonly caller: Did
  readonly sinceMs: number
  isOver: boolean
}

interface Waiting {
  readonly caller: Did
  readonly isPeer: boolean
  readonly settle: (slot: SyncSlot | null) => void
}

export function createSyncSlots({
  waitMs = SYNC_WAIT_MS,
  turnMs = SYNC_TURN_MS,
}: SyncSlotsOptions = {}): SyncSlots {
  /** In the order in which they began. */
  const held = new Set<Held>()
  const queue: Waiting[] = []
  let turnTimer: NodeJS.Timeout | undefined

  const heldBy = (caller: Did): number => [...held].filter((slot) => slot.caller === caller).length
  const mayHold = (caller: Did): boolean => held.size < SYNCS_MAX && heldBy(caller) < SYNCS_PER_CALLER_MAX

  const isInTheWayOf = (caller: Did, slot: Held): boolean =>
    slot.caller === caller || (held.size >= SYNCS_MAX && heldBy(caller) < SYNCS_PER_CALLER_MAX)

  const grant = (caller: Did): SyncSlot => {
    const slot: Held = {
      caller,
      sinceMs: performance.now(),
      isOver: false,
      release() {
        if (held.delete(slot)) serveNext()
      },
    }
    held.add(slot)
    return slot
  }

  const serveNext = (): void => {
    for (let i = 0; i < queue.length; ) {
      const next = queue[i] as Waiting
      if (mayHold(next.caller)) {
        queue.splice(i, 1)
        next.settle(grant(next.caller))
      } else i++
    }
    watchTurns()
  }

  /** The reply that has gone on for longest gives way as soon as its turn is over and somebody waits for it. */
  const watchTurns = (): void => {
    clearTimeout(turnTimer)
    const oldest = [...held].find((slot) => queue.some(({ caller }) => isInTheWayOf(caller, slot)))
    if (!oldest) return
    const leftMs = oldest.sinceMs + turnMs - performance.now()
    turnTimer = setTimeout(
      () => {
        oldest.isOver = true
        oldest.release()
      },
      Math.max(0, leftMs),
    )
    turnTimer.unref()
  }

  /** Peers wait behind peers and before strangers; a full queue turns a stranger away. */
  const enqueue = (waiting: Waiting): boolean => {
    if (queue.length >= SYNC_QUEUE_MAX) {
      const last = queue.at(-1) as Waiting
      if (!waiting.isPeer || last.isPeer) return false
      queue.pop()
      last.settle(null)
    }
    const strangers = queue.findIndex(({ isPeer }) => !isPeer)
    if (waiting.isPeer && strangers >= 0) queue.splice(strangers, 0, waiting)
    else queue.push(waiting)
    return true
  }

  return {
    async take(caller, isPeer) {
      if (mayHold(caller)) return ok(grant(caller))
      const settled = Promise.withResolvers<SyncSlot | null>()
      const waiting: Waiting = { caller, isPeer, settle: settled.resolve }
      if (!enqueue(waiting)) return err(busy())
      watchTurns()
      const timer = setTimeout(() => {
        const at = queue.indexOf(waiting)
        if (at >= 0) queue.splice(at, 1)
        settled.resolve(null)
      }, waitMs)
      const slot = await settled.promise
      clearTimeout(timer)
      return slot ? ok(slot) : err(busy())
    },
    get underWay() {
      return held.size
    },
    get waiting() {
      return queue.length
    },
  }
}

const busy = (): Failure => ({
  ...failure('OVERLOADED', `${SYNCS_MAX} replies with entries are under way`),
  retryAfterSeconds: SYNC_RETRY_SECONDS,
})
