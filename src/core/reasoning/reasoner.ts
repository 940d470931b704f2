/**
 * What one contributor does in each step of a task: it answers, reviews, revises, writes and validates, by a model that the router finds.
 *
 * Invariants: a failure is never an answer, and an abstention or a refusal is a failure; whatever a model replies, nothing throws, and what
 * comes back is within what entries may hold.
 */
import type { Digest } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { AnswerReply } from './answer-reply.ts'
import { type GivenAnswer, named, toGivenAnswer } from './given-answer.ts'
import type { ModelAnswer } from './model-race.ts'
import { type AnswerInput, answerPrompt } from './prompts/answer.ts'
import { type Prompt, REPLY_TOKENS } from './prompts/parts.ts'
import { type Ranking, type ReviewInput, reviewPrompt } from './prompts/review.ts'
import { type ReviseInput, revisePrompt } from './prompts/revise.ts'
import { type ValidateInput, type Validation, validatePrompt } from './prompts/validate.ts'
import { type WriteInput, type WrittenText, writePrompt } from './prompts/write.ts'
import type { Recollected } from './recollection.ts'
import type { ModelRouter } from './routing.ts'

/** On whose account a step is, and what it may take. */
export interface ReasonerCall {
  /** Id of the task. */
  readonly task: string
  /** Who asked; null for the operator, whose own account it then is. */
  readonly asker: string | null
  /** Milliseconds for all of it. */
  readonly timeoutMs: number
  /** Only the model of this name. */
  readonly model?: string
  /** Only models of this family. */
  readonly family?: string
  /** 0…2; the provider's own unless given. */
  readonly temperature?: number
  readonly signal?: AbortSignal
}

/** Whose model did it. */
export interface ByModel {
  readonly model: string
  readonly family: string
}

export interface GivenReview extends ByModel {
  /** The best first. One that the model left out is not in it. */
  readonly ranking: Ranking
}

/**
 * Failures of every step: those of `ModelRouter.ask`; MODEL_REFUSED where a model refuses in the form that was asked for; MODEL_ABSTAINED
 * where it says that it does not know; REQUEST_INVALID where there is nothing to review.
 */
export interface Reasoner {
  answer(input: AnswerInput, call: ReasonerCall): Promise<Result<GivenAnswer, Failure>>
  review(input: ReviewInput, call: ReasonerCall): Promise<Result<GivenReview, Failure>>
  revise(input: ReviseInput, call: ReasonerCall): Promise<Result<GivenAnswer, Failure>>
  write(input: WriteInput, call: ReasonerCall): Promise<Result<WrittenText & ByModel, Failure>>
  validate(input: ValidateInput, call: ReasonerCall): Promise<Result<Validation & ByModel, Failure>>
}

export interface ReasonerDeps {
  readonly router: Pick<ModelRouter, 'ask'>
  /** Tokens that a reply may take, default `REPLY_TOKENS`. */
  readonly replyTokens?: number
}

export function createReasoner({ router, replyTokens = REPLY_TOKENS }: ReasonerDeps): Reasoner {
  const ask = <T>(
    { request, structure }: Prompt<T>,
    call: ReasonerCall,
  ): Promise<Result<ModelAnswer<T>, Failure>> => {
    const { task, asker, timeoutMs, model, family, temperature, signal } = call
    return router.ask(temperature === undefined ? request : { ...request, temperature }, {
      task,
      asker,
      timeoutMs,
      structure,
      ...(model !== undefined && { only: model }),
      ...(family !== undefined && { family }),
      ...(signal && { signal }),
    })
  }

  const askForAnswer = async (
    prompt: Prompt<AnswerReply>,
    { memories }: Recollected,
    responds: readonly Digest[],
    call: ReasonerCall,
  ): Promise<Result<GivenAnswer, Failure>> => {
    const found = await ask(prompt, call)
    if (!found.ok) return found
    const { model, family, value } = found.value
    if (value.kind === 'answered') return ok(toGivenAnswer(value, { model, family, memories, responds }))
    return err(
      value.kind === 'refused'
        ? failure('MODEL_REFUSED', 'the model refused in its answer')
        : failure('MODEL_ABSTAINED', 'the model says that it does not know'),
    )
  }

  return {
    answer: (input, call) => askForAnswer(answerPrompt(input, replyTokens), input.recollected, [], call),
    async review(input, call) {
      const prompt = reviewPrompt(input, replyTokens)
      if (!prompt) return err(failure('REQUEST_INVALID', 'nobody else has answered'))
      const found = await ask(prompt, call)
      return found.ok ? ok({ ...by(found.value), ranking: found.value.value }) : found
    },
    revise(input, call) {
      const prompt = revisePrompt(input, replyTokens)
      return askForAnswer(prompt, input.recollected, prompt.shown, call)
    },
    async write(input, call) {
      const found = await ask(writePrompt(input, replyTokens), call)
      if (!found.ok) return found
      const written = found.value.value
      if (written === null) return err(failure('MODEL_REFUSED', 'the model refused in its text'))
      return ok({ ...by(found.value), ...written })
    },
    async validate(input, call) {
      const found = await ask(validatePrompt(input, replyTokens), call)
      return found.ok ? ok({ ...by(found.value), ...found.value.value }) : found
    },
  }
}

const by = ({ model, family }: ModelAnswer<unknown>): ByModel => ({
  model: named(model),
  family: named(family),
})
