/**
 * Time that has passed, read off a wall clock that may jump (06-faults S6). A machine that was set ten years ahead, or slept
 * for a night, has not waited for its peers that long.
 */

/** Milliseconds passed by the time a wall clock shows `nowMs`; never less than before. */
export type Elapsed = (nowMs: number) => number

/**
 * Counts the steps between two readings: one backwards counts for nothing, one of more than `stepMaxMs` for that much. It
 * must be read more often than that, or it runs slow.
 */
export function createElapsed(stepMaxMs: number): Elapsed {
  let elapsedMs = 0
  let lastMs: number | null = null
  return (nowMs) => {
    if (lastMs !== null) elapsedMs += Math.min(stepMaxMs, Math.max(0, nowMs - lastMs))
    lastMs = nowMs
    return elapsedMs
  }
}
