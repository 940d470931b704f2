/** An attempt that this spore takes part in: its phase here, and what its own contributors are doing. */
import type { Did, Digest } from '../base/brand.ts'
import type { Failure } from '../protocol/errors.ts'
import type { Attempt } from './attempt.ts'
import { EFFORT_BOUNDS } from './efforts.ts'
import type { Phase } from './phases.ts'
import type { Times } from './task-progress.ts'

/** An answer that is sealed and not shown yet: the payload that will be. */
export interface UnshownAnswer {
  readonly round: number
  readonly family: string
  readonly element: Digest
  readonly payload: Uint8Array
  readonly references: readonly Digest[]
}

/** Why a contributor has no answer in a round. */
export interface Failing {
  readonly failure: Failure
  readonly atMs: number
  /** Asking again would be in vain. */
  readonly isFinal: boolean
}

export interface Work {
  readonly attempt: Attempt
  /** Families of own models that answer. */
  readonly families: readonly string[]
  /** Who asked, where it was another: on his account the calls are. */
  readonly asker: string | null
  /** What was sealed before this spore was started is known; nothing is done before that. */
  isRecovered: boolean
  phase: Phase
  round: number
  readonly challenges: Set<number>
  /** Rounds that tunnelling began anew, and the premise of each. */
  readonly tunnels: Set<number>
  /** On the clock that never jumps. */
  readonly startMs: number
  phaseMs: number
  /** Of an own attempt: of whom it is known how long the answer took. */
  readonly measured: Set<Did>
  /** Milliseconds until as many others had sealed as answers are wanted of them; null while they have not. */
  enoughMs: number | null
  /** Of an own attempt: whom its further calls have named, whether they count or not. Each is named once. */
  readonly namedSince: Set<Did>
  readonly unshown: Map<Digest, UnshownAnswer>
  /** Seals that are being written: their answers will have to be shown, whatever comes in between. */
  sealing: number
  /** By family, of the present round. */
  readonly failing: Map<string, Failing>
  /** Names of jobs that are under way, or are done and must not be done again. */
  readonly running: Set<string>
  readonly done: Set<string>
  /** Answers that this spore has put together. */
  syntheses: number
  readonly controller: AbortController
  timer: AbortController | null
}

/** Failures that do not pass while a task is open. */
const FINAL = new Set([
  'MODELS_OFF',
  'BUDGET_SPENT',
  'MODEL_SETTINGS',
  'MODEL_UNPAID',
  'MODEL_REFUSED',
  'MODEL_ABSTAINED',
  'MODEL_REPEATED',
])
export const isFinal = ({ code }: Failure): boolean => FINAL.has(code)

export function newWork(
  attempt: Attempt,
  { families, asker, startMs, nowMs }: Pick<Work, 'families' | 'asker' | 'startMs'> & { nowMs: number },
): Work {
  return {
    attempt,
    families,
    asker,
    isRecovered: false,
    phase: 'diverge',
    round: 0,
    challenges: new Set(),
    tunnels: new Set(),
    startMs,
    phaseMs: nowMs,
    measured: new Set(),
    enoughMs: null,
    namedSince: new Set(),
    unshown: new Map(),
    sealing: 0,
    failing: new Map(),
    running: new Set(),
    done: new Set(),
    syntheses: 0,
    controller: new AbortController(),
    timer: null,
  }
}

/** Milliseconds from asking to deadline. */
export function totalMsOf({ task }: Attempt): number {
  return (task?.seconds ?? EFFORT_BOUNDS[task?.effort ?? 'standard'].seconds) * 1000
}

export const timesOf = (work: Work, nowMs: number): Times => ({
  elapsedMs: nowMs - work.startMs,
  inPhaseMs: nowMs - work.phaseMs,
  totalMs: totalMsOf(work.attempt),
})
