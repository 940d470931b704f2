/** The ablation says the same for the same seeds, and a mechanism that does nothing turns its bar red. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MECHANISMS, SWITCHES } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import { ablationBars } from '../../../../src/sim/eval/ablation-bars.ts'
import { ablationReport } from '../../../../src/sim/eval/ablation-report.ts'
import { ablateSeed } from '../../../../src/sim/eval/ablation-run.ts'

const SIZES = { tasks: 40, questions: 150, scored: 50 }
/** For what has to be seen in any size. */
const FEW = { tasks: 5, questions: 50, scored: 20 }
const SEEDS = [1, 2, 3, 4, 5, 6]
const figures = SEEDS.map((seed) => ablateSeed(seed, SIZES))

test('the same seed gives the same figures, alone or among others', () => {
  const few = [1, 2].map((seed) => ablateSeed(seed, FEW))
  assert.deepEqual(ablateSeed(2, FEW), few[1])
})

test('what is on by default meets its line also in few seeds', () => {
  const failing = ablationBars(figures).filter(({ about, isMet }) => SWITCHES[about] && !isMet)
  assert.deepEqual(failing, [])
})

describe('a mechanism that is replaced by one that does nothing', () => {
  const idle = SEEDS.map((seed) => ablateSeed(seed, FEW, new Set(MECHANISMS)))
  const bars = ablationBars(idle)
  for (const mechanism of MECHANISMS)
    test(`turns a bar of ${mechanism} red`, () => {
      assert.ok(bars.some(({ about, isMet }) => about === mechanism && !isMet))
    })
  test('makes no difference in any arm', () => {
    for (const { annealing, superposition, interference, planted, elsewhere, decoherence } of idle)
      for (const { on, off } of [
        ...Object.values(annealing),
        ...Object.values(superposition),
        ...Object.values(interference),
        ...Object.values(planted),
        ...Object.values(elsewhere),
        decoherence,
      ])
        assert.deepEqual(on, off)
  })
})

test('the report has bars for every mechanism, all pairs, and is ok only while nothing is on that fails', () => {
  const report = ablationReport({ command: 'spore eval ablation', seeds: SEEDS, sizes: SIZES, figures })
  for (const mechanism of MECHANISMS) assert.ok(report.bars.some(({ about }) => about === mechanism))
  assert.equal(report.tables.find(({ title }) => title.startsWith('Pairs'))?.rows.length, 15)
  assert.equal(report.ok, true)
  const idle = SEEDS.map((seed) => ablateSeed(seed, FEW, new Set(['superposition'])))
  assert.equal(ablationReport({ command: '', seeds: SEEDS, sizes: SIZES, figures: idle }).ok, false)
})
