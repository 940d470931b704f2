/** A clock that stands still until a test moves it: timers fire in order, and what they start is waited for. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/core/base/ports.ts'

export interface VirtualClock extends Clock {
  /** Moves on by `ms`, firing every timer on the way at its own time. */
  advance(ms: number): Promise<void>
  /** Resolves when nothing is left to do but what waits for time to pass. */
  settle(): Promise<void>
  /** Sets the time without firing anything: the wall clock of a machine jumps. */
  jump(ms: number): void
  /** Marks something under way that `settle` waits for. */
  track<T>(work: Promise<T>): Promise<T>
}

interface Timer {
  readonly atMs: number
  fire(): void
}

/** Turns of the event loop without any work under way, after which nothing more comes of itself. */
const QUIET_TURNS = 8

export function createVirtualClock(startMs: number): VirtualClock {
  let nowMs = startMs
  let elapsedMs = 0
  let pending = 0
  const timers = new Set<Timer>()

  const track = async <T>(work: Promise<T>): Promise<T> => {
    pending++
    try {
      return await work
    } finally {
      pending--
    }
  }

  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const before = pending
      await turn()
      quiet = before === 0 && pending === 0 ? quiet + 1 : 0
    }
  }

  return {
    now: () => nowMs,
    sleep(delayMs, signal) {
      if (signal?.aborted) return Promise.resolve()
      if (!(delayMs > 0)) return track(turn())
      return new Promise((resolve) => {
        const timer: Timer = {
          atMs: elapsedMs + Math.ceil(delayMs),
          fire() {
            timers.delete(timer)
            signal?.removeEventListener('abort', timer.fire)
            resolve()
          },
        }
        timers.add(timer)
        signal?.addEventListener('abort', timer.fire, { once: true })
      })
    },
    async advance(ms) {
      const endMs = elapsedMs + ms
      await settle()
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atMs - b.atMs)
        if (!next || next.atMs > endMs) break
        nowMs += next.atMs - elapsedMs
        elapsedMs = next.atMs
        next.fire()
        await settle()
      }
      nowMs += endMs - elapsedMs
      elapsedMs = endMs
      await settle()
    },
    settle,
    jump(ms) {
      nowMs += ms
    },
    track,
  }
}
