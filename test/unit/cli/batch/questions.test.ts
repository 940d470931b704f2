import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  countLines,
  QUESTION_LINE_BYTES_MAX,
  type QuestionLine,
  readQuestions,
} from '../../../../src/cli/batch/questions.ts'
import { TASK_CHARS_MAX } from '../../../../src/core/protocol/limits.ts'
import { temporaryFolder } from '../../../support/folder.ts'

async function read(content: string | Buffer, defaults = {}): Promise<QuestionLine[]> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'questions.jsonl')
  writeFileSync(path, content)
  const lines: QuestionLine[] = []
  for await (const line of readQuestions(path, defaults)) lines.push(line)
  return lines
}

test('a line is a string, or an object with an id and the fields of a question; what it leaves out is given for all', async () => {
  const lines = ['"one?"', '', '{"task":"two?","id":"b","effort":"deep"}\r', '{"task":"three?"}']
  const read_ = await read(`\ufeff${lines.join('\n')}`, { effort: 'quick', space: 'commons' })
  assert.deepEqual(
    read_.map(({ number, question }) => [number, question]),
    [
      [1, { id: 1, input: { effort: 'quick', space: 'commons', task: 'one?' } }],
      [3, { id: 'b', input: { effort: 'deep', space: 'commons', task: 'two?' } }],
      [4, { id: 4, input: { effort: 'quick', space: 'commons', task: 'three?' } }],
    ],
  )
})

test('a bad line says what is wrong with it, and the others are read', async () => {
  const lines: readonly (readonly [string | Buffer, string, RegExp])[] = [
    ['{"task":', 'BODY_MALFORMED', /JSON/],
    ['7', 'REQUEST_INVALID', /./],
    ['[]', 'REQUEST_INVALID', /./],
    ['null', 'REQUEST_INVALID', /./],
    ['{}', 'REQUEST_INVALID', /task/],
    ['{"task":"x","id":7}', 'REQUEST_INVALID', /id/],
    ['{"task":"x","efort":"deep"}', 'REQUEST_INVALID', /efort/],
    ['{"task":"x","choices":["a"]}', 'REQUEST_INVALID', /choices/],
    [JSON.stringify('x'.repeat(TASK_CHARS_MAX + 1)), 'REQUEST_INVALID', /task/],
    [Buffer.from([0x22, 0xff, 0x22]), 'TEXT_ILL_FORMED', /UTF-8/],
    [`"${'x'.repeat(QUESTION_LINE_BYTES_MAX)}"`, 'BODY_TOO_LARGE', /longer/],
  ]
  const content = Buffer.concat([
    ...lines.flatMap(([line]) => [Buffer.from(line as string), Buffer.from('\n')]),
    Buffer.from('"good?"'),
  ])
  const found = await read(content)
  assert.deepEqual(
    found.map(({ number, problem }) => [number, problem?.code ?? null]),
    [...lines.map(([, code], index) => [index + 1, code]), [lines.length + 1, null]],
  )
  for (const [index, [, , detail]] of lines.entries())
    assert.match(found[index]?.problem?.detail ?? '', detail)
})

test('lines are counted for the bar without those that are empty', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'questions.jsonl')
  for (const [content, count] of [
    ['', 0],
    ['\n\n', 0],
    ['a', 1],
    ['a\n', 1],
    ['\na\n\nb', 2],
    ['a\n'.repeat(100_000), 100_000],
  ] as const) {
    writeFileSync(path, content)
    assert.equal(await countLines(path), count)
  }
})
