/**
 * The models of one spore: who answers, what it may cost, and how each one does. They are asked through the router alone, and no call
 * is made before the budget was read from the store: whoever asks earlier waits for it.
 */
import type { Clock, Log, Random } from '../base/ports.ts'
import { fineMs } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import {
  CHECK_REPLY_CHARS_MAX,
  type CheckModelsInput,
  type ModelCheck,
  type ModelsChecked,
  type ModelsView,
} from '../protocol/api-models.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { BudgetCaps } from './budget.ts'
import { type BudgetLedger, type BudgetView, openBudgetLedger } from './budget-ledger.ts'
import type { ModelRoute } from './model-call.ts'
import { toModelsView } from './models-view.ts'
import { createModelRouter, type ModelRouter } from './routing.ts'

/** What the operator configured; null ports where there is no model. */
export interface ModelPorts {
  /** In the order in which they are asked; each name once. */
  readonly routes: readonly ModelRoute[]
  readonly caps: BudgetCaps
}

export interface Models {
  /** Reads the budget from the store, once. Rejects where the store cannot be read. */
  open(): Promise<void>
  /** Asked before `open` it waits; where `open` failed or the models were stopped, no call is made. */
  readonly router: ModelRouter
  /** What is spent of what; null before `open`. */
  budget(): BudgetView | null
  /** All of it for people. Calls nobody. */
  view(): ModelsView
  /**
   * One small call of each model, on the operator's account: what came back. A model that is left alone is asked all the same, since
   * the operator wants to know whether it is back.
   */
  check(input: CheckModelsInput, signal: AbortSignal): Promise<Result<ModelsChecked, Failure>>
  /** Gives up every call that is under way, and makes none any more. */
  stop(): void
}

export interface ModelsDeps {
  readonly clock: Clock
  readonly random: Pick<Random, 'float'>
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly log: Log
}

/** Where there is none. */
export const MODELS_OFF = failure('MODELS_OFF', 'no language model is configured')

/** Tokens that a check may take: the answer is one word, but models that reason think before it. */
export const CHECK_TOKENS_MAX = 1024
const CHECK_REQUEST = {
  messages: [{ role: 'user', text: 'This is a test of the connection. Reply with the word "ready".' }],
  maxTokens: CHECK_TOKENS_MAX,
} as const

export function createModels({ routes, caps }: ModelPorts, deps: ModelsDeps): Models {
  const { clock, log } = deps
  const opening = Promise.withResolvers<BudgetLedger | null>()
  const stopped = new AbortController()
  let ledger: BudgetLedger | null = null
  let opened: Promise<void> | null = null
  let checks = 0

  const routed = createModelRouter(routes, {
    ...deps,
    ledger: {
      async reserve(spending) {
        const open = await opening.promise
        return open ? open.reserve(spending) : err(failure('OVERLOADED', 'the budget could not be read'))
      },
    },
  })
  const router: ModelRouter = {
    ...routed,
    ask: (request, options) => routed.ask(request, { ...options, signal: ending(options.signal) }),
  }
  const ending = (signal?: AbortSignal): AbortSignal =>
    signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal

  const open = async (): Promise<void> => {
    try {
      ledger = await openBudgetLedger(caps, deps)
    } finally {
      opening.resolve(ledger)
    }
    for (const { name, advice } of toModelsView(routed.view(), null, caps).models)
      if (advice) log.info('a model is not called', { model: name, advice })
  }

  const checkOne = async (name: string, timeoutMs: number, signal: AbortSignal): Promise<ModelCheck> => {
    const startMs = fineMs(clock)
    // A task of its own each time: its cap is for questions that go on and on.
    const task = `check ${name} ${checks++} ${Math.floor(clock.now())}`
    routed.retry(name)
    const found = await router.ask(CHECK_REQUEST, {
      task,
      asker: null,
      only: name,
      timeoutMs,
      signal,
    })
    return {
      name,
      isOk: found.ok,
      reply: found.ok ? found.value.text.slice(0, CHECK_REPLY_CHARS_MAX).toWellFormed() : null,
      problem: found.ok ? null : { code: found.error.code, detail: found.error.detail },
      tookMs: Math.round(fineMs(clock) - startMs),
    }
  }

  return {
    open: () => (opened ??= open()),
    router,
    budget: () => ledger?.view() ?? null,
    view: () => toModelsView(routed.view(), ledger?.view() ?? null, caps),
    check: async ({ timeoutMs }, signal) =>
      ok({ checks: await Promise.all(routes.map(({ model }) => checkOne(model.name, timeoutMs, signal))) }),
    stop: () => stopped.abort(),
  }
}
