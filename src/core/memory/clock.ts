/** Hybrid logical clock (PROTOCOL.md §4; Kulkarni et al., "Logical Physical Clocks", 2014). */
import type { HybridTime } from '../base/brand.ts'
import { CLOCK_AHEAD_MAX_MS, CLOCK_HOLD_MS } from '../protocol/limits.ts'

const TICKS_PER_MS = 1024

/** The next time to write with: never behind the wall clock, always after `last`. */
export const nextTime = (last: number, nowMs: number): HybridTime =>
  Math.max(nowMs * TICKS_PER_MS, last + 1) as HybridTime

/** Milliseconds since the Unix epoch of a hybrid time. */
export const timeToMs = (time: number): number => Math.floor(time / TICKS_PER_MS)

/** `accept`, `hold` until our own clock has come nearer, or `refuse`. */
export function judgeTime(time: number, nowMs: number): 'accept' | 'hold' | 'refuse' {
  const aheadMs = timeToMs(time) - nowMs
  if (aheadMs > CLOCK_AHEAD_MAX_MS) return 'refuse'
  return aheadMs > CLOCK_HOLD_MS ? 'hold' : 'accept'
}

/** ISO 8601 in UTC, for people and JSON. */
export function timeToIso(time: number): string {
  return new Date(timeToMs(time)).toISOString()
}
