/** `spore ask --file`: each line of a file is a question, each answer a line of another file. */
import { stat } from 'node:fs/promises'
import type { Failure } from '../core/protocol/errors.ts'
import { openAccess } from './access.ts'
import { openAnswers } from './batch/answers.ts'
import { countLines, readQuestions } from './batch/questions.ts'
import { type BatchReport, PARALLEL_DEFAULT, runBatch } from './batch/run.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { createProgress } from './progress.ts'
import { toTaskFields } from './task-options.ts'
import { oneLine, toJsonLine } from './terminal-text.ts'

export interface FilePaths {
  readonly file: string
  readonly out: string
}

/** Ends with the exit code of failure where a line has no answer line, or where it was stopped. */
export async function askFile(context: CommandContext, { file, out }: FilePaths): Promise<ExitCode> {
  const { options, output, signal } = context
  const defaults = toTaskFields(options)
  await checkPaths(file, out)
  await using access = await openAccess(context.load(), signal)
  // A spore that goes in between is waited for; one that is not there is no matter of time.
  unwrap(await access.health())
  await using answers = await openAnswers(out).catch((error: NodeJS.ErrnoException) => {
    throw error.code === undefined
      ? error
      : new UsageError(`--out: "${out}" cannot be written (${error.code})`)
  })
  using progress = createProgress(context, await countLines(file))
  const rate = createRate()
  const report = await runBatch(readQuestions(file, defaults), access, answers, {
    parallel: (options.parallel as number | undefined) ?? PARALLEL_DEFAULT,
    timeoutMs: options.timeout === undefined ? null : (options.timeout as number) * 1000,
    signal,
    onLine: (so) =>
      progress.update(so.answered + so.skipped + so.problems, describeSoFar(so, rate(so.answered))),
    onProblem: (line, problem) => progress.note(describeProblem(line, problem, output.json)),
  })
  progress[Symbol.dispose]()
  const result = { out, ...report, stopped: signal.aborted }
  output.result(describeReport(result), result)
  return report.problems > 0 || signal.aborted ? EXIT.failure : EXIT.ok
}

async function checkPaths(file: string, out: string): Promise<void> {
  const from = await stat(file).catch(() => null)
  if (!from?.isFile()) throw new UsageError(`there is no file "${file}"`)
  const to = await stat(out).catch(() => null)
  if (to && !to.isFile()) throw new UsageError(`--out: "${out}" is no file`)
  if (to && to.ino === from.ino && to.dev === from.dev)
    throw new UsageError('--out must be another file than --file: the answers would be read as questions')
}

function describeProblem(line: number, { code, detail }: Failure, isJson: boolean): string {
  return isJson ? toJsonLine({ line, code, detail }) : `line ${line}: ${oneLine(detail, 200)} [${code}]`
}

const describeSoFar = ({ failed, problems }: BatchReport, rate: string): string =>
  [
    rate,
    ...(failed > 0 ? [`${failed} without an answer`] : []),
    ...(problems > 0 ? [`${problems} bad`] : []),
  ].join(', ')

function describeReport(report: BatchReport & { readonly out: string; readonly stopped: boolean }): string {
  const { answered, failed, skipped, problems, out, stopped } = report
  const counts = [
    `${answered} done${failed > 0 ? ` (${failed} without an answer)` : ''}`,
    ...(skipped > 0 ? [`${skipped} done before`] : []),
    ...(problems > 0 ? [`${problems} not asked or not answered in time`] : []),
  ]
  const end = stopped ? '\nstopped: the same command goes on where this one ended' : ''
  return `${counts.join(', ')}  (${oneLine(out, 200)})${end}`
}

/** Answers a second since the start, for a person to see that it goes on. */
function createRate(): (answered: number) => string {
  const startedAt = performance.now()
  return (answered) => `${((answered * 1000) / Math.max(1, performance.now() - startedAt)).toFixed(1)}/s`
}
