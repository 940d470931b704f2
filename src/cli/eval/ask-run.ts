/** Questions put to real models, a few at a time: each family answers each of them alone. */
import { systemClock } from '../../adapters/clock.ts'
import { systemRandom } from '../../adapters/random.ts'
import { fineMs, type Log } from '../../core/base/ports.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import { PER_MILLE } from '../../core/protocol/task-limits.ts'
import type { ModelRoute } from '../../core/reasoning/model-call.ts'
import { ASK_TIMEOUT_MS } from '../../core/reasoning/model-race.ts'
import { createReasoner, type Reasoner } from '../../core/reasoning/reasoner.ts'
import { NOTHING_RECOLLECTED } from '../../core/reasoning/recollection.ts'
import { createModelRouter } from '../../core/reasoning/routing.ts'
import type { AskedQuestion, AskQuestion, FamilyAnswer } from '../../sim/eval/ask-score.ts'
import type { RunLedger } from './ask-ledger.ts'

export interface AskingOptions {
  readonly routes: readonly ModelRoute[]
  readonly families: readonly string[]
  readonly questions: readonly AskQuestion[]
  /** Questions that are asked at a time. */
  readonly atOnce: number
  /** Seconds that an answer waits for a family that is left alone, as after "too many requests". */
  readonly patienceSeconds: number
  readonly signal: AbortSignal
  /** Hears of each question that is through. */
  readonly onAsked: (count: number) => void
}

export interface Asking {
  /** In the order of the file; only those that every family was asked. */
  readonly asked: readonly AskedQuestion[]
  /** Why it ended early; null where it did not. */
  readonly ended: string | null
}

/** Never throws for what a model does: a failure is an answer that nobody gave. */
export async function askAll(options: AskingOptions, ledger: RunLedger, log: Log): Promise<Asking> {
  const { routes, families, questions, atOnce, signal, onAsked } = options
  const router = createModelRouter(routes, { clock: systemClock, random: systemRandom, ledger, log })
  const reasoner = createReasoner({ router })
  const asked: (AskedQuestion | undefined)[] = []
  let next = 0
  let through = 0
  const work = async (): Promise<void> => {
    while (next < questions.length && !signal.aborted && ledger.refusal === null) {
      const at = next++
      const question = questions[at] as AskQuestion
      const answers = await Promise.all(
        families.map((family) => answerOf(reasoner, question, family, options)),
      )
      // What was given up, or refused by the budget, says nothing of a model.
      if (answers.some((answer) => answer === null)) continue
      asked[at] = { question, answers: answers as FamilyAnswer[] }
      onAsked(++through)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  const done = asked.filter((one) => one !== undefined)
  const ended = done.length === questions.length ? null : (ledger.refusal ?? 'it was stopped')
  return { asked: done, ended }
}

/** Null where it was given up, or not paid for. */
async function answerOf(
  reasoner: Reasoner,
  { line, text, choices }: AskQuestion,
  family: string,
  { patienceSeconds, signal }: AskingOptions,
): Promise<FamilyAnswer | null> {
  const question = { text, choices, isForeign: false }
  for (let leftSeconds = patienceSeconds; ; ) {
    const startMs = fineMs(systemClock)
    const found = await reasoner.answer(
      { question, role: 'generalist', recollected: NOTHING_RECOLLECTED },
      { task: `line ${line}`, asker: null, timeoutMs: ASK_TIMEOUT_MS, family, signal },
    )
    const tookMs = fineMs(systemClock) - startMs
    if (found.ok) {
      const { hypotheses, confidence } = found.value
      return {
        outcome: { hypotheses, confidence: confidence === null ? null : confidence / PER_MILLE },
        tookMs,
      }
    }
    const { code, retryAfterSeconds = 0 }: Failure & { readonly retryAfterSeconds?: number } = found.error
    if (signal.aborted || code === 'BUDGET_SPENT') return null
    if (code !== 'MODEL_BUSY' || retryAfterSeconds > leftSeconds)
      return { outcome: { failure: code }, tookMs }
    leftSeconds -= Math.max(1, retryAfterSeconds)
    await systemClock.sleep(retryAfterSeconds * 1000, signal)
    if (leftSeconds < 0) return { outcome: { failure: code }, tookMs }
  }
}
