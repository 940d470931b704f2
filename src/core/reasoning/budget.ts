/**
 * What calls of models may cost: counted before they are made, given back as far as they cost less. Plain data and no clock; who
 * keeps it in the store and tells it of time is `budget-ledger.ts`.
 *
 * Invariants: a reservation that is granted keeps every count within its cap. A count falls only by what was given back of it, or
 * with a new day. What cannot be read counts as all spent.
 *
 * Money is in micro-dollars, whole numbers: a price in dollars per million tokens is one in micro-dollars per token.
 */
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { ModelUsage } from './language-model.ts'

/** Dollars per million tokens. */
export interface ModelPrice {
  readonly inputUsd: number
  readonly outputUsd: number
}

export interface Cap {
  readonly calls: number
  /** Null for no cap on money. */
  readonly microUsd: number | null
}

/**
 * Whose account a call is on: `own` for what the operator's own agents asked, `community` for what others asked; `free` and
 * `freeCommunity` the same for models that cost nothing. What others ask never takes from what is the operator's.
 */
export const POTS = ['own', 'community', 'free', 'freeCommunity'] as const
export type Pot = (typeof POTS)[number]

export interface BudgetCaps {
  /** A day, per account. */
  readonly pots: Readonly<Record<Pot, Cap>>
  /** For one task, whoever works on it here. */
  readonly task: Cap
  /** A day, for one asker other than the operator. */
  readonly asker: Cap
}

/** One call that is about to be made. */
export interface Spending {
  readonly pot: Pot
  /** Id of the task. */
  readonly task: string
  /** Who asked; null for the operator. */
  readonly asker: string | null
  /** The most that it can cost; null where nobody knows, which no cap on money allows. */
  readonly microUsd: number | null
  /** Its name, for whoever reads a refusal. */
  readonly model?: string
}

/** What was spent or is reserved. */
export interface Spent {
  calls: number
  microUsd: number
}

export interface Reserved {
  /** The same objects as in the budget: what is given back too late, to a count that is gone, does nothing. */
  readonly counts: readonly Spent[]
  readonly microUsd: number
}

export interface Budget {
  /** Grants a call, or says which cap stands against it: BUDGET_SPENT. */
  reserve(spending: Spending): Result<Reserved, Failure>
  /** What the call cost after all; `calls` is 0 where it was never made. */
  settle(reserved: Reserved, calls: 0 | 1, microUsd: number): void
  /** Milliseconds have passed. */
  pass(ms: number): void
  /** Counts everything as spent until the next day. */
  spendAll(): void
  /** Milliseconds until the next day. */
  readonly dayLeftMs: number
  spentOf(pot: Pot): Readonly<Spent>
  encode(latestMs: number): Uint8Array
}

export const DAY_MS = 24 * 60 * 60 * 1000
/** Tasks whose cost is remembered; the one that was silent longest is forgotten, and the caps of the day still hold for it. */
export const BUDGET_TASKS_MAX = 512
/** Askers that are told apart in a day; all others share one account. */
export const BUDGET_ASKERS_MAX = 512
const OTHERS = ''
const VERSION = 1
const COUNT_MAX = Number.MAX_SAFE_INTEGER

/** Micro-dollars of so many tokens, rounded up; 0 where there is no price. */
export const costOf = ({ inputTokens, outputTokens }: ModelUsage, price: ModelPrice | null): number =>
  price === null
    ? 0
    : Math.min(COUNT_MAX, Math.ceil(inputTokens * price.inputUsd + outputTokens * price.outputUsd))

interface State {
  dayMs: number
  readonly pots: Record<Pot, Spent>
  readonly tasks: Map<string, Spent>
  readonly askers: Map<string, Spent>
}

const none = (): Spent => ({ calls: 0, microUsd: 0 })

/** A budget of which nothing is spent. */
export const createBudget = (caps: BudgetCaps): Budget => budgetOf(caps, emptyState())

const emptyState = (): State => ({
  dayMs: 0,
  pots: { own: none(), community: none(), free: none(), freeCommunity: none() },
  tasks: new Map(),
  askers: new Map(),
})

