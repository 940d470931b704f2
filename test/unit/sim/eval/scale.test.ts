/** `eval scale`: the same spores at every size, a swarm that settles, and figures that a second run gives again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { aggregateScale } from '../../../../src/sim/eval/scale-aggregate.ts'
import { scaleReport } from '../../../../src/sim/eval/scale-report.ts'
import { runScaleSwarm } from '../../../../src/sim/eval/scale-swarm.ts'
import {
  createScaleWorld,
  FAMILIES,
  questionNumber,
  questionText,
} from '../../../../src/sim/eval/scale-world.ts'

const params = createAggregationParams()
const goesOn = async (): Promise<boolean> => true
const OPTIONS = { tasks: 2, effort: 'quick', questions: 30, scored: 10, waitsFor: 3, real: 3 } as const

test('a spore answers the same, however many others there are, and as often right as its family', () => {
  const [small, large] = [createScaleWorld(1, 3), createScaleWorld(1, 200)]
  const questions = 400
  let right = 0
  let expected = 0
  for (let n = 0; n < questions; n++) {
    for (let place = 0; place < 3; place++) assert.deepEqual(small.answer(place, n), large.answer(place, n))
    for (let place = 0; place < 200; place++) if (large.answer(place, n).choice === large.truth(n)) right++
  }
  for (const { accuracy } of large.spores) expected += accuracy
  assert.ok(Math.abs(right / questions / 200 - expected / 200) < 0.04, String(right / questions / 200))
  assert.ok(large.spores.every(({ accuracy }) => FAMILIES.includes(accuracy)))
  assert.equal(questionNumber(`rules\n> ${questionText(17)}\n`), 17)
})

test('a swarm settles, everybody has the answer, and it cost as many calls as there are spores', async (t) => {
  t.diagnostic('seed 1')
  const run = await runScaleSwarm(createScaleWorld(1, 3), { seed: 1, tasks: 2, effort: 'quick' }, goesOn)
  assert.equal(run?.tasks.length, 2)
  assert.ok((run?.idleBytes ?? 0) > 0)
  for (const task of run?.tasks ?? []) {
    assert.deepEqual([task.participants, task.calls], [3, 3])
    assert.ok(task.bytes > 0 && task.settleMs > 0 && task.everywhereMs >= task.settleMs)
  }
  const again = await runScaleSwarm(createScaleWorld(1, 3), { seed: 1, tasks: 2, effort: 'quick' }, goesOn)
  assert.deepEqual(again, run)
})

test('one spore alone is right as often in the swarm as its model is', async () => {
  const world = createScaleWorld(2, 1)
  const run = await runScaleSwarm(world, { seed: 2, tasks: 8, effort: 'quick' }, goesOn)
  assert.deepEqual(
    run?.tasks.map(({ isRight }) => isRight),
    Array.from({ length: 8 }, (_, n) => world.answer(0, n).choice === world.truth(n)),
  )
})

test('the few answers that are waited for make a worse answer than all of them, which beat the best spore', () => {
  const { first, all, best } = aggregateScale(
    createScaleWorld(1, 100),
    { questions: 200, scored: 0, waitsFor: 3 },
    params,
  )
  assert.ok(all > first + 0.1, `${all}, first ${first}`)
  assert.ok(all > best, `${all}, best ${best}`)
})

test('the report has a row a size, says which of them were simulated, and is the same twice', async () => {
  const report = async () => {
    const results = []
    for (const size of [1, 3, 20]) {
      const world = createScaleWorld(1, size)
      const run = size <= OPTIONS.real ? await runScaleSwarm(world, { seed: 1, ...OPTIONS }, goesOn) : null
      results.push({ size, runs: run ? [run] : [], accuracies: [aggregateScale(world, OPTIONS, params)] })
    }
    return scaleReport({
      command: 'spore eval scale',
      seeds: [1],
      options: { ...OPTIONS, sizes: [1, 3, 20] },
      results,
    })
  }
  const first = await report()
  assert.deepEqual(
    first.tables.map(({ rows }) => rows.map(([size]) => size)),
    [
      [1, 3],
      [1, 3, 20],
    ],
  )
  assert.match(first.notes[0] ?? '', /^Up to 3 spores are whole ones/)
  assert.equal(JSON.stringify(await report()), JSON.stringify(first))
})

test('it ends between two tasks once it is told to', async () => {
  const world = createScaleWorld(1, 1)
  assert.equal(await runScaleSwarm(world, { seed: 1, tasks: 5, effort: 'quick' }, async () => false), null)
})

test('a report in which no federation was simulated says so, and has no figures of any', () => {
  const results = [
    { size: 5, runs: [], accuracies: [aggregateScale(createScaleWorld(1, 5), OPTIONS, params)] },
  ]
  const options = { ...OPTIONS, real: 0, sizes: [5] }
  const { tables, plots, notes } = scaleReport({ command: 'spore eval scale', seeds: [1], options, results })
  assert.deepEqual([tables.length, plots.length], [1, 1])
  assert.match(notes[0] ?? '', /^No federation was simulated/)
})
