/**
 * Who was asked to answer an attempt, as its entries say: an asker may name those whose answers it wants (PROTOCOL.md §10). Only the
 * word of an asker counts, and only for those who work for him; where he names nobody, everybody may answer.
 */
import type { Did } from '../base/brand.ts'
import { timeToMs } from '../memory/clock.ts'
import { CALLED_MAX } from '../protocol/task-limits.ts'
import { type Attempt, asksOf, type Counts, saidOf, sealFor } from './attempt.ts'
import { DIVERGE_SHARE, STEP_SHARE } from './efforts.ts'
import { sealsOf } from './first-answers.ts'
import type { Times } from './task-progress.ts'

export interface Called {
  /**
   * In the order in which they were named, at most `CALLED_MAX`: each with the milliseconds from asking to that, by the asker's own
   * clock, so that all who read it know the same.
   */
  readonly all: ReadonlyMap<Did, number>
  /** How many of them were named at first. */
  readonly first: number
  /** Others were named since, in the place of some. */
  readonly isFurther: boolean
}

/** Whom an asker has called; null where he called nobody. */
export function calledBy(attempt: Attempt, asker: Did, counts: Counts): Called | null {
  if (attempt.calls.size === 0) return null
  const asked = asksOf(attempt, counts).find(({ author }) => author === asker)
  const calls = [...saidOf(attempt, attempt.calls, counts)]
    .filter(({ author }) => author === asker)
    .sort((a, b) => a.clock - b.clock || (a.element < b.element ? -1 : 1))
  const [first] = calls
  if (!first || !asked) return null
  const all = new Map<Did, number>()
  for (const { payload, clock } of calls)
    for (const author of payload.called)
      if (all.size < CALLED_MAX && !all.has(author))
        all.set(author, Math.max(0, timeToMs(clock) - timeToMs(asked.clock)))
  return { all, first: first.payload.called.length, isFurther: calls.length > 1 }
}

/** Whom those askers have called together that `isHeard` listens to; null where one of them called nobody, or there is none. */
export function calledIn(attempt: Attempt, isHeard: (asker: Did) => boolean, counts: Counts): Called | null {
  const all = new Map<Did, number>()
  let first = 0
  let isFurther = false
  if (attempt.calls.size === 0) return null
  for (const { author } of asksOf(attempt, counts)) {
    if (!isHeard(author)) continue
    const called = calledBy(attempt, author, counts)
    if (!called) return null
    for (const [one, ms] of called.all) all.set(one, Math.min(ms, all.get(one) ?? ms))
    first = Math.max(first, called.first)
    isFurther ||= called.isFurther
  }
  return all.size > 0 ? { all, first, isFurther } : null
}

/**
 * Whether those who were called stay silent, so that others who serve take their place: half of the time is over and nothing is
 * sealed, or a step more and nothing is shown. Their asker may be gone, who would have called others.
 */
export function areSilent(
  attempt: Attempt,
  { elapsedMs, totalMs }: Omit<Times, 'inPhaseMs'>,
  counts: Counts,
): boolean {
  if (elapsedMs < totalMs * DIVERGE_SHARE) return false
  if (sealsOf(attempt, 0, counts).next().done) return true
  if (elapsedMs < totalMs * SHOWN_SHARE) return false
  for (const noted of saidOf(attempt, attempt.contributions, counts))
    if (noted.payload.outcome.failure === null && sealFor(attempt, noted, counts)) return false
  return true
}

/** Milliseconds until they may be found silent; Infinity where that is past. */
export function silentInMs({ elapsedMs, totalMs }: Omit<Times, 'inPhaseMs'>): number {
  for (const share of [DIVERGE_SHARE, SHOWN_SHARE])
    if (elapsedMs < totalMs * share) return totalMs * share - elapsedMs
  return Number.POSITIVE_INFINITY
}

/** Share of the time by which what was sealed is shown. */
const SHOWN_SHARE = DIVERGE_SHARE + STEP_SHARE
