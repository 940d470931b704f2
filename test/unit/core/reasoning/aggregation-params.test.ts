import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'

test('params are frozen, defaults filled in', () => {
  const params = createAggregationParams({ startTrust: 0.55 })
  assert.equal(params.startTrust, 0.55)
  assert.equal(params.agreedAt, 0.7)
  assert.ok(Object.isFrozen(params))
})

test('a parameter outside of its range, or that there is none of, is refused with its name', () => {
  assert.throws(() => createAggregationParams({ startTrust: 1 }), /aggregation parameter startTrust is 1/)
  assert.throws(() => createAggregationParams({ trustMax: Number.NaN }), /trustMax/)
  assert.throws(() => createAggregationParams({ priorAnswers: 0 }), /priorAnswers/)
  assert.throws(() => createAggregationParams({ folds: 2.5 }), /folds is 2.5, not whole/)
  assert.throws(() => createAggregationParams({ entangledAt: 0 }), /entangledAt/)
  assert.throws(() => createAggregationParams({ agreedAfterOscillation: 0.8 }), /above agreedAt/)
  assert.throws(
    () => createAggregationParams({ trustFloor: 1 } as object),
    /no aggregation parameter trustFloor/,
  )
})
