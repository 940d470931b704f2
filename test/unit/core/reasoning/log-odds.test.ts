/** Weights by log-odds: the logarithm's bits, chance, floor and bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { logOdds, logOddsWeight, naturalLog } from '../../../../src/core/reasoning/log-odds.ts'

const params = createAggregationParams()

const bits = (x: number): string => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

test('the logarithm is right to two units of the last place', () => {
  for (let x = 1e-9; x < 1e9; x *= 1.0173) {
    const [ours, library] = [naturalLog(x), Math.log(x)]
    assert.ok(Math.abs(ours - library) <= 2 * 2 ** -52 * Math.max(Math.abs(library), 2 ** -10), `ln ${x}`)
  }
  assert.equal(naturalLog(1), 0)
  for (const x of [0, -1, Number.POSITIVE_INFINITY, Number.NaN])
    assert.throws(() => naturalLog(x), /invariant/)
})

test('its bits are these, on every engine', () => {
  assert.deepEqual(
    [2, 3, 0.1, 9].map((x) => bits(naturalLog(x))),
    BITS,
  )
})
const BITS: readonly string[] = [
  '3fe62e42fefa39ef',
  '3ff193ea7aad030a',
  'c0026bb1bbb55515',
  '400193ea7aad030a',
]

test('chance weighs nothing, and neither does anybody below it, nor what is no number', () => {
  for (const classes of [2, 4, 10]) {
    assert.equal(logOddsWeight(1 / classes, classes, params), 0)
    assert.equal(logOddsWeight(0, classes, params), 0)
    assert.equal(logOddsWeight(Number.NaN, classes, params), 0)
    assert.ok(logOdds(0.5 / classes, classes, params) < 0)
    assert.ok(logOddsWeight(1.01 / classes, classes, params) > 0)
  }
})

test('a weight is whole micronats: of .6 among two classes, ln 1.5', () => {
  assert.equal(logOddsWeight(0.6, 2, params), 405465)
  assert.equal(logOddsWeight(0.6, 4, params), 1504077)
})

test('certainty weighs no more than the highest trust there is', () => {
  assert.equal(logOddsWeight(1, 2, params), logOddsWeight(0.99, 2, params))
  assert.equal(logOddsWeight(5, 2, params), logOddsWeight(0.99, 2, params))
  assert.equal(logOdds(0, 2, params), logOdds(0.01, 2, params))
})
