/**
 * A model that says what a script says, on the clock it is given: the twin of a provider for the simulator and for tests. It keeps
 * to the port's contract, so what holds with it holds with a provider as far as the port tells.
 */
import type { Clock } from '../base/ports.ts'
import { err, ok } from '../base/result.ts'
import { type ErrorCode, failure } from '../protocol/errors.ts'
import type { CallCost, LanguageModel, ModelRequest, ModelUsage } from './language-model.ts'

/** What one call comes to, `delayMs` after it was made. */
export type ScriptedStep = {
  readonly delayMs?: number
} & (
  | {
      readonly text: string
      readonly usage?: ModelUsage | null
      /** Pieces that arrive before the text is whole, in equal steps of the delay. The whole text at the end unless given. */
      readonly pieces?: readonly string[]
    }
  | {
      readonly code: ErrorCode
      readonly cost?: CallCost
      readonly retryAfterSeconds?: number
      /** Pieces that arrive before it fails. */
      readonly pieces?: readonly string[]
    }
)

export interface ScriptedModelOptions {
  readonly name: string
  readonly family?: string
  /** What call number `call` (from 0) comes to. */
  readonly script: (request: ModelRequest, call: number) => ScriptedStep
}

export interface ScriptedModel extends LanguageModel {
  /** Every request that was made of it. */
  readonly requests: readonly ModelRequest[]
  /** Calls that were given up before they ended. */
  readonly cancelled: number
}

export function createScriptedModel(
  { name, family = name, script }: ScriptedModelOptions,
  { clock }: { readonly clock: Pick<Clock, 'sleep'> },
): ScriptedModel {
  const requests: ModelRequest[] = []
  let cancelled = 0

  return {
    name,
    family,
    requests,
    get cancelled() {
      return cancelled
    },
    async generate(request, { timeoutMs, signal, onText }) {
      const step = script(request, requests.push(request) - 1)
      const { delayMs = 0 } = step
      const pieces = step.pieces ?? ('text' in step ? [step.text] : [])
      const stepMs = Math.min(delayMs, timeoutMs) / Math.max(1, pieces.length)
      for (let i = 0; i < Math.max(1, pieces.length); i++) {
        if (stepMs > 0 && !signal?.aborted) await clock.sleep(stepMs, signal)
        if (signal?.aborted) {
          cancelled++
          return err({ ...failure('MODEL_CANCELLED', 'given up'), cost: 'unknown' })
        }
        if (delayMs < timeoutMs && i < pieces.length) onText?.(pieces[i] as string)
      }
      if (delayMs >= timeoutMs)
        return err({ ...failure('MODEL_TIMEOUT', `no answer in ${timeoutMs} ms`), cost: 'unknown' })
      if ('text' in step) return ok({ text: step.text, usage: step.usage ?? null })
      const { code, cost = 'nothing', retryAfterSeconds } = step
      const found = { ...failure(code, 'as scripted'), cost }
      return err(retryAfterSeconds === undefined ? found : { ...found, retryAfterSeconds })
    },
  }
}
