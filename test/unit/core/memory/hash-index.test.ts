/** The index finds every item by its key, whatever the hashes are, before and after it grew and was split. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createHashIndex, mixWords } from '../../../../src/core/memory/hash-index.ts'

function createKeys(hash: (key: number) => number) {
  const keys: number[] = []
  let sought = 0
  const index = createHashIndex(
    (item) => hash(keys[item] as number),
    (item) => keys[item] === sought,
  )
  return {
    find(key: number): number {
      sought = key
      return index.find(hash(key))
    },
    add(key: number): void {
      keys.push(key)
      index.insert(hash(key), keys.length - 1)
    },
  }
}

describe('the hash index', () => {
  for (const [name, hash, count] of [
    ['mixed', (key: number) => mixWords(key, key * 7, 5), 30_000],
    ['negative or beyond 32 bits', (key: number) => Math.imul(key, 0x9e3779b1) | 0, 20_000],
    ['all in the last slot', () => 2 ** 32 - 1, 600],
    ['all the same in their low bits', (key: number) => (key << 18) >>> 0, 9000],
  ] as const)
    test(`hashes ${name}`, () => {
      const keys = createKeys(hash)
      for (let key = 0; key < count; key++) {
        assert.equal(keys.find(key), -1)
        keys.add(key)
        assert.equal(keys.find(key), key)
      }
      for (let key = 0; key < count; key++) assert.equal(keys.find(key), key)
      assert.equal(keys.find(count), -1)
    })

  test('a hash depends on both words and on the secret', () => {
    const all = new Set<number>()
    for (let first = 0; first < 20; first++)
      for (let second = 0; second < 20; second++)
        for (let secret = 0; secret < 20; secret++) all.add(mixWords(first, second, secret))
    assert.ok(all.size > 7990, `${all.size} of 8000 differ`)
  })
})
