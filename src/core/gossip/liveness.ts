/**
 * Whether a peer is there: the states new, alive, refused, suspect, asleep and gone, from the traffic with it.
 *
 *     event      new, refused, alive      suspect                    asleep              gone
 *     answered   alive                    alive                      alive               alive
 *     refused    refused                  refused                    refused             refused
 *     called     –                        patience begins anew       is asked again      is asked again
 *     failed     suspect                  probed from the second on  waits twice as long –
 *     vouched    –                        patience begins anew       –                   –
 *     denied     –                        asleep or gone             –                   –
 *     left       asleep                   asleep                     asleep              asleep
 *     passed     suspect (alive, φ)       asleep or gone (patience)  –                   –
 *
 * Invariants: nobody is gone on this spore's word alone but after `ALONE_MS`; all times are of a clock that does not jump;
 * whoever answers is alive at once, but for replies that were under way when it left; who was silent for `FORGET_MS` is forgotten, unless an operator configured it.
 */
import type { PeerState } from '../protocol/peer-state.ts'
import { type Arrivals, arrived, noArrivals, phi } from './arrivals.ts'

export interface Vital {
  state: PeerState
  readonly arrivals: Arrivals
  /** Requests in a row that failed. */
  failures: number
  /** Since when it is in its state, or patience with it began anew. */
  sinceMs: number
  /** Since when nothing came from it. */
  silentSinceMs: number
  /** It says that it sleeps (capability `sleeps`), it left in good order, or what answers in its place is no spore. */
  isSleeper: boolean
  /** When it last said that it leaves. */
  leftMs: number
  /** How often it came back after it was away for `SLEEP_MIN_MS`. */
  naps: number
  /** Asleep: not asked before this, and how long that pause was. */
  askAtMs: number
  pauseMs: number
}

export type VitalEvent =
  /** It did what it was asked, or what it asked for was its due. */
  | { readonly type: 'answered' }
  /** It answered with an error, or what is none of this protocol's answers. */
  | { readonly type: 'refused' }
  /** A request of its own came in: it is there, though perhaps not where it is asked. */
  | { readonly type: 'called' }
  /** A request had no answer; `isAsleep` where a platform answered in its place. */
  | { readonly type: 'failed'; readonly isAsleep: boolean }
  /** Another spore reaches it, or has been asked and does not. */
  | { readonly type: 'vouched' }
  | { readonly type: 'denied' }
  | { readonly type: 'left' }
  /** Time has passed. */
  | { readonly type: 'passed' }

/** `probe`: ask others whether they reach it. `replace`: it is no neighbour any more. `forget`: out of the table. */
export type VitalEffect = 'probe' | 'replace' | 'forget'

export interface VitalContext {
  readonly nowMs: number
  /** Mean gap between two signs of life that is expected of a peer that one exchanges with. */
  readonly expectedMs: number
  /** `LocalHealth.factor`. */
  readonly healthFactor: number
}

/** Silence whose chance is 1 in 10 makes a peer the next to be asked; 1 in 1,000, a suspect without its having failed. */
export const PHI_ASK = 1
export const PHI_SUSPECT = 3
/** Failures in a row after which a neighbour is replaced and others are asked: one alone may be a lost request. */
export const FAILURES_MAX = 2
/** Where nobody can be asked, a suspect is gone after this, times the factor of the own health. */
export const ALONE_MS = 10 * 60_000
/** Pauses between two requests to a peer that sleeps: a free tier wakes on each, and may count its hours. */
export const SLEEP_MIN_MS = 15 * 60_000
export const SLEEP_MAX_MS = 6 * 3_600_000
/** Milliseconds in which replies of one that leaves may still arrive; nobody is started anew that fast. */
export const LEAVING_MS = 500
/** Returns after which the next absence counts as sleep. */
const NAPS_MIN = 2
/** Who was silent this long is forgotten; its logs stay. */
export const FORGET_MS = 7 * 24 * 3_600_000

export const newVital = (nowMs: number, silentMs = 0): Vital => ({
  state: 'new',
  arrivals: noArrivals(),
  failures: 0,
  sinceMs: nowMs,
  silentSinceMs: nowMs - silentMs,
  isSleeper: false,
  leftMs: Number.NEGATIVE_INFINITY,
  naps: 0,
  askAtMs: Number.NEGATIVE_INFINITY,
  pauseMs: 0,
})

/** True where a peer has to introduce itself again: it may have come back as another, or without knowing of this spore. */
export const isAway = ({ state }: Vital): boolean =>
  state === 'suspect' || state === 'asleep' || state === 'gone'

