import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createPostingBuffer,
  createPostingPool,
  ORDINALS_MAX,
  type PostingPool,
} from '../../../../src/core/retrieval/posting-pool.ts'

/** Reads windows of `step` ordinals. */
function readAll(pool: PostingPool, list: number, step = ORDINALS_MAX): [number, number][] {
  const read: [number, number][] = []
  const buffer = createPostingBuffer()
  const cursor = pool.cursor(list)
  for (let before = 0; before <= ORDINALS_MAX; before = Math.min(ORDINALS_MAX, before + step)) {
    for (let size = 1; size > 0; ) {
      size = pool.read(cursor, before, buffer)
      for (let i = 0; i < size; i++) {
        assert.ok(buffer.ordinals[i]! < before)
        read.push([buffer.ordinals[i]!, buffer.counts[i]!])
      }
    }
    if (cursor.next === ORDINALS_MAX) break
  }
  return read
}

const posting = fc.record({
  list: fc.nat({ max: 5 }),
  gap: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 100_000 })),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70_000 })),
})

test('lists give back what was appended, however they interleave', () => {
  fc.assert(
    fc.property(fc.array(posting, { maxLength: 3000, size: 'max' }), (postings) => {
      const pool = createPostingPool()
      const expected: [number, number][][] = []
      for (let list = 0; list < 6; list++) expected[pool.open()] = []
      let ordinal = -1
      for (const { list, gap, count } of postings) {
        ordinal += gap
        pool.append(list, ordinal, count)
        expected[list]!.push([ordinal, count])
      }
      for (const [list, wanted] of expected.entries()) {
        assert.equal(pool.length(list), wanted.length)
        assert.deepEqual(readAll(pool, list), wanted)
        assert.deepEqual(readAll(pool, list, 5000), wanted)
      }
    }),
    { numRuns: 40 },
  )
})

test('a list longer than every slice size is read whole', () => {
  const pool = createPostingPool()
  const lists = [pool.open(), pool.open()] as const
  const count = 60_000
  for (let ordinal = 0; ordinal < count; ordinal++)
    for (const list of lists) pool.append(list, ordinal * 3, 1)
  for (const list of lists) {
    const read = readAll(pool, list)
    assert.equal(read.length, count)
    assert.ok(read.every(([ordinal], i) => ordinal === i * 3))
  }
})

test('ordinals that do not rise, or pass the bound, are a bug', () => {
  const pool = createPostingPool()
  const list = pool.open()
  pool.append(list, ORDINALS_MAX - 1, 1)
  assert.throws(() => pool.append(list, ORDINALS_MAX - 1, 1), /rise/)
  assert.throws(() => pool.append(list, ORDINALS_MAX, 1), /rise/)
})
