/** The wall clock and its timers. */
import { performance } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../core/base/ports.ts'

/** Milliseconds that one timer of the runtime can wait (2³¹ − 1); longer sleeps take several. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * A pending sleep keeps the process alive: a loop ends by its signal, never by the process running out of work while
 * something still waits.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  fineMs: () => performance.now(),
  async sleep(delayMs, signal) {
    const options = signal ? { signal } : {}
    try {
      // `setImmediate` runs behind the poll phase: what has arrived by then was handled.
      if (!(delayMs > 0)) return await setImmediate(undefined, options)
      for (let leftMs = delayMs; leftMs > 0; leftMs -= TIMER_MS_MAX)
        await setTimeout(Math.min(leftMs, TIMER_MS_MAX), undefined, options)
    } catch (error) {
      if (!signal?.aborted) throw error
    }
  },
}
