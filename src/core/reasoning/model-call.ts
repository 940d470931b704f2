/**
 * One model's try at a question: the reservation, the call, and where its reply cannot be read as what was asked for, a second call
 * that says so. Every call is in the budget before it is made, the repair too.
 */
import { type Clock, fineMs, type Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { costOf, type ModelPrice, type Pot } from './budget.ts'
import type { BudgetLedger } from './budget-ledger.ts'
import {
  type LanguageModel,
  type ModelReply,
  type ModelRequest,
  type ModelUsage,
  usageBound,
} from './language-model.ts'
import { isOnTrial, type ModelHealth, noteAnswer, noteFailure, noteGivenUp } from './model-health.ts'
import { readStructured, repairRequest, type Structure } from './structured.ts'

/** A model with what the operator says of it. */
export interface ModelRoute {
  readonly model: LanguageModel
  /** Null where the operator named none. */
  readonly price: ModelPrice | null
  /** It costs nothing, as one on this machine: whoever asks. */
  readonly isFree: boolean
}

/** On whose account a question is. */
export interface Account {
  /** Id of the task. */
  readonly task: string
  /** Who asked; null for the operator, whose own account it then is. */
  readonly asker: string | null
}

export interface TryOptions<T> {
  readonly account: Account
  readonly structure: Structure<T> | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onText?: (piece: string) => void
}

/** A reply that is what was asked for; `value` is undefined where no structure was. */
export interface Tried<T> {
  readonly text: string
  readonly value: T
  /** Of all its calls; null where the provider did not say. */
  readonly usage: ModelUsage | null
}

export interface TryDeps {
  readonly clock: Clock
  readonly random: Pick<Random, 'float'>
  readonly ledger: Pick<BudgetLedger, 'reserve'>
}

export async function tryModel<T>(
  route: ModelRoute,
  health: ModelHealth,
  request: ModelRequest,
  options: TryOptions<T>,
  deps: TryDeps,
): Promise<Result<Tried<T>, Failure>> {
  const { structure, timeoutMs } = options
  const { clock, random } = deps
  const startMs = fineMs(clock)
  const tookMs = (): number => fineMs(clock) - startMs
  const isTrial = isOnTrial(health)
  if (isTrial) health.isProbing = true
  try {
    const first = await callOnce(route, request, options, timeoutMs, deps)
    const found = first.ok && structure ? await read(first.value, structure) : first
    if (found.ok) noteAnswer(health, tookMs(), fineMs(clock))
    else if (found.error.code === 'MODEL_CANCELLED') noteGivenUp(health, tookMs())
    else noteFailure(health, found.error, fineMs(clock), random.float())
    return found as Result<Tried<T>, Failure>
  } finally {
    if (isTrial) health.isProbing = false
  }

  async function read(reply: ModelReply, of: Structure<T>): Promise<Result<Tried<T>, Failure>> {
    const value = readStructured(reply.text, of)
    if (value.ok) return ok({ ...reply, value: value.value })
    const leftMs = timeoutMs - tookMs()
    if (leftMs <= 0) return err(failure('MODEL_TIMEOUT', 'no time was left to have its reply repaired'))
    const repair = repairRequest(request, reply.text, value.error)
    const second = await callOnce(route, repair, options, leftMs, deps)
    if (!second.ok) return second
    const repaired = readStructured(second.value.text, of)
    if (!repaired.ok)
      return err(failure('MODEL_REPLY_UNUSABLE', 'the reply is not of the form that was asked for, twice'))
    return ok({ text: second.value.text, value: repaired.value, usage: sum(reply.usage, second.value.usage) })
  }
}

/** A call that is reserved before and settled after. */
async function callOnce(
  { model, price, isFree }: ModelRoute,
  request: ModelRequest,
  { account, signal, onText }: TryOptions<unknown>,
  timeoutMs: number,
  { ledger }: TryDeps,
): Promise<Result<ModelReply, Failure>> {
  const isOwn = account.asker === null
  const pot: Pot = isFree ? (isOwn ? 'free' : 'freeCommunity') : isOwn ? 'own' : 'community'
  const paid = isFree ? { inputUsd: 0, outputUsd: 0 } : price
  const microUsd = paid && costOf(usageBound(request), paid)
  const reserved = await ledger.reserve({ ...account, pot, microUsd, model: model.name })
  if (!reserved.ok) return reserved
  if (signal.aborted) {
    reserved.value.settle('unsent', paid)
    return err(failure('MODEL_CANCELLED', 'given up'))
  }
  const found = await model.generate(request, { timeoutMs, signal, ...(onText && { onText }) })
  reserved.value.settle(found.ok ? (found.value.usage ?? 'unknown') : found.error.cost, paid)
  return found
}

const sum = (a: ModelUsage | null, b: ModelUsage | null): ModelUsage | null =>
  a && b && { inputTokens: a.inputTokens + b.inputTokens, outputTokens: a.outputTokens + b.outputTokens }
