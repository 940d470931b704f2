import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { selectTop } from '../../../../src/core/retrieval/top.ts'

test('selects what sorting and cutting would', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { maxLength: 300 }), fc.nat({ max: 30 }), (items, limit) => {
      const sorted = [...items].sort((a, b) => b - a).slice(0, limit)
      assert.deepEqual(
        selectTop(items, limit, (a, b) => a > b),
        sorted,
      )
    }),
  )
})
