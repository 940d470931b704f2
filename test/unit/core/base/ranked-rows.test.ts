/** Rows by rank: against a plain sort, and pages that hold while rows come and go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRankedRows, type RankedRow } from '../../../../src/core/base/ranked-rows.ts'
import { seededRandom } from '../../../support/seeded.ts'

const sorted = (model: ReadonlyMap<string, number>): RankedRow<string>[] =>
  [...model].map(([key, rank]) => ({ key, rank })).sort((a, b) => b.rank - a.rank || (a.key < b.key ? 1 : -1))

test('rows are what a sort of the same rows gives, whatever was set, moved and deleted', () => {
  const random = seededRandom('ranked rows')
  const rows = createRankedRows<string>()
  const model = new Map<string, number>()
  for (let i = 0; i < 2_000; i++) {
    const key = `k${random.integer(0, 60)}`
    if (random.float() < 0.25) {
      rows.delete(key)
      model.delete(key)
    } else {
      const rank = random.integer(0, 20)
      rows.set(key, rank)
      model.set(key, rank)
    }
    assert.equal(rows.size, model.size)
    if (i % 20 === 0) assert.deepEqual([...rows.descend()], sorted(model))
  }
})

test('a page goes on behind its last row though that is gone and others have come', () => {
  const rows = createRankedRows<string>()
  for (let i = 0; i < 10; i++) rows.set(`k${i}`, i)
  const behind = { key: 'k5', rank: 5 }
  rows.delete('k5')
  rows.set('new', 20)
  assert.deepEqual(
    [...rows.descend(behind)].map(({ key }) => key),
    ['k4', 'k3', 'k2', 'k1', 'k0'],
  )
})
