/**
 * Logs of which this spore takes no more because a quota is full. Whoever has more of them is not asked for it, so that a
 * round ends and its cursor goes on; after a while they are tried again, ever more seldom.
 *
 * Invariant: only what an author has signed declines its log: nobody can have the log of another declined.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import type { ErrorCode, Failure } from '../protocol/errors.ts'
import { DECLINED_LOGS_MAX, DECLINED_MS, DECLINED_MS_MAX } from '../protocol/limits.ts'

export interface Declined {
  /** A run or proof of a log was refused: takes note of it where that was for a quota. */
  note(logId: LogId, refused: Failure): void
  /** Why nothing more of a log is taken for now; null where it is. */
  refusal(logId: LogId): Failure | null
  /** Something of a log was taken: it is welcome again. */
  forget(logId: LogId): void
  /** Logs that are remembered. */
  readonly size: number
}

interface Pause {
  readonly refused: Failure
  readonly fromMs: number
  readonly pauseMs: number
}

const FULL: readonly ErrorCode[] = ['QUOTA_EXCEEDED', 'LOGS_FULL']

export function createDeclined({ clock }: { readonly clock: Clock }): Declined {
  const pauses = createBoundedMap<LogId, Pause>(DECLINED_LOGS_MAX)
  return {
    note(logId, refused) {
      if (!FULL.includes(refused.code)) return
      const before = pauses.get(logId)
      const pauseMs = Math.min(DECLINED_MS_MAX, before ? 2 * before.pauseMs : DECLINED_MS)
      pauses.set(logId, { refused, fromMs: clock.now(), pauseMs })
    },
    refusal(logId) {
      if (pauses.size === 0) return null
      const pause = pauses.get(logId)
      // A clock that went back ends it too.
      return pause && Math.abs(clock.now() - pause.fromMs) < pause.pauseMs ? pause.refused : null
    },
    forget: (logId) => void (pauses.size > 0 && pauses.delete(logId)),
    get size() {
      return pauses.size
    },
  }
}