/** False where a peer that sleeps is to be left in peace. */
export const mayBeAsked = ({ state, askAtMs }: Vital, nowMs: number): boolean =>
  state !== 'asleep' || nowMs >= askAtMs

/** φ of a peer's silence. */
export const phiOf = ({ arrivals }: Vital, { nowMs, expectedMs }: VitalContext): number =>
  phi(arrivals, nowMs, expectedMs)

/** Changes the record; what is to be done about it. */
export function stepVital(vital: Vital, event: VitalEvent, context: VitalContext): readonly VitalEffect[] {
  const { nowMs } = context
  switch (event.type) {
    case 'answered':
      return isLeaving(vital, nowMs) ? [] : answered(vital, 'alive', nowMs)
    case 'refused': {
      const failures = vital.failures + 1
      answered(vital, 'refused', nowMs)
      vital.failures = failures
      return failures >= FAILURES_MAX ? ['replace'] : []
    }
    case 'called':
      heard(vital, nowMs)
      if (vital.state === 'suspect') vital.sinceMs = nowMs
      vital.askAtMs = Math.min(vital.askAtMs, nowMs)
      return []
    case 'failed':
      return failed(vital, event.isAsleep, nowMs)
    case 'vouched':
      if (vital.state === 'suspect') vital.sinceMs = nowMs
      return []
    case 'denied':
      return vital.state === 'suspect' ? away(vital, nowMs) : []
    case 'left':
      vital.isSleeper = true
      vital.leftMs = nowMs
      return vital.state === 'asleep' ? [] : away(vital, nowMs)
    case 'passed':
      return passed(vital, context)
  }
}

/** What comes so soon behind its leave was under way when it left. */
const isLeaving = ({ state, leftMs }: Vital, nowMs: number): boolean =>
  state === 'asleep' && nowMs - leftMs < LEAVING_MS

function heard(vital: Vital, nowMs: number): void {
  arrived(vital.arrivals, nowMs)
  vital.silentSinceMs = nowMs
}

function answered(vital: Vital, state: 'alive' | 'refused', nowMs: number): readonly VitalEffect[] {
  const wasAwayMs = isAway(vital) ? nowMs - vital.silentSinceMs : 0
  if (wasAwayMs >= SLEEP_MIN_MS) vital.naps++
  // The gap of an absence is no habit.
  if (wasAwayMs > 0) vital.arrivals.lastMs = null
  heard(vital, nowMs)
  Object.assign(vital, { state, failures: 0, sinceMs: nowMs, isSleeper: false, pauseMs: 0 })
  vital.askAtMs = Number.NEGATIVE_INFINITY
  return []
}

function failed(vital: Vital, isAsleep: boolean, nowMs: number): readonly VitalEffect[] {
  vital.failures++
  vital.isSleeper ||= isAsleep
  if (vital.state === 'asleep') pause(vital, nowMs)
  if (vital.state === 'asleep' || vital.state === 'gone') return []
  if (vital.state !== 'suspect') Object.assign(vital, { state: 'suspect', sinceMs: nowMs })
  if (vital.failures < FAILURES_MAX) return []
  return vital.failures === FAILURES_MAX ? ['replace', 'probe'] : ['probe']
}

function passed(vital: Vital, context: VitalContext): readonly VitalEffect[] {
  const { nowMs, healthFactor } = context
  if (vital.state !== 'alive' && nowMs - vital.silentSinceMs >= FORGET_MS) return ['forget']
  if (vital.state === 'alive' && phiOf(vital, context) >= PHI_SUSPECT * healthFactor) {
    Object.assign(vital, { state: 'suspect', sinceMs: nowMs })
    return ['probe']
  }
  const isOver = vital.failures >= FAILURES_MAX && nowMs - vital.sinceMs >= ALONE_MS * healthFactor
  return vital.state === 'suspect' && isOver ? away(vital, nowMs) : []
}

function away(vital: Vital, nowMs: number): readonly VitalEffect[] {
  const sleeps = vital.isSleeper || vital.naps >= NAPS_MIN
  Object.assign(vital, { state: sleeps ? 'asleep' : 'gone', sinceMs: nowMs })
  if (sleeps) pause(vital, nowMs)
  return ['replace']
}

function pause(vital: Vital, nowMs: number): void {
  if (nowMs < vital.askAtMs) return
  vital.pauseMs = Math.min(SLEEP_MAX_MS, Math.max(SLEEP_MIN_MS, 2 * vital.pauseMs))
  vital.askAtMs = nowMs + vital.pauseMs
}
