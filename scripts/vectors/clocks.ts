/** Hybrid times (PROTOCOL.md §4). */
import { type Case, NOW_MS } from './protocol.ts'

const TICKS = 1024
const MINUTE_MS = 60_000

export function clocks(): Case[] {
  const next = (name: string, comment: string, last: number, nowMs: number, time: number): Case => ({
    name,
    comment: `§4: ${comment}`,
    of: 'next',
    last,
    nowMs,
    time,
  })
  const judge = (name: string, comment: string, aheadTicks: number, error?: string): Case => ({
    name,
    comment: `§4: ${comment}`,
    of: 'judge',
    time: NOW_MS * TICKS + aheadTicks,
    nowMs: NOW_MS,
    ...(error !== undefined && { error }),
  })
  const now = NOW_MS * TICKS
  const held = 'held: not taken now, taken when our own clock is nearer'
  const refused = 'refused'
  return [
    next('the first', 'the wall clock', 0, NOW_MS, now),
    next('long after the last', 'the wall clock', now - 5_000_000, NOW_MS, now),
    next('in the millisecond of the last', 'the counter', now, NOW_MS, now + 1),
    next(
      'the 1,024th in one millisecond',
      'the counter runs into the next millisecond',
      now + 1023,
      NOW_MS,
      now + 1024,
    ),
    next('the clock went back an hour', 'times still increase', now, NOW_MS - 60 * MINUTE_MS, now + 1),
    next(
      'the clock went back 20 years',
      'times still increase',
      now,
      NOW_MS - 20 * 365 * 24 * 60 * MINUTE_MS,
      now + 1,
    ),
    next('the clock stands at 0', 'the first time is 1', 0, 0, 1),
    judge('now', 'taken', 0),
    judge('years ago', 'taken', -now + 1),
    judge('2 minutes ahead', 'taken', 2 * MINUTE_MS * TICKS),
    judge('2 minutes and 1,023 ticks ahead', 'taken: whole milliseconds count', 2 * MINUTE_MS * TICKS + 1023),
    judge('2 minutes and 1 ms ahead', held, (2 * MINUTE_MS + 1) * TICKS, 'CLOCK_AHEAD'),
    judge('2 minutes less 1 ms ahead', 'taken', (2 * MINUTE_MS - 1) * TICKS),
    judge('10 minutes ahead', held, 10 * MINUTE_MS * TICKS, 'CLOCK_AHEAD'),
    judge('10 minutes and 1 ms ahead', refused, (10 * MINUTE_MS + 1) * TICKS, 'CLOCK_AHEAD'),
    judge('a year ahead', refused, 365 * 24 * 60 * MINUTE_MS * TICKS, 'CLOCK_AHEAD'),
  ].map((one) => ('error' in one ? { ...one, verdict: one.comment.includes(held) ? 'hold' : 'refuse' } : one))
}
