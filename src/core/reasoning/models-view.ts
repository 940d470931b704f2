/** How models do and what is left of their budget, as people and programs are told it. */
import type { ModelStatus, ModelsView } from '../protocol/api-models.ts'
import { type BudgetCaps, type Cap, createBudget, POTS, priceAdvice } from './budget.ts'
import { type BudgetView, toBudgetView } from './budget-ledger.ts'
import type { ModelRoute } from './model-call.ts'
import type { ModelView } from './routing.ts'

/** `budget`: null while it is not read yet. */
export const toModelsView = (
  views: readonly ModelView[],
  budget: BudgetView | null,
  caps: BudgetCaps,
): ModelsView => ({
  models: views.map((view) => toStatus(view, caps)),
  budget: budget && toBudget(budget, caps),
})

/** What stands in a configuration: no call was made, and nothing is spent. */
export const toUnusedView = (routes: readonly ModelRoute[], caps: BudgetCaps): ModelsView => {
  const unused = {
    problem: null,
    retryAfterSeconds: 0,
    latencyMs: null,
    successShare: 1,
    calls: 0,
    failed: 0,
  }
  const views = routes.map(
    ({ model: { name, family }, isFree, price }): ModelView => ({
      ...unused,
      name,
      family,
      isFree,
      price,
      state: 'ready',
    }),
  )
  return toModelsView(views, toBudgetView(createBudget(caps), caps), caps)
}

function toStatus(view: ModelView, caps: BudgetCaps): ModelStatus {
  const { problem, latencyMs, successShare } = view
  const advice = adviceOf(view, caps)
  return {
    ...view,
    state: advice === null ? view.state : 'barred',
    advice,
    problem: problem && { code: problem.code, detail: problem.detail },
    latencyMs: latencyMs === null ? null : Math.round(latencyMs),
    successShare: Math.round(successShare * 1000) / 1000,
  }
}

/** Which setting keeps the operator's own questions from a model, whatever was spent; null for none. */
function adviceOf({ name, isFree, price }: ModelView, { pots, task }: BudgetCaps): string | null {
  const pot = pots[isFree ? 'free' : 'own']
  if (pot.calls === 0) return `${isFree ? 'models.freeCallsPerDay' : 'models.callsPerDay'} is 0`
  if (isFree || price !== null) return null
  return pot.microUsd === null && task.microUsd === null
    ? null
    : `dollars are capped and no price is known: ${priceAdvice(name)}`
}

const toUsd = (microUsd: number): number => microUsd / 1e6
const toCap = ({ calls, microUsd }: Cap) => ({ calls, usd: microUsd === null ? null : toUsd(microUsd) })

const toBudget = ({ pots, dayLeftSeconds }: BudgetView, caps: BudgetCaps): ModelsView['budget'] => ({
  accounts: POTS.map((name) => {
    const { calls, microUsd, cap } = pots[name]
    return { name, calls, usd: toUsd(microUsd), cap: toCap(cap) }
  }),
  perTask: toCap(caps.task),
  perAsker: toCap(caps.asker),
  dayLeftSeconds,
})
