/** A machine's clock: its wall time may be wrong and jump, its timers run on virtual time and do not notice. */
import type { Clock } from '../core/base/ports.ts'
import type { Life, Scheduler } from './scheduler.ts'

/** 2026-11-21T00:00:00Z. */
export const DAY_ONE_MS = 1_795_219_200_000

/** How far the wall clock of one machine is off, in milliseconds. */
export interface WallClock {
  skewMs: number
}

export function createClock(scheduler: Scheduler, wall: WallClock, life: Life): Clock {
  return {
    now: () => DAY_ONE_MS + Math.floor(scheduler.elapsedMs) + wall.skewMs,
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
