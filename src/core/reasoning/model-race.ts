/**
 * One question put to models that may be asked: one first, a second one where that is slow, the next where one fails, until one has
 * answered, none is left or time is up.
 *
 * Invariants: at most two calls are under way at a time, and none once the question is over; no failure becomes an answer; who listens
 * hears one model at a time.
 */
import { type Clock, fineMs, type Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { ModelRequest } from './language-model.ts'
import { type Account, type ModelRoute, type Tried, type TryDeps, tryModel } from './model-call.ts'
import type { ModelHealth } from './model-health.ts'
import type { Structure } from './structured.ts'

export interface AskOptions<T> extends Account {
  /** The reply must be this; without it, it is text. */
  readonly structure?: Structure<T>
  /** Only the model of this name. */
  readonly only?: string
  /** Only models of this family. */
  readonly family?: string
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

export interface RaceDeps extends TryDeps {
  readonly log: Log
  /** Who of these may be asked now, the best first. */
  ready(among: readonly ModelRoute[]): readonly ModelRoute[]
  healthOf(route: ModelRoute): ModelHealth
  /** Milliseconds after which this one is slow. */
  slowMsOf(route: ModelRoute): number
  /** Why nobody was asked. */
  noneReady(among: readonly ModelRoute[]): Failure
}

/** Milliseconds for the calls of a question; with the grace it is over within a minute (06-faults M1). */
export const ASK_TIMEOUT_MS = 55_000
/** Milliseconds after which it is over though a call is not, as where a reservation waits for a disk that hangs. */
export const ASK_GRACE_MS = 5_000
/** Calls of a question under way at a time. */
const CALLS_MAX = 2

/** A model that is being asked. */
interface Run<T> {
  readonly route: ModelRoute
  readonly controller: AbortController
  readonly done: Promise<Ended<T>>
  /** What it has said so far. */
  said: string
}

/** How it ended. */
interface Ended<T> {
  readonly run: Run<T>
  readonly found: Result<Tried<T>, Failure>
}

/** The answer to one question, or the last reason why there is none. Failures as of `ModelRouter.ask`. */
export async function raceModels<T>(
  among: readonly ModelRoute[],
  request: ModelRequest,
  options: AskOptions<T>,
  deps: RaceDeps,
): Promise<Result<ModelAnswer<T>, Failure>> {
  const { clock } = deps
  const now = (): number => fineMs(clock)
  const { structure = null, signal, onEvent } = options
  const endMs = now() + (options.timeoutMs ?? ASK_TIMEOUT_MS)
  const asked = new Set<ModelRoute>()
  const running = new Set<Run<T>>()
  let leader: Run<T> | null = null
  let failed: Failure | null = null

  const left = (): readonly ModelRoute[] => deps.ready(among.filter((route) => !asked.has(route)))
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
      deps.healthOf(route),
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
    run.done.catch((error: unknown) => deps.log.error('a call of a model threw', { error: String(error) }))
    running.add(run)
  }

  const giveUp = (): void => {
    for (const { controller } of running) controller.abort()
    running.clear()
  }
  const aborted = Promise.withResolvers<null>()
  const onAbort = (): void => {
    giveUp()
    aborted.resolve(null)
  }
  signal?.addEventListener('abort', onAbort, { once: true })

  try {
    for (;;) {
      if (signal?.aborted) return err(failure('MODEL_CANCELLED', 'given up'))
      if (running.size === 0) {
        const [next] = left()
        if (!next || now() >= endMs) return err(failed ?? deps.noneReady(among))
        start(next)
      }
      const [only] = running
      const canHedge: boolean = running.size < CALLS_MAX && leader === null && left().length > 0
      const event: Ended<T> | 'slow' | 'late' | null = await nextOf<Ended<T> | null, 'slow' | 'late'>(
        clock,
        [aborted.promise, ...[...running].map(({ done }) => done)],
        {
          slow: canHedge && only ? deps.slowMsOf(only.route) : null,
          late: endMs + ASK_GRACE_MS - now(),
        },
      )
      if (event === null) continue
      if (event === 'late') return err(failed ?? failure('MODEL_TIMEOUT', 'no call ended in its time'))
      if (event === 'slow') {
        const [next] = left()
        if (next && leader === null) start(next)
        continue
      }
      const { run, found }: Ended<T> = event
      running.delete(run)
      if (found.ok) {
        if (onEvent && !structure && leader !== run) lead(run)
        const { name, family } = run.route.model
        return ok({ ...found.value, model: name, family })
      }
      if (leader === run) leader = null
      // Why a model failed says more than that another one was too dear.
      if (failed === null || found.error.code !== 'BUDGET_SPENT') failed = found.error
      deps.log.debug('a model gave no answer', { model: run.route.model.name, code: found.error.code })
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    giveUp()
  }
}

/** The first that ends, or the word of the pause that does, in milliseconds; null for none. */
async function nextOf<D, W extends string>(
  clock: Clock,
  done: readonly Promise<D>[],
  pauses: Readonly<Record<W, number | null>>,
): Promise<D | W> {
  const over = new AbortController()
  const words = (Object.keys(pauses) as W[]).flatMap((word) => {
    const ms = pauses[word]
    return ms === null ? [] : [clock.sleep(ms, over.signal).then(() => word)]
  })
  return Promise.race([...done, ...words]).finally(() => over.abort())
}
