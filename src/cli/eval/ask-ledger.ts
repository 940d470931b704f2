/**
 * The budget of one `spore eval ask`: the caps of the configuration as for a day of their own, and at most so many calls. It is kept
 * in memory: a run is over when its process is.
 */
import { err, ok } from '../../core/base/result.ts'
import { failure } from '../../core/protocol/errors.ts'
import { type BudgetCaps, costOf, createBudget } from '../../core/reasoning/budget.ts'
import type { BudgetLedger } from '../../core/reasoning/budget-ledger.ts'

export interface RunLedger extends Pick<BudgetLedger, 'reserve'> {
  /** Calls made, and micro-dollars that they cost at most, of a model. */
  spentOn(model: string): { readonly calls: number; readonly microUsd: number }
  /** Why a call was refused; null where none was. */
  readonly refusal: string | null
}

/** `callsMax`: of all models together; null for the caps alone. */
export function createRunLedger(caps: BudgetCaps, callsMax: number | null): RunLedger {
  const budget = createBudget(caps)
  const spent = new Map<string, { calls: number; microUsd: number }>()
  let granted = 0
  let refusal: string | null = null
  const refuse = (why: string) => {
    refusal ??= why
    return err(failure('BUDGET_SPENT', why))
  }
  return {
    async reserve(spending) {
      if (callsMax !== null && granted >= callsMax) return refuse(`the ${callsMax} calls of --calls are made`)
      const reserved = budget.reserve(spending)
      if (!reserved.ok) return refuse(reserved.error.detail)
      granted++
      const most = reserved.value.microUsd
      const of = spent.get(spending.model ?? '') ?? { calls: 0, microUsd: 0 }
      spent.set(spending.model ?? '', of)
      of.calls++
      of.microUsd += most
      let isSettled = false
      return ok({
        settle(cost, price) {
          if (isSettled) return
          isSettled = true
          if (cost === 'unknown') return
          const microUsd = typeof cost === 'object' ? costOf(cost, price) : 0
          budget.settle(reserved.value, cost === 'unsent' ? 0 : 1, microUsd)
          of.microUsd += microUsd - most
          if (cost !== 'unsent') return
          of.calls--
          granted--
        },
      })
    },
    spentOn: (model) => spent.get(model) ?? { calls: 0, microUsd: 0 },
    get refusal() {
      return refusal
    },
  }
}
