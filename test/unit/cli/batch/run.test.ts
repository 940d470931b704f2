/** The runner of a batch on a real spore whose tasks take their time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../../../src/cli/batch/answers.ts'
import type { QuestionLine } from '../../../../src/cli/batch/questions.ts'
import { type BatchOptions, runBatch } from '../../../../src/cli/batch/run.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import type { Spore } from '../../../../src/core/spore.ts'
import { holdTasks } from '../../../support/held-tasks.ts'
import { openSpore } from '../../http/support.ts'

async function* lines(texts: readonly string[]): AsyncGenerator<QuestionLine> {
  for (const [index, task] of texts.entries()) {
    const number = index + 1
    if (task === '') yield { number, question: null, problem: failure('BODY_MALFORMED', 'no JSON') }
    else yield { number, question: { id: number, input: { task } }, problem: null }
  }
}

function record(answered: readonly number[] = []) {
  const answers: Answer[] = []
  const problems: [number, string][] = []
  const file = {
    take: ({ id }: { id: string | number }) => answered.includes(id as number),
    append: async (answer: Answer) => void answers.push(answer),
  }
  const options: BatchOptions = {
    parallel: 3,
    timeoutMs: null,
    signal: new AbortController().signal,
    onLine: () => {},
    onProblem: (line, { code }) => void problems.push([line, code]),
  }
  return { answers, problems, file, options }
}

const questions = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `what is the heron ${i}?`)

test('no more questions are asked at a time than may be, and each is answered once', async () => {
  await using real = await openSpore()
  const held = holdTasks(real, { endsAfterMs: 5 })
  let [now, most] = [0, 0]
  const spore: Spore = {
    ...held.spore,
    async submitTask(input) {
      most = Math.max(most, ++now)
      return held.spore.submitTask(input)
    },
  }
  const { answers, problems, file, options } = record([2, 5])
  const append = async (answer: Answer) => {
    now--
    await file.append(answer)
  }
  const report = await runBatch(lines(questions(20)), spore, { ...file, append }, options)
  assert.deepEqual(report, { answered: 18, failed: 18, skipped: 2, problems: 0 })
  assert.deepEqual([most, problems], [3, []])
  assert.deepEqual(
    answers.map(({ id }) => id).sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 20 }, (_, i) => i + 1).filter((id) => id !== 2 && id !== 5),
  )
})

test('a bad line, a refused question and one that takes too long do not stop the others', async () => {
  await using real = await openSpore()
  const held = holdTasks(real)
  const { answers, problems, file, options } = record()
  const spore: Spore = {
    ...held.spore,
    submitTask: (input) => (input.task === 'slow' ? held.spore : real).submitTask(input),
  }
  const report = await runBatch(lines(['', ' ', 'slow', 'quick']), spore, file, { ...options, timeoutMs: 50 })
  assert.deepEqual(problems.sort(), [
    [1, 'BODY_MALFORMED'],
    [2, 'TEXT_EMPTY'],
    [3, 'TASK_OPEN'],
  ])
  assert.deepEqual([report.answered, report.problems, answers[0]?.task], [1, 3, 'quick'])
})

test('a question for which there is no room is put again until there is', async () => {
  await using real = await openSpore()
  const { answers, problems, file, options } = record()
  let refusals = 2
  const spore: Spore = {
    ...real,
    submitTask: async (input) =>
      refusals-- > 0 ? { ok: false, error: failure('TASK_FULL', 'too many') } : real.submitTask(input),
  }
  await runBatch(lines(questions(1)), spore, file, options)
  assert.deepEqual([answers.length, problems], [1, []])
})

test('what every question would meet ends the batch, and what was answered stays', async () => {
  await using real = await openSpore()
  const { answers, file, options } = record()
  let asked = 0
  const spore: Spore = {
    ...real,
    submitTask: async (input) =>
      ++asked > 4 ? { ok: false, error: failure('TOKEN_INVALID', 'withdrawn') } : real.submitTask(input),
  }
  await assert.rejects(runBatch(lines(questions(50)), spore, file, options), { code: 'TOKEN_INVALID' })
  // Those that were under way are given up; they are asked again by the next run.
  assert.ok(answers.length >= 2 && answers.length <= 4, String(answers.length))
  assert.ok(asked < 10)
})

test('whoever stops it leaves the tasks open and gets a report', async () => {
  await using real = await openSpore()
  const held = holdTasks(real)
  const stop = new AbortController()
  const { answers, problems, file, options } = record()
  const run = runBatch(lines(questions(9)), held.spore, file, { ...options, signal: stop.signal })
  await held.streams(3)
  stop.abort()
  assert.deepEqual(await run, { answered: 0, failed: 0, skipped: 0, problems: 0 })
  assert.deepEqual([answers, problems], [[], []])
  const page = await real.tasks({ limit: 100 })
  assert.ok(page.ok && page.value.total === 3)
})
