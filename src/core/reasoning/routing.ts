/**
 * Which model answers: the operator's order, but one that fails half of the time stands behind the others, and one that is left alone
 * (`model-health.ts`) is not asked. How a question is put to them is in `model-race.ts`, and what one of them is asked in `model-call.ts`.
 */
import { type Clock, fineMs, type Log, type Random } from '../base/ports.ts'
import { err, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { ModelPrice } from './budget.ts'
import type { BudgetLedger } from './budget-ledger.ts'
import type { ModelRequest } from './language-model.ts'
import type { ModelRoute } from './model-call.ts'
import { endPause, isOnTrial, isPoor, isReady, type ModelHealth, newHealth } from './model-health.ts'
import { type AskOptions, type ModelAnswer, raceModels } from './model-race.ts'

export interface ModelView {
  readonly name: string
  readonly family: string
  readonly isFree: boolean
  /** Null where the operator named none. */
  readonly price: ModelPrice | null
  /** `cooling`: left alone; `trial`: its pause is over, and no answer has come since. */
  readonly state: 'ready' | 'cooling' | 'trial'
  readonly problem: Failure | null
  /** Seconds until it is asked again; 0 where it may be now. */
  readonly retryAfterSeconds: number
  readonly latencyMs: number | null
  readonly successShare: number
  readonly calls: number
  readonly failed: number
}

export interface ModelRouter {
  /**
   * An answer by a model. Failures: MODELS_OFF where there is none; MODEL_BUSY with `retryAfterSeconds` where all are left alone;
   * OVERLOADED where `ASKS_MAX` questions are under way; BUDGET_SPENT; else what the last one failed with.
   */
  ask<T = undefined>(request: ModelRequest, options: AskOptions<T>): Promise<Result<ModelAnswer<T>, Failure>>
  /** Ends the pause of a model, if it has one: the next question tells whether it is back. For whoever asks because the operator does. */
  retry(name: string): void
  /** How each one does, in the operator's order. Nothing in it is secret. */
  view(): readonly ModelView[]
}

export interface ModelRouterDeps {
  readonly clock: Clock
  readonly random: Pick<Random, 'float'>
  readonly ledger: Pick<BudgetLedger, 'reserve'>
  readonly log: Log
}

/** Questions under way at a time: with the longest messages and texts each, 300 MB. */
export const ASKS_MAX = 256
/** A model is slow after so many times what it mostly takes, within these bounds; and where nobody knows what it takes. */
const SLOW_FACTOR = 3
export const HEDGE_MS_MIN = 1_000
export const HEDGE_MS_MAX = 15_000
export const HEDGE_MS_UNKNOWN = 5_000

export function createModelRouter(routes: readonly ModelRoute[], deps: ModelRouterDeps): ModelRouter {
  const { clock } = deps
  const healths = new Map<ModelRoute, ModelHealth>(routes.map((route) => [route, newHealth()]))
  const healthOf = (route: ModelRoute): ModelHealth => healths.get(route) as ModelHealth
  const now = (): number => fineMs(clock)
  let underWay = 0

  /** Who may be asked now, the best first. */
  const ready = (among: readonly ModelRoute[]): ModelRoute[] => {
    const able = among.filter((route) => isReady(healthOf(route), now()))
    return [
      ...able.filter((route) => !isPoor(healthOf(route))),
      ...able.filter((route) => isPoor(healthOf(route))),
    ]
  }

  const secondsLeft = (route: ModelRoute): number =>
    Math.max(0, Math.ceil((healthOf(route).coolUntilMs - now()) / 1000))

  const noneReady = (among: readonly ModelRoute[]): Failure => ({
    ...failure('MODEL_BUSY', 'every model is left alone for a while after failures'),
    retryAfterSeconds: Math.max(1, Math.min(...among.map(secondsLeft))),
  })

  const slowMsOf = (route: ModelRoute): number => {
    const { latencyMs } = healthOf(route)
    if (latencyMs === null) return HEDGE_MS_UNKNOWN
    return Math.min(HEDGE_MS_MAX, Math.max(HEDGE_MS_MIN, SLOW_FACTOR * latencyMs))
  }

  return {
    async ask(request, options) {
      const { only, family } = options
      const among = routes.filter(
        ({ model }) =>
          (only === undefined || model.name === only) && (family === undefined || model.family === family),
      )
      if (among.length === 0) return err(failure('MODELS_OFF', 'no language model is configured'))
      if (underWay >= ASKS_MAX) return err(failure('OVERLOADED', `${ASKS_MAX} questions are under way`))
      underWay++
      try {
        return await raceModels(among, request, options, { ...deps, ready, healthOf, slowMsOf, noneReady })
      } finally {
        underWay--
      }
    },
    retry(name) {
      for (const route of routes) if (route.model.name === name) endPause(healthOf(route), now())
    },
    view: () =>
      routes.map((route) => {
        const health = healthOf(route)
        const { problem, latencyMs, successShare, calls, failed } = health
        const retryAfterSeconds = secondsLeft(route)
        return {
          name: route.model.name,
          family: route.model.family,
          isFree: route.isFree,
          price: route.price,
          state: retryAfterSeconds > 0 ? 'cooling' : isOnTrial(health) ? 'trial' : 'ready',
          problem,
          retryAfterSeconds,
          latencyMs,
          successShare,
          calls,
          failed,
        }
      }),
  }
}
