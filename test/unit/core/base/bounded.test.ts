/** The bounded map: what makes room, and that it never holds more than its bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoundedMap } from '../../../../src/core/base/bounded.ts'

test('one more than the bound puts out what was used longest ago', () => {
  const map = createBoundedMap<string, number>(3)
  for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i)
  assert.equal(map.get('a'), 0)
  map.set('d', 3)
  assert.equal(map.get('b'), undefined)
  assert.deepEqual([...map.values()], [2, 0, 3])
  assert.equal(map.size, 3)
})

test('a look at a key is no use of it', () => {
  const map = createBoundedMap<string, number>(2)
  assert.equal(map.peek('a'), undefined)
  map.set('a', 1)
  map.set('b', 2)
  assert.equal(map.peek('a'), 1)
  map.set('c', 3)
  assert.deepEqual([map.peek('a'), map.peek('b'), map.peek('c')], [undefined, 2, 3])
})

test('setting a key again counts as use and takes no room', () => {
  const map = createBoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  map.set('c', 4)
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c'), map.size], [3, undefined, 4, 2])
})

test('an empty one has nothing to give or to take away', () => {
  const map = createBoundedMap<string, number>(2)
  assert.deepEqual([map.get('a'), map.delete('a'), map.size, [...map.values()]], [undefined, false, 0, []])
  map.set('a', 1)
  assert.deepEqual([map.delete('a'), map.size], [true, 0])
})
