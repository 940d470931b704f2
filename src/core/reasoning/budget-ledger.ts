/**
 * The budget in the store: a call may be made once its reservation is durable, so that a process that is killed in the middle of it
 * has spent it. What it cost less is written afterwards; where that is lost, too much counts as spent, never too little.
 *
 * A day is 24 hours of this spore's time, from its first call on. Time is counted by the clock that never jumps while the process
 * runs; for what it did not see (it was off, the machine slept) the wall clock counts, only where it is later than it ever was, and for a
 * day at most. So a clock that jumps to and fro opens no budget again, and one that was ten years ahead closes none for ten years.
 */
import { type Clock, fineMs, type Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Failure } from '../protocol/errors.ts'
import {
  type Budget,
  type BudgetCaps,
  type Cap,
  costOf,
  createBudget,
  DAY_MS,
  decodeBudget,
  type ModelPrice,
  POTS,
  type Pot,
  type Spending,
  type Spent,
} from './budget.ts'
import type { CallCost } from './language-model.ts'

/** Where the budget stands among the store's values. */
export const BUDGET_VALUE = 'reasoning/budget'

/** Where the wall clock is the only one, it may jump between two looks: a step counts for so much where it was as late before. */
const WALL_STEP_MS_MAX = 60 * 60 * 1000

export interface Reservation {
  /**
   * What the call came to. `unsent`: it was not made; `unknown`: all that was reserved counts. Only the first word counts.
   */
  settle(cost: CallCost | 'unsent', price: ModelPrice | null): void
}

export interface BudgetView {
  readonly pots: Readonly<Record<Pot, Readonly<Spent> & { readonly cap: Cap }>>
  /** Seconds until a new day begins. */
  readonly dayLeftSeconds: number
}

export interface BudgetLedger {
  /**
   * Resolves once the reservation is durable. Failures: BUDGET_SPENT, with the seconds to the next day; STORE_WRITE_FAILED.
   */
  reserve(spending: Spending): Promise<Result<Reservation, Failure>>
  view(): BudgetView
}

export interface BudgetLedgerDeps {
  readonly clock: Clock
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly log: Log
}

/** Opens the budget as the store has it. */
export async function openBudgetLedger(
  caps: BudgetCaps,
  { clock, store, writer, log }: BudgetLedgerDeps,
): Promise<BudgetLedger> {
  const kept = await store.value(BUDGET_VALUE)
  const decoded = kept && decodeBudget(kept, caps)
  const budget = decoded?.budget ?? createBudget(caps)
  let latestMs = decoded?.latestMs ?? Math.floor(clock.now())
  let readMs = fineMs(clock)
  const stepMaxMs = clock.fineMs ? DAY_MS : WALL_STEP_MS_MAX
  let isUnwritten = false
  if (kept && !decoded) {
    log.warn('the budget for models cannot be read; no call is made for a day', { bytes: kept.length })
    budget.spendAll()
  }

  /** Tells the budget what time has passed since the last look. */
  const look = (): void => {
    const nowMs = Math.floor(clock.now())
    const nowFineMs = fineMs(clock)
    const unseenMs = Math.min(DAY_MS, Math.max(0, nowMs - latestMs))
    const seenMs = Math.min(stepMaxMs, Math.max(0, nowFineMs - readMs))
    // Whole milliseconds are counted; what is left of one is counted at the next look.
    readMs = nowFineMs < readMs ? nowFineMs : nowFineMs - (seenMs % 1)
    latestMs = Math.max(latestMs, nowMs)
    budget.pass(Math.max(Math.floor(seenMs), unseenMs))
  }

  const write = (): Promise<Result<void, Failure>> =>
    writer.write((draft) => draft.setValue(BUDGET_VALUE, budget.encode(latestMs)))

  /** What is given back is written soon, and once for many. */
  const writeSoon = (): void => {
    if (isUnwritten) return
    isUnwritten = true
    void writer.write((draft) => {
      isUnwritten = false
      draft.setValue(BUDGET_VALUE, budget.encode(latestMs))
    })
  }

  return {
    async reserve(spending) {
      look()
      const granted = budget.reserve(spending)
      if (!granted.ok) return err({ ...granted.error, retryAfterSeconds: secondsLeft(budget) })
      const written = await write()
      if (!written.ok) {
        budget.settle(granted.value, 0, 0)
        return written
      }
      let isSettled = false
      return ok({
        settle(cost, price) {
          if (isSettled) return
          isSettled = true
          if (cost === 'unknown') return
          const microUsd = typeof cost === 'object' ? costOf(cost, price) : 0
          budget.settle(granted.value, cost === 'unsent' ? 0 : 1, microUsd)
          writeSoon()
        },
      })
    },
    view() {
      look()
      return toBudgetView(budget, caps)
    },
  }
}

export const toBudgetView = (budget: Budget, caps: BudgetCaps): BudgetView => ({
  pots: Object.fromEntries(
    POTS.map((pot) => [pot, { ...budget.spentOf(pot), cap: caps.pots[pot] }]),
  ) as BudgetView['pots'],
  dayLeftSeconds: secondsLeft(budget),
})

const secondsLeft = ({ dayLeftMs }: Budget): number => Math.max(1, Math.ceil(dayLeftMs / 1000))
