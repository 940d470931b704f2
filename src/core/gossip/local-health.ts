/**
 * How far this spore trusts its own judgement (Lifeguard: Dadgar, Phillips, Currey 2018). Who is late itself, or hears from
 * nobody, is more likely ill than all the others are dead: it waits longer before it says so of anyone.
 */

export interface LocalHealth {
  /** A timer that was set for `plannedMs` went off after `tookMs`. */
  woke(plannedMs: number, tookMs: number): void
  /** A request was answered, or not. */
  asked(isAnswered: boolean): void
  /** What thresholds and patience are multiplied with: 1 in good health, at most `HEALTH_FACTOR_MAX`. */
  readonly factor: number
}

export const HEALTH_FACTOR_MAX = 8
/** A timer later than this share of what it was set for says that the event loop, or the machine, stood still. */
const LATE_SHARE = 0.5
/** Answers in a row without which it is not the peer that is silent: more than one that fails alone ever causes. */
const UNANSWERED_MAX = 4

export function createLocalHealth(): LocalHealth {
  let score = 0
  let unanswered = 0
  const worse = (): void => {
    score = Math.min(HEALTH_FACTOR_MAX - 1, score + 1)
  }
  const better = (): void => {
    score = Math.max(0, score - 1)
  }
  return {
    woke(plannedMs, tookMs) {
      if (tookMs > plannedMs * (1 + LATE_SHARE)) worse()
      else if (unanswered === 0) better()
    },
    asked(isAnswered) {
      unanswered = isAnswered ? 0 : unanswered + 1
      if (unanswered >= UNANSWERED_MAX) worse()
      else if (isAnswered) better()
    },
    get factor() {
      return 1 + score
    },
  }
}
