/** Attempts whose asker called others: if those stay silent, this spore takes their place. Until then they cost a timer each. */
import type { Did, Digest } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import type { Attempt } from './attempt.ts'

export interface Reserve {
  /**
   * Looks at it again after a while; one that is watched already goes on to be. `asker`: for whom it would be worked on. He was
   * served when he asked, and may be out of reach by then.
   */
  watch(attempt: Attempt, asker: Did, afterMs: number): void
  drop(id: Digest): void
  stop(): void
}

export interface ReserveDeps {
  readonly clock: Pick<Clock, 'sleep'>
  /** Runs a job, and keeps track of it until it ends. */
  readonly run: (job: () => Promise<void>) => void
  readonly onDue: (attempt: Attempt, asker: Did) => void
}

/** Attempts that are watched; with one more, that one is left to the others who serve. */
export const RESERVE_MAX = 256

export function createReserve({ clock, run, onDue }: ReserveDeps): Reserve {
  const timers = new Map<Digest, AbortController>()
  return {
    watch(attempt, asker, afterMs) {
      if (timers.has(attempt.id) || timers.size >= RESERVE_MAX || !Number.isFinite(afterMs)) return
      const timer = new AbortController()
      timers.set(attempt.id, timer)
      run(async () => {
        await clock.sleep(Math.ceil(afterMs), timer.signal)
        if (timer.signal.aborted) return
        timers.delete(attempt.id)
        onDue(attempt, asker)
      })
    },
    drop(id) {
      timers.get(id)?.abort()
      timers.delete(id)
    },
    stop() {
      for (const timer of timers.values()) timer.abort()
      timers.clear()
    },
  }
}
