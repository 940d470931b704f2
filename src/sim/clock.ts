/** A machine's clock: its wall time may be wrong and jump, its timers run on virtual time and do not notice. */
import type { Clock } from '../core/base/ports.ts'
import type { Life, Scheduler } from './scheduler.ts'

/** 2026-11-21T00:00:00Z. */
export const DAY_ONE_MS = 1_795_219_200_000

/** How far the wall clock of one machine is off, in milliseconds. */
export interface WallClock {
  readonly skewMs: number
  jump(skewMs: number): void
  /** The latest time that it showed in the last seconds: what was accepted then may become durable now. */
  latest(): number
}

/** Milliseconds from an engine's look at the clock to the end of the commit. */
const COMMIT_MS = 2000

export function createWallClock(scheduler: Scheduler): WallClock {
  let skewMs = 0
  let beforeMs = 0
  let jumpedAtMs = Number.NEGATIVE_INFINITY
  return {
    get skewMs() {
      return skewMs
    },
    jump(toMs) {
      beforeMs = skewMs
      skewMs = toMs
      jumpedAtMs = scheduler.elapsedMs
    },
    latest() {
      const isFresh = scheduler.elapsedMs - jumpedAtMs < COMMIT_MS
      return DAY_ONE_MS + Math.floor(scheduler.elapsedMs) + (isFresh ? Math.max(skewMs, beforeMs) : skewMs)
    },
  }
}

export function createClock(scheduler: Scheduler, wall: WallClock, life: Life): Clock {
  return {
    now: () => DAY_ONE_MS + Math.floor(scheduler.elapsedMs) + wall.skewMs,
    fineMs: () => scheduler.elapsedMs,
    sleep(delayMs, signal) {
      if (signal?.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          timer.cancel()
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = scheduler.after(delayMs > 0 ? Math.ceil(delayMs) : 0, life, wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
    },
  }
}
