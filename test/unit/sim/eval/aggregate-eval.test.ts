/** The offline evaluation: honest learning, an oracle that nobody beats, replay from a seed, bars that can fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { barsOf } from '../../../../src/sim/eval/aggregate-bars.ts'
import {
  evaluateSeed,
  METHOD_NAMES,
  summarizeWorld,
  type WorldResult,
} from '../../../../src/sim/eval/aggregate-eval.ts'
import { drawQuestion, type Reasoner, WORLDS, type World } from '../../../../src/sim/eval/reasoners.ts'
import { createRandom } from '../../../../src/sim/random.ts'

const params = createAggregationParams()
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1)
const SIZES = { questions: 300, scored: 50 }
const run = (world: World, sizes = SIZES, seeds = SEEDS): WorldResult =>
  summarizeWorld(
    world,
    seeds.map((seed) => evaluateSeed(world, sizes, seed, params)),
  )
const results = WORLDS.map((world) => run(world))
const named = (name: string): World => WORLDS.find((world) => world.name === name) as World

test('the worlds of the issue are there, and every bar is met on a small run', (t) => {
  t.diagnostic(`seeds ${SEEDS.join(' ')}`)
  assert.deepEqual(
    WORLDS.map(({ name }) => name),
    ['mixed', 'correlated', 'loosely-correlated', 'sybils', 'liars'],
  )
  const bars = barsOf(results)
  assert.deepEqual(
    bars.filter(({ isMet }) => !isMet),
    [],
  )
  assert.deepEqual(
    [...new Set(bars.map(({ about }) => about))],
    WORLDS.map(({ name }) => name),
  )
})

test('nobody beats the oracle by more than chance', () => {
  for (const { world, mean, error } of results)
    for (const method of METHOD_NAMES)
      assert.ok(mean[method] <= mean.oracle + 2 * error.oracle + 0.005, `${method} in ${world}`)
})

test('reasoners are right as often as their world says', () => {
  const questions = 20_000
  for (const world of WORLDS) {
    const random = createRandom(`accuracies ${world.name}`)
    const right = world.reasoners.map(() => 0)
    for (let i = 0; i < questions; i++) {
      const { truth, answers } = drawQuestion(world, random)
      for (const [j, answer] of answers.entries()) if (answer === truth) right[j] = (right[j] ?? 0) + 1
    }
    // Four standard errors of a half.
    for (const [j, { accuracy, name }] of world.reasoners.entries())
      assert.ok(
        Math.abs((right[j] ?? 0) / questions - accuracy) < 2 / Math.sqrt(questions),
        `${name} in ${world.name}`,
      )
  }
})

test('a seed gives the same result alone and among others, another seed another', () => {
  const world = named('mixed')
  assert.deepEqual(run(world, SIZES, [2]).seeds[0], results[0]?.seeds[1])
  assert.notDeepEqual(results[0]?.seeds[0]?.right, results[0]?.seeds[1]?.right)
})

test('nothing is learnt from questions that count: without scored ones, ours is what it is with nothing scored', () => {
  for (const world of WORLDS) {
    const { mean } = run(world, { questions: 200, scored: 0 }, [1, 2])
    assert.equal(mean.aggregate, mean.unscored, world.name)
  }
})

test('weights come from what was scored: who turns round afterwards takes the panel with him', () => {
  // Scored while they were good; what counts shows the opposite. An aggregate that saw truths would stay right.
  const good = named('liars')
  const turned: World = {
    ...good,
    reasoners: good.reasoners.map((one): Reasoner => ({ ...one, kind: 'independent', accuracy: 0.15 })),
  }
  assert.ok(run(turned, SIZES, [1, 2, 3]).mean.aggregate < 0.5)
})

test('bars fail where answers are worse', () => {
  const spoilt = results.map((result) => ({
    ...result,
    mean: { ...result.mean, aggregate: 0.3, unscored: 0.3 },
  }))
  const missed = barsOf(spoilt).filter(({ isMet }) => !isMet)
  assert.deepEqual(
    missed.map(({ about, what }) => `${about}: ${what}`),
    [
      'mixed: at most 1 below plurality',
      'mixed: at most 1 below plurality, nothing scored',
      'mixed: at most 1.5 below the oracle',
      'correlated: at most 1 below plurality',
      'correlated: at most 1 below plurality, nothing scored',
      'correlated: at most 1 below the best single',
      'loosely-correlated: at most 1 below plurality',
      'loosely-correlated: at most 1 below plurality, nothing scored',
      'sybils: at least 90 % right',
      'sybils: at least 90 % right, nothing scored',
      'liars: at most 1 below plurality',
      'liars: at most 1 below plurality, nothing scored',
    ],
  )
})
