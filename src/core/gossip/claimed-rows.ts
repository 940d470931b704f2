/**
 * The rows that the other side of a reconciliation claims to have, and what may be asked for them: whoever says at first how many
 * there are cannot find more with every split of them.
 *
 * Invariants: the parts of a range hold no more rows than the range, but for what the view may have gained meanwhile, once and in
 * all; ranges are asked about no more often than the rows of both sides take.
 */
import { LOGS_MAX, RECONCILE_ASKS_MIN, RECONCILE_GROWTH_MIN } from '../protocol/limits.ts'

/** Rows of a range that have not been heard of again. Shared by the asks about its parts. */
export interface Claim {
  left: number
}

export interface ClaimedRows {
  /** Of the whole view: nothing was said of it yet. */
  readonly whole: Claim
  part(count: number): Claim
  /** So many rows of a claim were heard of. */
  hear(claim: Claim, count: number): void
  /** So many ranges are to be asked about. */
  ask(ranges: number): void
  readonly isImpossible: boolean
}

/** Asks that one row of either side takes at most, with those above it: a range of five rows is split into five. */
const ASKS_PER_ROW = 2

export function createClaimedRows(ownRows: number): ClaimedRows {
  const whole: Claim = { left: LOGS_MAX }
  let grown = 0
  let asked = 0
  const rows = (): number => LOGS_MAX - whole.left

  return {
    whole,
    part: (count) => ({ left: count }),
    hear(claim, count) {
      claim.left -= count
      if (claim.left >= 0) return
      grown -= claim.left
      claim.left = 0
    },
    ask(ranges) {
      asked += ranges
    },
    get isImpossible() {
      // A log that moves on meanwhile turns up among the newest rows as well: each may do so, once.
      if (grown > Math.max(RECONCILE_GROWTH_MIN, rows())) return true
      return asked > RECONCILE_ASKS_MIN + ASKS_PER_ROW * (ownRows + rows() + grown)
    },
  }
}