function budgetOf(caps: BudgetCaps, state: State): Budget {
  const { pots, tasks, askers } = state

  /** Who is not told apart today is one of the others. */
  const askerOf = (asker: string): string =>
    asker !== OTHERS && (askers.has(asker) || askers.size < BUDGET_ASKERS_MAX) ? asker : OTHERS

  return {
    reserve({ pot, task, asker, microUsd, model }) {
      const known = tasks.get(task) ?? none()
      const account = asker === null ? null : askerOf(asker)
      const counts: { of: string; spent: Spent; cap: Cap }[] = [
        { of: `${pot} calls a day`, spent: pots[pot], cap: caps.pots[pot] },
        { of: 'one task', spent: known, cap: caps.task },
      ]
      if (account !== null)
        counts.push({ of: 'one asker', spent: askers.get(account) ?? none(), cap: caps.asker })
      const over = counts.find(({ spent, cap }) => isOver(spent, cap, microUsd))
      if (over)
        return err(
          failure('BUDGET_SPENT', refusalOf(over, microUsd === null ? (model ?? 'the model') : null)),
        )
      for (const { spent } of counts) add(spent, 1, microUsd ?? 0)
      keep(tasks, task, known)
      if (account !== null) askers.set(account, (counts[2] as { spent: Spent }).spent)
      return ok({ counts: counts.map(({ spent }) => spent), microUsd: microUsd ?? 0 })
    },
    settle({ counts, microUsd: reserved }, calls, microUsd) {
      for (const spent of counts) add(spent, calls - 1, microUsd - reserved)
    },
    pass(ms) {
      state.dayMs += Math.max(0, Math.floor(ms))
      if (state.dayMs < DAY_MS) return
      state.dayMs %= DAY_MS
      // New objects: what is still given back belongs to the day before.
      for (const pot of POTS) pots[pot] = none()
      askers.clear()
    },
    spendAll() {
      for (const pot of POTS) pots[pot] = { calls: COUNT_MAX, microUsd: COUNT_MAX }
    },
    get dayLeftMs() {
      return DAY_MS - state.dayMs
    },
    spentOf: (pot) => pots[pot],
    encode: (latestMs) =>
      encodeCanonical([
        VERSION,
        latestMs,
        state.dayMs,
        POTS.map((pot) => [pots[pot].calls, pots[pot].microUsd]),
        rowsOf(tasks),
        rowsOf(askers),
      ]),
  }
}

const isOver = (spent: Spent, cap: Cap, microUsd: number | null): boolean =>
  spent.calls + 1 > cap.calls ||
  (cap.microUsd !== null && (microUsd === null || spent.microUsd + microUsd > cap.microUsd))

/** `unpriced`: the model, where it has no price. */
const refusalOf = (
  { of, spent, cap }: { readonly of: string; readonly spent: Spent; readonly cap: Cap },
  unpriced: string | null,
): string =>
  unpriced !== null && cap.microUsd !== null && spent.calls < cap.calls
    ? `the budget for ${of} is in dollars, and no price is known: ${priceAdvice(unpriced)}`
    : `the budget for ${of} does not allow another call`

/** What to set for a model without a price. */
export const priceAdvice = (name: string): string =>
  `add "${name}" to models.prices, with the dollars per million tokens of its input and output, or as free`

function add(spent: Spent, calls: number, microUsd: number): void {
  spent.calls = clamp(spent.calls + calls)
  spent.microUsd = clamp(spent.microUsd + microUsd)
}

const clamp = (count: number): number => Math.min(COUNT_MAX, Math.max(0, count))

/** The last one stands at the end; one too many makes the first leave. */
function keep(tasks: Map<string, Spent>, task: string, spent: Spent): void {
  tasks.delete(task)
  tasks.set(task, spent)
  for (const [oldest] of tasks) {
    if (tasks.size <= BUDGET_TASKS_MAX) return
    tasks.delete(oldest)
  }
}

const rowsOf = (counts: ReadonlyMap<string, Spent>): Canonical =>
  [...counts].map(([id, { calls, microUsd }]) => [id, calls, microUsd])

/**
 * A budget as it was kept, with the latest time that any clock had shown; null where the bytes are not one, which must not pass
 * for a budget of which nothing is spent.
 */
export function decodeBudget(
  bytes: Uint8Array,
  caps: BudgetCaps,
): { readonly budget: Budget; readonly latestMs: number } | null {
  const read = decodeCanonical(bytes)
  if (!read.ok || !Array.isArray(read.value) || read.value.length !== 6) return null
  const [version, latestMs, dayMs, pots, tasks, askers] = read.value as readonly unknown[]
  if (version !== VERSION || !Number.isSafeInteger(latestMs) || !isCount(dayMs) || dayMs >= DAY_MS)
    return null
  const taskCounts = countsOf(tasks, BUDGET_TASKS_MAX)
  const askerCounts = countsOf(askers, BUDGET_ASKERS_MAX + 1)
  if (!taskCounts || !askerCounts || !Array.isArray(pots) || pots.length !== POTS.length) return null
  const [own, community, free, freeCommunity] = (pots as readonly unknown[]).map(spentOf)
  if (!own || !community || !free || !freeCommunity) return null
  const kept = { own, community, free, freeCommunity }
  const state = { dayMs, pots: kept, tasks: taskCounts, askers: askerCounts }
  return { budget: budgetOf(caps, state), latestMs: latestMs as number }
}

function countsOf(rows: unknown, max: number): Map<string, Spent> | null {
  if (!Array.isArray(rows) || rows.length > max) return null
  const counts = new Map<string, Spent>()
  for (const row of rows as readonly unknown[]) {
    const [id, ...rest] = Array.isArray(row) ? (row as readonly unknown[]) : []
    const spent = spentOf(rest)
    if (typeof id !== 'string' || !spent || counts.has(id)) return null
    counts.set(id, spent)
  }
  return counts
}

function spentOf(row: unknown): Spent | null {
  if (!Array.isArray(row) || row.length !== 2) return null
  const [calls, microUsd] = row as readonly unknown[]
  return isCount(calls) && isCount(microUsd) ? { calls, microUsd } : null
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
