/**
 * What callers claim to have, and what of it comes: an announcement costs its sender little and this spore the reading, a place in
 * what is expected, and the wait of whoever would have brought it.
 *
 * Invariants: at most `CLAIMED_CALLERS_MAX` accounts; what is here already costs nothing, what is lacking costs as much as was
 * claimed until it is brought; against whoever lost its
 * network while it was to bring something nothing is held.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  CLAIM_KEPT_MS,
  CLAIMED_CALLERS_MAX,
  CLAIMED_ROWS_BURST,
  CLAIMED_ROWS_PER_SECOND,
} from '../protocol/limits.ts'
import type { LogStart } from '../protocol/messages.ts'
import type { Conduct } from './conduct.ts'

export interface Claims {
  /** OVERLOADED for a caller that claimed more than it may before it brings some of it; asked before the rows are read. */
  refusal(caller: Did): Failure | null
  /** A caller has claimed so many rows that are not here, and was asked to bring some of them. */
  claimed(caller: Did, lacking: number, want: readonly LogStart[]): void
  /** A caller has pushed, and so many logs grew by it. */
  brought(caller: Did, logs: number): void
  /** Callers of which there is an account. */
  readonly size: number
}

export interface ClaimsDeps {
  readonly conduct: Conduct
  readonly clock: Clock
  /** Where a log goes on here. */
  readonly next: (logId: LogStart['logId']) => number
}

interface Account {
  rows: number
  atMs: number
  /** What it was asked to bring, since when, and how often it announced since; null where it brought something since. */
  asked: { readonly want: readonly LogStart[]; readonly atMs: number; times: number } | null
}

/** Logs of one answer that are looked at: what came by another way was no lie. */
const WANT_KEPT = 16
/** Announcements until then of one that is there, and brings nothing. Of one whose network was lost there is the first, and a second where the answer was lost. */
const CLAIMS_MIN = 3

export function createClaims({ conduct, clock, next }: ClaimsDeps): Claims {
  const accounts = createBoundedMap<Did, Account>(CLAIMED_CALLERS_MAX)

  const accountOf = (caller: Did): Account => {
    const nowMs = clock.now()
    const account = accounts.get(caller) ?? { rows: CLAIMED_ROWS_BURST, atMs: nowMs, asked: null }
    const earned = (Math.max(0, nowMs - account.atMs) / 1000) * CLAIMED_ROWS_PER_SECOND
    account.rows = Math.min(CLAIMED_ROWS_BURST, account.rows + earned)
    account.atMs = nowMs
    accounts.set(caller, account)
    return account
  }

  /** Holds against a caller that nothing came of what it was asked for. */
  const judge = (caller: Did, account: Account): void => {
    const { asked } = account
    if (!asked || clock.now() - asked.atMs < CLAIM_KEPT_MS) return
    account.asked = null
    if (asked.times >= CLAIMS_MIN && asked.want.every(({ logId, from }) => next(logId) <= from))
      conduct.note(caller, 'futile')
  }

  return {
    refusal(caller) {
      const account = accountOf(caller)
      judge(caller, account)
      if (account.rows >= 0) return null
      conduct.note(caller, 'flood')
      return {
        ...failure('OVERLOADED', 'this caller announces much and brings little'),
        retryAfterSeconds: Math.ceil(-account.rows / CLAIMED_ROWS_PER_SECOND),
      }
    },
    claimed(caller, lacking, want) {
      const account = accountOf(caller)
      judge(caller, account)
      account.rows -= lacking
      if (want.length > 0) account.asked ??= { want: want.slice(0, WANT_KEPT), atMs: clock.now(), times: 0 }
      if (account.asked) account.asked.times++
    },
    brought(caller, logs) {
      const account = accounts.get(caller)
      if (!account) return
      account.rows = Math.min(CLAIMED_ROWS_BURST, account.rows + logs)
      account.asked = null
    },
    get size() {
      return accounts.size
    },
  }
}
