/** What scored tasks teach, and when one contributor overrules the panel. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { BEST_SINGLE_TASKS_MAX, findBestSingle } from '../../../../src/core/reasoning/best-single.ts'
import {
  COMPARED_AUTHORS_MAX,
  learnTrackRecord,
  type ScoredTask,
} from '../../../../src/core/reasoning/track-record.ts'
import { createRandom } from '../../../../src/sim/random.ts'
import { answer, failed, scored } from './fixtures-aggregate.ts'

const params = createAggregationParams()
const tasks = (count: number, answersOf: (i: number) => Record<string, string>): ScoredTask[] =>
  Array.from({ length: count }, (_, i) => scored(i, answersOf(i)))
const word = (isRight: boolean): string => (isRight ? 'yes' : 'no')

test('nobody is known before anything was scored but who was configured', () => {
  const evidence = learnTrackRecord([], params, (author) => author === 'own')
  assert.equal(evidence.trustOf('own', 'd'), params.startTrust)
  assert.equal(evidence.trustOf('stranger', 'd'), null)
})

test('a record moves from chance towards what was right, a domain at a time', () => {
  const evidence = learnTrackRecord(
    tasks(16, (i) => ({ good: word(i < 12), bad: word(false) })),
    params,
  )
  assert.equal(evidence.trustOf('good', 'd'), (12 + 4 / 2) / (16 + 4))
  assert.equal(evidence.trustOf('bad', 'd'), (0 + 4 / 2) / (16 + 4))
  assert.equal(evidence.trustOf('good', 'other'), null)
})

test('failures are not scored; an answer that is none of the choices is wrong', () => {
  const task = { ...scored(1, {}), contributions: [failed('down', 'HTTP 500'), answer('vague', 'who knows')] }
  const evidence = learnTrackRecord([task], params)
  assert.equal(evidence.trustOf('down', 'd'), null)
  assert.equal(evidence.trustOf('vague', 'd'), (0 + 4 / 2) / (1 + 4))
})

test('a task counts once, and the order of tasks makes no difference', () => {
  const history = tasks(30, (i) => ({ a: word(i % 3 > 0), b: word(i % 3 > 0), c: word(i % 4 > 0) }))
  const read = (list: readonly ScoredTask[]) => {
    const { trustOf, calibrationOf, entanglement } = learnTrackRecord(list, params)
    return ['a', 'b', 'c'].map((x) => [
      trustOf(x, 'd'),
      calibrationOf(x, 'd'),
      entanglement(x, 'a'),
      entanglement('b', x),
    ])
  }
  assert.deepEqual(read([...history.toReversed(), ...history]), read(history))
})

test('who errs together is found out, from both sides', () => {
  const { entanglement } = learnTrackRecord(
    tasks(30, (i) => ({ a: word(i % 3 > 0), b: word(i % 3 > 0), c: word(i % 2 > 0) })),
    params,
  )
  assert.deepEqual([entanglement('a', 'b'), entanglement('b', 'a'), entanglement('a', 'c')], [1, 1, 0])
})

/** An expert, and six who err together on every third task; nothing tells the panel that they do. */
const blind = createAggregationParams({ correlationSigmas: 10, calibrationBins: 1 })
const crowdHistory = (count: number): ScoredTask[] =>
  tasks(count, (i) => ({
    expert: word(i % 20 > 0),
    ...Object.fromEntries(['u', 'v', 'w', 'x', 'y', 'z'].map((name) => [name, word(i % 3 > 0)])),
  }))

test('whoever history shows to be better than the panel overrules it', () => {
  assert.equal(findBestSingle(crowdHistory(60), blind), 'expert')
  assert.equal(findBestSingle(crowdHistory(60).toReversed(), blind), 'expert')
})

test('one task too few shows nothing', () => {
  const least = blind.bestSingleTasksMin
  assert.equal(findBestSingle(crowdHistory(least), blind), 'expert')
  assert.equal(findBestSingle(crowdHistory(least - 1), blind), null)
})

test('nobody overrules a panel that is as good as he is', () => {
  const equals = tasks(60, (i) =>
    Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name, j) => [name, word((i + j * 3) % 5 > 0)])),
  )
  assert.equal(findBestSingle(equals, params), null)
})

test('tasks beyond the bound, those with the lowest ids, are not looked at', () => {
  const old = tasks(BEST_SINGLE_TASKS_MAX, () => ({ expert: 'yes', x: 'no', y: 'no', z: 'no' }))
  const recent = tasks(BEST_SINGLE_TASKS_MAX, () => ({ expert: 'no', x: 'yes', y: 'yes', z: 'yes' })).map(
    (task) => ({ ...task, id: `x-${task.id}` }),
  )
  assert.equal(findBestSingle([...old, ...recent], blind), null)
})

test('a panel is not judged on the tasks that its weights were learnt from', () => {
  // Of 60 who guess, those who were lucky make the panel look perfect in hindsight; on other tasks they drown the expert.
  const random = createRandom('guessers')
  const guesses = tasks(24, (i) => ({
    expert: word(i % 12 > 0),
    ...Object.fromEntries(Array.from({ length: 60 }, (_, j) => [`guesser-${j}`, word(random.chance(0.5))])),
  }))
  assert.equal(findBestSingle(guesses, params), 'expert')
})

test('of authors one more than the bound, the one who answered least is not compared', () => {
  const regular = (count: number) =>
    tasks(12, (i) => ({
      ...Object.fromEntries(Array.from({ length: count }, (_, j) => [`regular-${j}`, 'yes'])),
      a: word(i % 2 > 0),
      ...(i < 10 && { late: word(i % 2 > 0) }),
    }))
  const bound = COMPARED_AUTHORS_MAX
  assert.equal(learnTrackRecord(regular(bound - 2), params).entanglement('a', 'late'), 1)
  assert.equal(learnTrackRecord(regular(bound - 1), params).entanglement('a', 'late'), 0)
})
