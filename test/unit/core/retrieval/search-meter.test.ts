import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSearchMeter, SEARCHES_KEPT } from '../../../../src/core/retrieval/search-meter.ts'

test('before the first search there are no quantiles, and none are made up', () => {
  assert.deepEqual(createSearchMeter().view(), { searches: 0, p50: null, p99: null })
})

test('the quantiles are those of the last searches: one more than are kept drops the oldest', () => {
  const meter = createSearchMeter()
  meter.note(1e6)
  for (let n = 1; n < SEARCHES_KEPT; n++) meter.note(n)
  assert.deepEqual(meter.view(), { searches: SEARCHES_KEPT, p50: 501, p99: 991 })
  meter.note(0)
  const { searches, p99 } = meter.view()
  assert.deepEqual([searches, p99], [SEARCHES_KEPT + 1, 990])
})
