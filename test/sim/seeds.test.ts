/**
 * The simulator on a few seeds of every scenario. `npm run sim` runs hundreds; a seed that failed there and was mended stays
 * in REGRESSIONS.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../src/adapters/compression.ts'
import { type ScenarioName, TURN_NAMES } from '../../src/sim/plan.ts'
import { replayCommand, runSeed, type SimReport } from '../../src/sim/run.ts'

const STEPS = 2000
/** Of each scenario; eight scenarios. */
const SEEDS_EACH = 2
/** Of tasks, whose worlds are as many as all others' together; and their events. */
const TASK_SEEDS = 8
const TASK_STEPS = 600

/** Seeds that once failed, and why. */
const REGRESSIONS: readonly (readonly [scenario: ScenarioName, seed: number, why: string])[] = [
  ['S2', 2, 'a memory that was remembered in the commit that retracted it was lost'],
]

const run = (scenario: ScenarioName, seed: number, steps = STEPS): Promise<SimReport> =>
  runSeed({ scenario, seed, steps, compression: zlibCompression })

function assertSound(report: SimReport): void {
  assert.deepEqual(report.violations, [], replayCommand(report, STEPS))
  assert.notEqual(report.rounds, null)
  assert.ok(report.steps >= STEPS)
}

for (const scenario of TURN_NAMES)
  describe(`scenario ${scenario}`, () => {
    for (let seed = 1; seed <= SEEDS_EACH; seed++)
      test(`seed ${seed}: nothing that must hold breaks, and all agree in the end`, async () =>
        assertSound(await run(scenario, seed)))
  })

describe('scenario tasks', () => {
  for (let seed = 1; seed <= TASK_SEEDS; seed++)
    test(`seed ${seed}: every task ends, and all honest spores agree on its answer`, async () => {
      const report = await run('tasks', seed, TASK_STEPS)
      assert.deepEqual(report.violations, [], replayCommand(report, TASK_STEPS))
      assert.notEqual(report.rounds, null)
    })

  test('a seed gives the same trace each time', async () => {
    const once = await run('tasks', 3, 300)
    assert.deepEqual(await run('tasks', 3, 300), once)
  })
})

describe('regressions', () => {
  for (const [scenario, seed, why] of REGRESSIONS)
    test(`${scenario} seed ${seed}: ${why}`, async () => assertSound(await run(scenario, seed)))
})

describe('a seed', () => {
  test('gives the same trace each time, beside other worlds too', async () => {
    const alone = await run('mix', 11, 800)
    const [again, other] = await Promise.all([run('mix', 11, 800), run('mix', 12, 800)])
    assert.deepEqual(again, alone)
    assert.notEqual(other.traceHash, alone.traceHash)
  })
})
