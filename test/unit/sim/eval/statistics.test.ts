/** Means and their intervals, against figures of any table of statistics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cellOf,
  halfWidth,
  meanOf,
  quantileOf,
  shareHalfWidth,
  standardError,
} from '../../../../src/sim/eval/statistics.ts'
import { createRandom } from '../../../../src/sim/random.ts'

const near = (measured: number, expected: number, within = 1e-3): void =>
  assert.ok(Math.abs(measured - expected) <= within, `${measured}, not ${expected}`)

test('the interval of a mean is that of Student', () => {
  near(meanOf([1, 2, 3]), 2)
  near(standardError([1, 2, 3]), 1 / Math.sqrt(3))
  near(halfWidth([1, 2, 3]), 4.303 / Math.sqrt(3))
  assert.deepEqual([halfWidth([]), halfWidth([5])], [0, 0])
  assert.deepEqual(cellOf([0.5, 0.5], 100), { value: 50, plusMinus: 0 })
  // Beyond the table: t of 60 degrees of freedom is 2.000.
  const many = Array.from({ length: 61 }, (_, i) => i)
  near(halfWidth(many) / standardError(many), 2.0, 2e-3)
})

test('it holds the truth in 95 of 100 samples, of few values too', (t) => {
  const random = createRandom('intervals')
  t.diagnostic('seed: intervals')
  const trials = 2000
  let held = 0
  for (let i = 0; i < trials; i++) {
    // Sums of even numbers are nearly normal around 0.
    const values = Array.from({ length: 5 }, () =>
      Array.from({ length: 12 }, () => random.float() - 0.5).reduce((a, b) => a + b),
    )
    if (Math.abs(meanOf(values)) <= halfWidth(values)) held++
  }
  near(held / trials, 0.95, 0.02)
})

test('the interval of a share is that of Wilson, and has a width at 0 and at 1', () => {
  near(shareHalfWidth(50, 100), 0.0962, 1e-3)
  near(shareHalfWidth(0, 10), 0.1388, 1e-3)
  assert.equal(shareHalfWidth(10, 10), shareHalfWidth(0, 10))
  assert.equal(shareHalfWidth(0, 0), 0)
})

test('quantiles lie between neighbours', () => {
  assert.equal(quantileOf([3, 1, 2], 0.5), 2)
  near(quantileOf([0, 10], 0.95), 9.5)
  assert.equal(quantileOf([4], 0.95), 4)
  assert.ok(Number.isNaN(quantileOf([], 0.5)))
})
