/** Asks many questions, some at a time, and writes each answer as it comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from '../../core/base/result.ts'
import type { TaskAccepted } from '../../core/protocol/api.ts'
import { type ErrorCode, type Failure, failure, SporeError } from '../../core/protocol/errors.ts'
import type { SporeAccess } from '../access.ts'
import { awaitTask } from '../await-task.ts'
import { type AnswersFile, toAnswer } from './answers.ts'
import type { Question, QuestionLine } from './questions.ts'

/** Questions that are asked at a time: each holds an event stream of a running spore, of which it has 64. */
export const PARALLEL_DEFAULT = 4
export const PARALLEL_MAX = 32
/** Milliseconds before a question that found no room is put again; doubled each time, up to the most. */
const PAUSE_MS = 250
const PAUSE_MAX_MS = 5000
/** Times that a question is put while there is no room for it: about ten minutes. */
const TRIES_MAX = 120
/** Times in a row that a spore does not answer before it counts as gone: about 8 s. */
const SILENCES_MAX = 6

/** Failures of a question that are over once other questions are answered. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['OVERLOADED', 'TASK_FULL'])
/** Failures that every other question would have, too. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'SPORE_UNREACHABLE',
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'HOST_NOT_ALLOWED',
  'STORE_WRITE_FAILED',
])

export type BatchAccess = Pick<SporeAccess, 'submitTask' | 'task' | 'taskEvents'>

export interface BatchOptions {
  readonly parallel: number
  /** How long one question is waited for; null for as long as it was given. */
  readonly timeoutMs: number | null
  readonly signal: AbortSignal
  /** Called when a line is done, however it is. */
  readonly onLine: (report: BatchReport) => void
  /** Called for each line that has no answer line, with the reason. */
  readonly onProblem: (line: number, problem: Failure) => void
}

/** Lines by what became of them. */
export interface BatchReport {
  /** Answered now; and those among them without an answer: failed or cancelled. */
  answered: number
  failed: number
  /** Answered by an earlier run. */
  skipped: number
  /** Not answered: the line is wrong, was refused, or took too long. */
  problems: number
}

/** Resolves when all lines are done or `signal` aborts. Throws the `SporeError` of a failure that every line would have. */
export async function runBatch(
  lines: AsyncIterable<QuestionLine>,
  access: BatchAccess,
  answers: Pick<AnswersFile, 'take' | 'append'>,
  options: BatchOptions,
): Promise<BatchReport> {
  const report: BatchReport = { answered: 0, failed: 0, skipped: 0, problems: 0 }
  const broken = new AbortController()
  const signal = AbortSignal.any([options.signal, broken.signal])
  const running = new Set<Promise<void>>()
  const refuse = (number: number, problem: Failure): void => {
    report.problems++
    options.onProblem(number, problem)
  }

  const answer = async (number: number, question: Question): Promise<void> => {
    const outcome = await ask(question, access, { ...options, signal })
    if (outcome === null) return
    if (!outcome.ok) return refuse(number, outcome.error)
    await answers.append(toAnswer(question, outcome.value))
    report.answered++
    if (outcome.value.status !== 'converged') report.failed++
  }
  const start = (number: number, question: Question): void => {
    const one = answer(number, question)
      .then(() => options.onLine(report))
      .catch((error) => broken.abort(error))
      .finally(() => running.delete(one))
    running.add(one)
  }

  for await (const { number, question, problem } of lines) {
    if (signal.aborted) break
    if (problem) refuse(number, problem)
    else if (answers.take(question)) report.skipped++
    else {
      while (running.size >= options.parallel) await Promise.race(running)
      if (signal.aborted) break
      start(number, question)
      continue
    }
    options.onLine(report)
  }
  await Promise.all(running)
  if (broken.signal.aborted) throw broken.signal.reason
  return report
}

type Asking = Pick<BatchOptions, 'timeoutMs' | 'signal'>

/** The task once it is over, or why the line has no answer; null where `signal` aborts. Throws what every line would meet. */
async function ask(question: Question, access: BatchAccess, { timeoutMs, signal }: Asking) {
  const accepted = await submit(question, access, signal)
  if (accepted === null) return null
  if (!accepted.ok) {
    if (FATAL.has(accepted.error.code)) throw new SporeError(accepted.error.code, accepted.error.detail)
    return accepted
  }
  try {
    return {
      ok: true as const,
      value: await awaitTask(access, accepted.value.task_id, { timeoutMs, signal }),
    }
  } catch (error) {
    if (signal.aborted) return null
    if (!(error instanceof SporeError) || FATAL.has(error.code)) throw error
    return { ok: false as const, error: failure(error.code, error.message) }
  }
}

/** Puts a question until there is room for it. The same question is the same task, so one that got lost may be put again. */
async function submit(
  { input }: Question,
  access: BatchAccess,
  signal: AbortSignal,
): Promise<Result<TaskAccepted, Failure> | null> {
  let silences = 0
  let pauseMs = PAUSE_MS
  for (let tries = 1; !signal.aborted; tries++) {
    const accepted = await access.submitTask(input)
    if (signal.aborted && !accepted.ok) return null
    const isSilent = !accepted.ok && accepted.error.code === 'SPORE_UNREACHABLE' && input.fresh !== true
    silences = isSilent ? silences + 1 : 0
    const isPassing = !accepted.ok && (PASSING.has(accepted.error.code) || isSilent)
    if (!isPassing || silences >= SILENCES_MAX || tries >= TRIES_MAX) return accepted
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
    pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)
  }
  return null
}
