/** Finished tasks like a question: those that may be read, of the newest, at a cost that does not grow with all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createSimilarTasks,
  type FinishedTask,
  SIMILAR_CHARS_MAX,
  SIMILAR_MAX,
  SIMILAR_WINDOW,
} from '../../../../src/core/reasoning/similar-tasks.ts'
import { COMMONS, digestFrom, PRIVATE } from './fixtures-prompts.ts'

const task = (text: string, changes: Partial<FinishedTask> = {}): FinishedTask => ({
  id: digestFrom(text),
  space: COMMONS,
  text,
  answer: 'an answer',
  verdict: null,
  ...changes,
})
const ALL = new Set([COMMONS, PRIVATE])
const textsOf = (found: readonly { readonly text: string }[]) => found.map(({ text }) => text)

test('the most alike come first, by stems, and what is about something else does not come', () => {
  const index = createSimilarTasks()
  index.add(task('Which city is the capital of Sweden?'))
  index.add(task('What are the capitals of Norway?'))
  index.add(task('How do I bake bread?'))
  index.add(task('What is the capital of Norway today?'))
  const found = textsOf(index.query('What is the capital of Norway?', ALL))
  assert.equal(found[0], 'What are the capitals of Norway?')
  assert.equal(found[1], 'What is the capital of Norway today?')
  assert.ok(!found.includes('How do I bake bread?'))
  assert.deepEqual(index.query('the of and?', ALL), [])
  assert.deepEqual(index.query('', ALL), [])
})

test('what may not be read has no part in it, not even in the order', () => {
  const index = createSimilarTasks()
  index.add(task('How high is the tower of Pisa?'))
  index.add(task('How old is the tower of London?'))
  const asked = 'How high and how old is the tower?'
  const before = index.query(asked, new Set([COMMONS]))
  for (let i = 0; i < 50; i++) index.add(task(`How high is tower ${i}?`, { space: PRIVATE }))
  assert.deepEqual(index.query(asked, new Set([COMMONS])), before)
  assert.notDeepEqual(index.query(asked, ALL), before)
  assert.deepEqual(index.query(asked, new Set()), [])
})

test('so many are found at most, the same whatever the order in which they came', () => {
  const tasks = Array.from({ length: 20 }, (_, i) => task(`What is the capital of country ${i}?`))
  const found = [tasks, [...tasks].reverse()].map((list) => {
    const index = createSimilarTasks()
    for (const one of list) index.add(one)
    return index.query('What is the capital of a country?', ALL)
  })
  assert.equal(found[0]?.length, SIMILAR_MAX)
  assert.deepEqual(found[0], found[1])
})

test('with one more than the window the oldest is gone, with its stems', () => {
  const index = createSimilarTasks()
  for (let i = 0; i < SIMILAR_WINDOW; i++) index.add(task(`Where is the zebra${i} crossing?`))
  assert.equal(index.query('zebra0', ALL).length, 1)
  index.add(task('One more question about a lion'))
  assert.equal(index.count, SIMILAR_WINDOW)
  assert.equal(index.query('zebra0', ALL).length, 0)
  assert.equal(index.query('zebra1 crossing', ALL).length > 0, true)
})

test('a task that is taken in again is the newest', () => {
  const index = createSimilarTasks({ window: 2 })
  for (const text of ['Where is Oslo?', 'Where is Bergen?', 'Where is Oslo?', 'Where is Rome?'])
    index.add(task(text))
  const isThere = (text: string) => index.query(text, ALL).some((found) => found.text === text)
  assert.deepEqual(['Where is Oslo?', 'Where is Bergen?'].map(isThere), [true, false])
})

test('a task that is taken in again says what it says now, and one that is removed nothing', () => {
  const index = createSimilarTasks()
  index.add(task('Where is Oslo?', { answer: 'Sweden' }))
  index.add(task('Where is Oslo?', { answer: 'Norway', verdict: 'corrected' }))
  assert.deepEqual(index.query('Where is Oslo?', ALL), [
    { text: 'Where is Oslo?', answer: 'Norway', verdict: 'corrected' },
  ])
  index.remove(digestFrom('Where is Oslo?'))
  index.remove(digestFrom('unknown'))
  assert.deepEqual([index.count, index.query('Where is Oslo?', ALL)], [0, []])
})

test('long texts are kept up to a bound', () => {
  const index = createSimilarTasks()
  index.add(task(`Oslo ${'x'.repeat(8000)}`, { answer: 'y'.repeat(16_384) }))
  const [found] = index.query('Oslo', ALL)
  assert.deepEqual([found?.text.length, found?.answer.length], [SIMILAR_CHARS_MAX, SIMILAR_CHARS_MAX])
})
