/** What each effort may take: rounds, time, answers. */
import type { Effort } from '../protocol/task-payloads.ts'

export interface EffortBounds {
  /** Rounds of answers. */
  readonly rounds: number
  /** Seconds until the deadline where the asker gives none. */
  readonly seconds: number
  /** Answers that are waited for where the asker names no number; fewer where fewer can be had. */
  readonly answers: number
  /** Families of own models that answer, the operator's first. */
  readonly contributors: number
  /** Whether a model writes the text of the answer, and another one checks it. */
  readonly isWritten: boolean
  /** Whether it has the rounds to open once more what has agreed (tunnelling). */
  readonly canReopen: boolean
}

export const EFFORT_BOUNDS: Readonly<Record<Effort, EffortBounds>> = {
  quick: { rounds: 1, seconds: 20, answers: 3, contributors: 3, isWritten: false, canReopen: false },
  standard: { rounds: 3, seconds: 90, answers: 5, contributors: 5, isWritten: true, canReopen: false },
  deep: { rounds: 8, seconds: 600, answers: 7, contributors: 8, isWritten: true, canReopen: true },
}

/** Families that answer what another spore asks: one answer of each spore is what the others wait for. */
export const FOREIGN_CONTRIBUTORS = 1

/** Share of the time until the deadline after which what is sealed is shown, however few they are (05-reasoning §1). */
export const DIVERGE_SHARE = 0.5
/** Share of the whole time that showing, reviewing and revising may take before the others go on without. */
export const STEP_SHARE = 0.15
/** Milliseconds of it at least: two rounds of gossip. */
export const STEP_MS_MIN = 3_000
/** Share of the whole time that must be left for another round to begin. */
export const ROUND_LEFT_SHARE = 0.2
/** Milliseconds after the deadline for each place in the list of who may put the answer together. */
export const TURN_MS = 5_000
/** Milliseconds before a contributor whose models failed is asked again, unless they say when. */
export const RETRY_MS = 5_000
/** Milliseconds that one call may take. */
export const CALL_MS_MAX = 55_000
