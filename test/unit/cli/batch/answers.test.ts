import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, openAnswers, toAnswer } from '../../../../src/cli/batch/answers.ts'
import { UsageError } from '../../../../src/cli/exit.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { settlement, task } from '../../../support/task-samples.ts'

const question = (id: string | number, text: string) => ({ id, input: { task: text } })
const answer = (id: string | number, text: string): Answer => toAnswer(question(id, text), task())
const line = (id: string | number, text: string): string => `${JSON.stringify(answer(id, text))}\n`

test('an answer line names its question and how the answer came about', () => {
  const answered = toAnswer(question('a', 'Which city?'), task({ settlement: settlement(), degraded: true }))
  assert.deepEqual(
    [answered.id, answered.task, answered.status, answered.conclusion, answered.margin, answered.degraded],
    ['a', 'Which city?', 'converged', 'Canberra', 0.42, true],
  )
  assert.deepEqual(answered.sources, [task().sources[0]?.id])
  const failed = toAnswer(question(3, 'x'), task({ status: 'failed', answer: null, reason: 'nobody knows' }))
  assert.deepEqual([failed.answer, failed.reason, failed.conclusion], [null, 'nobody knows', null])
})

test('a question is taken as often as it was answered, by its id and its text', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'out')
  writeFileSync(path, line('a', 'one') + line('a', 'one') + line(2, 'two'))
  await using answers = await openAnswers(path)
  const taken = [
    ...['one', 'one', 'one', 'other'].map((text) => answers.take(question('a', text))),
    answers.take(question('2', 'two')),
    answers.take(question(2, 'two')),
  ]
  assert.deepEqual(taken, [true, true, false, false, false, true])
})

test('wherever the last line is torn, the whole ones stay and the next answer stands alone', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'out')
  const [whole, last] = [line('a', 'one'), line('b', 'zwei 🙂')]
  const bytes = Buffer.from(last)
  for (let length = 0; length <= bytes.length; length++) {
    writeFileSync(path, Buffer.concat([Buffer.from(whole), bytes.subarray(0, length)]))
    const isWhole = length >= bytes.length - 1
    {
      await using answers = await openAnswers(path)
      assert.equal(answers.take(question('a', 'one')), true)
      assert.equal(answers.take(question('b', 'zwei 🙂')), isWhole, `${length} bytes`)
      await answers.append(answer('c', 'three'))
    }
    assert.equal(
      readFileSync(path, 'utf8'),
      whole + (isWhole ? last : '') + line('c', 'three'),
      `${length} bytes`,
    )
  }
})

test('what is no file of answers is refused and left as it is', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'out')
  for (const content of [
    '"a question"\n',
    '{"task":"one?"}\n',
    `${line('a', 'one')}notes\n`,
    'half a note',
    '\0\0',
  ]) {
    writeFileSync(path, content)
    await assert.rejects(openAnswers(path), UsageError)
    assert.equal(readFileSync(path, 'utf8'), content)
  }
})

test('answers that come together share writes, and each is in the file when it is acknowledged', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'out')
  await using answers = await openAnswers(path)
  assert.ok(existsSync(path))
  await Promise.all(
    Array.from({ length: 200 }, async (_, place) => {
      const text = 'x'.repeat(place)
      await answers.append(answer(place, text))
      assert.ok(readFileSync(path, 'utf8').includes(line(place, text)))
    }),
  )
  const ids = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text).id as number)
  assert.deepEqual(
    ids.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, place) => place),
  )
})
