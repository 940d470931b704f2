/**
 * Turns for the work of strangers. However many ask at once, one piece of work begins at a time, and the next only when the
 * event loop has been free for some time since: so a crowd takes a share of the processor, and whoever else asks meanwhile
 * (users, peers) waits for one piece of it at most. Addresses take turns, so that one with much to ask holds up itself.
 *
 * Invariants: at most `LANE_WAITING_MAX` wait; while the loop is busy with other things a turn still comes every
 * `LANE_GAP_MAX_MS`.
 */
import type { Origin } from './origin.ts'

/**
 * Of the time of the event loop, so much goes to the work of strangers where there is other work: the rest is
 * free for users and peers. A piece of it is a request, ~2 ms.
 */
export const LANE_SHARE = 1 / 4
/** Between two pieces of it, at least and at most: however busy the loop is, strangers get on. */
export const LANE_GAP_MIN_MS = 4
export const LANE_GAP_MAX_MS = 200
/** Pieces that begin at once where nobody waits, and milliseconds in which one more may: who joins asks three or four things. */
export const LANE_FREE = 4
export const LANE_FREE_MS = 250
/** Bytes of a body from which on it is a piece of work of its own, also where a peer sent it: ~200 rows. */
export const LANE_BODY_BYTES_MIN = 4 * 1024
/** Requests that wait for their turn, in all and from one address on the public internet: 6 s of the longest gaps. */
export const LANE_WAITING_MAX = 32
export const LANE_WAITING_ADDRESS_MAX = 8

export interface Lane {
  /** Resolves when it is the turn of one from there: true, and false at once where too many wait. */
  turn(origin: Origin): Promise<boolean>
  readonly waiting: number
}

export interface LaneDeps {
  /** Milliseconds that the event loop was at work so far. */
  readonly busyMs: () => number
  /** A clock that only goes forward. */
  readonly nowMs: () => number
}

export function createLane({ busyMs, nowMs }: LaneDeps): Lane {
  /** Who waits, by address; whose turn is next comes first. */
  const queues = new Map<string, (() => void)[]>()
  let waiting = 0
  let last = { atMs: Number.NEGATIVE_INFINITY, busyMs: 0 }
  let isAwake = false
  let free = { left: LANE_FREE, atMs: nowMs() }

  /** Milliseconds until the next may begin. */
  const gapMs = (): number => {
    const workMs = busyMs() - last.busyMs
    const gap = Math.min(LANE_GAP_MAX_MS, Math.max(LANE_GAP_MIN_MS, workMs / LANE_SHARE))
    return last.atMs + gap - nowMs()
  }

  const begin = (): void => {
    last = { atMs: nowMs(), busyMs: busyMs() }
  }

  /** Whether a piece may begin though the loop has not been free since the last. */
  const takeFree = (): boolean => {
    const earned = Math.floor((nowMs() - free.atMs) / LANE_FREE_MS)
    if (earned > 0) free = { left: Math.min(LANE_FREE, free.left + earned), atMs: nowMs() }
    if (free.left === 0) return false
    free.left--
    return true
  }

  const serveNext = (): void => {
    isAwake = false
    if (gapMs() <= 0) {
      const [own, queue] = queues.entries().next().value as [string, (() => void)[]]
      queues.delete(own)
      const next = queue.shift()
      if (queue.length > 0) queues.set(own, queue)
      waiting--
      begin()
      next?.()
    }
    if (waiting > 0) wake()
  }

  const wake = (): void => {
    if (isAwake) return
    isAwake = true
    setTimeout(serveNext, Math.max(1, gapMs()))
  }

  return {
    turn({ own, isNear }) {
      if (waiting === 0 && (gapMs() <= 0 || takeFree())) {
        begin()
        return Promise.resolve(true)
      }
      const queue = queues.get(own) ?? []
      const isFull = !isNear && queue.length >= LANE_WAITING_ADDRESS_MAX
      if (isFull || waiting >= LANE_WAITING_MAX) return Promise.resolve(false)
      queues.set(own, queue)
      waiting++
      wake()
      return new Promise((resolve) => void queue.push(() => resolve(true)))
    },
    get waiting() {
      return waiting
    },
  }
}
