/**
 * How a model has done lately, and whether it is left alone for a while. Plain data: times come as arguments, off a clock that does
 * not jump.
 *
 * A model that is out of calls (429), unpaid (402) or set up wrongly is left alone at once, for as long as its provider said or longer each
 * time; one that fails, is late or sends what cannot be used, after a few times in a row (a breaker). Afterwards one call at a time tells whether
 * it does better. A refusal says nothing about a model's health, nor does a call that was given up.
 */
import type { ErrorCode, Failure } from '../protocol/errors.ts'

export interface ModelHealth {
  /** Failures since the last answer. */
  failures: number
  /** Until when it is left alone. */
  coolUntilMs: number
  /** How long the last pause was that nobody asked for; 0 for none since the last answer. */
  coolMs: number
  /** A call is under way that tells whether it does better. */
  isProbing: boolean
  /** Why its last call failed; null after an answer. */
  problem: Failure | null
  /** Milliseconds of an answer, and the share of calls that had one; the last ones count most. */
  latencyMs: number | null
  successShare: number
  calls: number
  failed: number
}

/** Failures in a row after which it is left alone. */
export const FAILURES_MAX = 3
/** The first pause of the breaker, and the longest. */
export const BREAKER_MS = 10_000
export const BREAKER_MS_MAX = 10 * 60_000
/** The first pause where a provider refuses calls and does not say for how long, and the longest (05-reasoning §6). */
export const COOL_DOWN_MS = 60_000
export const COOL_DOWN_MS_MAX = 30 * 60_000
/** A pause is longer by up to this share, by chance: else many spores come back at the same moment. */
const JITTER = 0.25
/** What the newest call weighs in the averages: about the last ten count. */
const NEWEST = 0.2
/** A model with fewer answers than that is asked after the others. */
export const POOR_SHARE = 0.5

/** What each failure means for the model that it is of. */
const MEANS: Partial<Record<ErrorCode, 'fault' | 'pause' | 'stop'>> = {
  MODEL_FAILED: 'fault',
  MODEL_TIMEOUT: 'fault',
  MODEL_REPLY_UNUSABLE: 'fault',
  MODEL_BUSY: 'pause',
  MODEL_UNPAID: 'stop',
  MODEL_SETTINGS: 'stop',
}

export const newHealth = (): ModelHealth => ({
  failures: 0,
  coolUntilMs: Number.NEGATIVE_INFINITY,
  coolMs: 0,
  isProbing: false,
  problem: null,
  latencyMs: null,
  successShare: 1,
  calls: 0,
  failed: 0,
})

/** Whether it may be asked now. */
export const isReady = (health: ModelHealth, nowMs: number): boolean =>
  nowMs >= health.coolUntilMs && !(isOnTrial(health) && health.isProbing)

/** It was left alone, and no answer has come since. */
export const isOnTrial = ({ coolUntilMs }: ModelHealth): boolean => coolUntilMs !== Number.NEGATIVE_INFINITY

export const isPoor = ({ successShare }: ModelHealth): boolean => successShare < POOR_SHARE

export function noteAnswer(health: ModelHealth, tookMs: number, nowMs: number): void {
  health.calls++
  health.latencyMs =
    health.latencyMs === null ? tookMs : health.latencyMs + NEWEST * (tookMs - health.latencyMs)
  health.successShare += NEWEST * (1 - health.successShare)
  // A call that began before the pause says nothing about its end.
  if (nowMs < health.coolUntilMs) return
  health.failures = 0
  health.coolUntilMs = Number.NEGATIVE_INFINITY
  health.coolMs = 0
  health.problem = null
}

/** It had not answered by then, and somebody else had. */
export function noteGivenUp(health: ModelHealth, afterMs: number): void {
  health.calls++
  if (health.latencyMs === null || afterMs > health.latencyMs) health.latencyMs = afterMs
}

/** What is left of a pause is not waited for: it is on trial. */
export function endPause(health: ModelHealth, nowMs: number): void {
  health.coolUntilMs = Math.min(health.coolUntilMs, nowMs)
}

/** `chance` in [0, 1) lengthens the pause. */
export function noteFailure(health: ModelHealth, failure: Failure, nowMs: number, chance: number): void {
  // What has no meaning for a model was no call of it (the budget), or a refusal.
  const meaning = MEANS[failure.code]
  if (meaning || failure.code === 'MODEL_REFUSED') health.calls++
  if (!meaning) return
  health.failed++
  health.failures++
  health.problem = failure
  health.successShare *= 1 - NEWEST
  if (meaning === 'fault' && health.failures < FAILURES_MAX && !isOnTrial(health)) return
  const pauseMs = pauseOf(health, meaning, failure.retryAfterSeconds)
  health.coolUntilMs = Math.max(health.coolUntilMs, nowMs + pauseMs * (1 + JITTER * chance))
}

function pauseOf(health: ModelHealth, meaning: 'fault' | 'pause' | 'stop', askedSeconds?: number): number {
  if (askedSeconds !== undefined && meaning !== 'fault') return Math.max(1, askedSeconds) * 1000
  const [first, longest] =
    meaning === 'fault' ? [BREAKER_MS, BREAKER_MS_MAX] : [COOL_DOWN_MS, COOL_DOWN_MS_MAX]
  // Who must pay or set something right takes his time.
  const start = meaning === 'stop' ? COOL_DOWN_MS_MAX : first
  health.coolMs = Math.min(longest, Math.max(start, 2 * health.coolMs))
  return Math.max(health.coolMs, (askedSeconds ?? 0) * 1000)
}
