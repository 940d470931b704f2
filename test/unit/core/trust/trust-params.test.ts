import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTrustParams } from '../../../../src/core/trust/trust-params.ts'

test('defaults are within their ranges, and what is replaced is checked', () => {
  const params = createTrustParams({ priorAnswers: 2 })
  assert.equal(params.priorAnswers, 2)
  assert.ok(Object.isFrozen(params))
  // A half after 90 days: three periods.
  assert.ok(Math.abs(params.keptPerPeriod ** 3 - 0.5) < 1e-15)
})

for (const [name, value] of [
  ['startTrust', 1],
  ['priorAnswers', 0],
  ['keptPerPeriod', 1.1],
  ['horizonPeriods', 1.5],
  ['fallOutcomesMin', 33],
  ['relevanceMin', 0],
  ['contradictionWeight', -1],
  ['raterAnswersMax', Number.NaN],
] as const)
  test(`${name} cannot be ${value}`, () => {
    assert.throws(() => createTrustParams({ [name]: value }), RangeError)
  })
