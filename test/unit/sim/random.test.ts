/** Chance of the simulator: the same for the same seed, independent between streams, and even. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../src/sim/random.ts'

const draw = (seed: string, count = 8): number[] => {
  const random = createRandom(seed)
  return Array.from({ length: count }, random.float)
}

test('a seed gives the same draws, another seed others', () => {
  assert.deepEqual(draw('a'), draw('a'))
  assert.notDeepEqual(draw('a'), draw('b'))
})

test('a stream is the same however much was drawn before, and another than its parent', () => {
  const early = createRandom('a').stream('x')
  const parent = createRandom('a')
  parent.bytes(1000)
  assert.deepEqual([early.float(), early.float()], Array.from({ length: 2 }, parent.stream('x').float))
  assert.notDeepEqual(draw('a', 2), draw('a/x', 2))
})

test('whole numbers stay within their bounds and reach both', () => {
  const random = createRandom('bounds')
  const drawn = new Set(Array.from({ length: 500 }, () => random.integer(3, 7)))
  assert.deepEqual([...drawn].sort(), [3, 4, 5, 6, 7])
})

test('floats are even: each tenth of the range gets its share', () => {
  const counts = Array.from({ length: 10 }, () => 0)
  for (const value of draw('even', 20_000)) counts[Math.floor(value * 10)]!++
  for (const count of counts) assert.ok(Math.abs(count - 2000) < 200, `${counts}`)
})

test('bytes have the length asked for and every value', () => {
  const bytes = createRandom('bytes').bytes(10_001)
  assert.equal(bytes.length, 10_001)
  assert.equal(new Set(bytes).size, 256)
})

test('shuffling keeps every item and leaves the list alone', () => {
  const list = [1, 2, 3, 4, 5, 6, 7, 8]
  const shuffled = createRandom('cards').shuffle(list)
  assert.deepEqual(list, [1, 2, 3, 4, 5, 6, 7, 8])
  assert.notDeepEqual(shuffled, list)
  assert.deepEqual([...shuffled].sort(), list)
})
