import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../../src/adapters/random.ts'

test('random bytes have the length asked for and differ', () => {
  for (const length of [0, 1, 8, 32]) assert.equal(systemRandom.bytes(length).length, length)
  assert.notDeepEqual(systemRandom.bytes(32), systemRandom.bytes(32))
})

test('floats lie in [0, 1) and fill it', () => {
  const floats = Array.from({ length: 2000 }, () => systemRandom.float())
  assert.ok(floats.every((float) => float >= 0 && float < 1))
  // Each tenth stays empty with a chance of 0.9^2000 < 10^-91.
  assert.equal(new Set(floats.map((float) => Math.floor(float * 10))).size, 10)
})
