/**
 * Which model answers: the operator's order, but one that fails half of the time stands behind the others, and one that is left alone
 * (`model-health.ts`) is not asked. Where the first has said nothing after a while that is long for it, the next is asked as well; whoever is
 * first to end well has answered, and the other is given up.
 *
 * Invariants: at most two calls of a question are under way at a time; a question is over when its time is; no failure becomes an
 * answer; every call was reserved.
 */
import { type Clock, fineMs, type Log, type Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { BudgetLedger } from './budget-ledger.ts'
import type { ModelRequest } from './language-model.ts'
import { type Account, type ModelRoute, type Tried, tryModel } from './model-call.ts'
import { isOnTrial, isPoor, isReady, type ModelHealth, newHealth } from './model-health.ts'
import type { Structure } from './structured.ts'

export interface AskOptions<T> extends Account {
  /** The reply must be this; without it, it is text. */
  readonly structure?: Structure<T>
  /** Only the model of this name. */
  readonly only?: string
  /** Milliseconds for all of it, whatever fails on the way. Default `ASK_TIMEOUT_MS`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** What is being said. `start`: what was heard before counts no more. Only where no structure is asked for. */
  readonly onEvent?: (event: AskEvent) => void
}

export type AskEvent =
  | { readonly kind: 'start'; readonly model: string }
  | { readonly kind: 'text'; readonly text: string }

export interface ModelAnswer<T> extends Tried<T> {
  /** Who answered. */
  readonly model: string
  readonly family: string
}

export interface ModelView {
  readonly name: string
  readonly family: string
  readonly isFree: boolean
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
  /** How each one does, in the operator's order. Nothing in it is secret. */
  view(): readonly ModelView[]
}

export interface ModelRouterDeps {
  readonly clock: Clock
  readonly random: Pick<Random, 'float'>
  readonly ledger: Pick<BudgetLedger, 'reserve'>
  readonly log: Log
}

/** Milliseconds for a question (06-faults M1). */
export const ASK_TIMEOUT_MS = 60_000
/** Questions under way at a time: with the largest request and reply each, 300 MB. */
export const ASKS_MAX = 256
/** Calls of a question under way at a time. */
const CALLS_MAX = 2
/** A model is slow after so many times what it mostly takes, within these bounds; and where nobody knows what it takes. */
const SLOW_FACTOR = 3
export const HEDGE_MS_MIN = 1_000
export const HEDGE_MS_MAX = 15_000
export const HEDGE_MS_UNKNOWN = 5_000

/** A model that is being asked. */
interface Run<T> {
  readonly route: ModelRoute
  readonly controller: AbortController
  readonly done: Promise<{ readonly run: Run<T>; readonly found: Result<Tried<T>, Failure> }>
  /** What it has said so far. */
  said: string
}

export function createModelRouter(routes: readonly ModelRoute[], deps: ModelRouterDeps): ModelRouter {
  const { clock, log } = deps
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

  const hedgeMsOf = (route: ModelRoute): number => {
    const { latencyMs } = healthOf(route)
    if (latencyMs === null) return HEDGE_MS_UNKNOWN
    return Math.min(HEDGE_MS_MAX, Math.max(HEDGE_MS_MIN, SLOW_FACTOR * latencyMs))
  }

  const answer = async <T>(
    among: readonly ModelRoute[],
    request: ModelRequest,
    options: AskOptions<T>,
  ): Promise<Result<ModelAnswer<T>, Failure>> => {
    const { structure = null, signal, onEvent } = options
    const endMs = now() + (options.timeoutMs ?? ASK_TIMEOUT_MS)
    const asked = new Set<ModelRoute>()
    const running = new Set<Run<T>>()
    let leader: Run<T> | null = null
    let failed: Failure | null = null

    const left = (): ModelRoute[] => ready(among.filter((route) => !asked.has(route)))
    const lead = (run: Run<T>): void => {
      leader = run
      onEvent?.({ kind: 'start', model: run.route.model.name })
      if (run.said !== '') onEvent?.({ kind: 'text', text: run.said })
    }
    const hear = (run: Run<T>, piece: string): void => {
      run.said += piece
      if (!running.has(run)) return
      if (leader === null) lead(run)
      else if (leader === run) onEvent?.({ kind: 'text', text: piece })
    }

    const start = (route: ModelRoute): void => {
      asked.add(route)
      const controller = new AbortController()
      // Time is kept for who comes after it.
      const leftMs = endMs - now()
      const timeoutMs = Math.ceil(left().length > 0 ? leftMs / 2 : leftMs)
      const tried = tryModel(
        route,
        healthOf(route),
        structure ? { ...request, schema: structure.schema } : request,
        {
          account: { task: options.task, asker: options.asker },
          structure,
          timeoutMs,
          signal: controller.signal,
          ...(onEvent && !structure && { onText: (piece: string) => hear(run, piece) }),
        },
        deps,
      )
      const run: Run<T> = { route, controller, said: '', done: tried.then((found) => ({ run, found })) }
      // Who is given up is waited for by nobody; a bug in it is not lost all the same.
      run.done.catch((error: unknown) => log.error('a call of a model threw', { error: String(error) }))
      running.add(run)
    }

    const giveUp = (): void => {
      for (const { controller } of running) controller.abort()
      running.clear()
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    const aborted = Promise.withResolvers<null>()
    const onAbort = (): void => aborted.resolve(null)
    signal?.addEventListener('abort', onAbort, { once: true })

    try {
      for (;;) {
        if (signal?.aborted) return err(failure('MODEL_CANCELLED', 'given up'))
        if (running.size === 0) {
          const [next] = left()
          if (!next || now() >= endMs) return err(failed ?? noneReady(among))
          start(next)
        }
        const slow = new AbortController()
        const [only] = running
        const canHedge = running.size < CALLS_MAX && leader === null && left().length > 0
        const waits: Promise<Awaited<Run<T>['done']> | 'slow' | null>[] = [
          ...[...running].map(({ done }) => done),
          aborted.promise,
        ]
        if (canHedge && only)
          waits.push(clock.sleep(hedgeMsOf(only.route), slow.signal).then(() => 'slow' as const))
        const event = await Promise.race(waits).finally(() => slow.abort())
        if (event === null) continue
        if (event === 'slow') {
          const [next] = left()
          if (next && leader === null) start(next)
          continue
        }
        const { run, found } = event
        running.delete(run)
        if (found.ok) {
          if (onEvent && !structure && leader !== run) lead(run)
          const { name, family } = run.route.model
          return ok({ ...found.value, model: name, family })
        }
        if (leader === run) leader = null
        // Why a model failed says more than that another one was too dear.
        if (failed === null || found.error.code !== 'BUDGET_SPENT') failed = found.error
        log.debug('a model gave no answer', { model: run.route.model.name, code: found.error.code })
      }
    } finally {
      signal?.removeEventListener('abort', giveUp)
      signal?.removeEventListener('abort', onAbort)
      giveUp()
    }
  }

  return {
    async ask(request, options) {
      const among = routes.filter(({ model }) => options.only === undefined || model.name === options.only)
      if (among.length === 0) return err(failure('MODELS_OFF', 'no language model is configured'))
      if (underWay >= ASKS_MAX) return err(failure('OVERLOADED', `${ASKS_MAX} questions are under way`))
      underWay++
      try {
        return await answer(among, request, options)
      } finally {
        underWay--
      }
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
