/** Columns hold what was set, wherever it was set, and nothing else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  createByteColumn,
  createByteNumbers,
  createNumbers,
  createShortNumbers,
  readWord,
  release,
} from '../../../../src/core/base/columns.ts'
import { fuzz } from '../../../support/fuzz.ts'

// Within the first chunk as it grows, at its end, and in chunks that leave others out.
const index = fc.oneof(fc.nat(40), fc.integer({ min: 16_380, max: 16_390 }), fc.nat(200_000))

describe('a column', () => {
  for (const [name, create, max] of [
    ['bytes', createByteNumbers, 2 ** 8 - 1],
    ['16 bits', createShortNumbers, 2 ** 16 - 1],
    ['32 bits', createNumbers, 2 ** 32 - 1],
  ] as const)
    test(`of ${name} is a map of numbers that says 0 for what it lacks`, () =>
      fuzz(
        fc.array(fc.tuple(index, fc.oneof(fc.constant(max), fc.nat(max)))),
        (sets) => {
          const column = create()
          const map = new Map<number, number>()
          for (const [at, value] of sets) {
            column.set(at, value)
            map.set(at, value)
          }
          for (const [at] of sets)
            for (const near of [at - 1, at, at + 1, at + 16_384])
              if (near >= 0) assert.equal(column.get(near), map.get(near) ?? 0)
        },
        300,
      ))

  test('of records keeps each apart', () =>
    fuzz(
      fc.array(fc.tuple(index, fc.uint8Array({ minLength: 7, maxLength: 7 }))),
      (sets) => {
        const column = createByteColumn(7)
        const map = new Map<number, Uint8Array>()
        for (const [at, record] of sets) {
          column.set(at, record)
          map.set(at, record)
        }
        for (const [at, record] of map) {
          assert.deepEqual(column.get(at), new Uint8Array(record))
          assert.ok(column.equals(at, record))
          assert.ok(!column.equals(at, record.with(6, (record[6] as number) ^ 1)))
          assert.equal(column.word(at, 3), Buffer.from(record).readUInt32LE(3))
          assert.equal(readWord(record, 3), column.word(at, 3))
        }
      },
      300,
    ))

  test('a copy that is read stays as it was', () => {
    const column = createByteColumn(2)
    column.set(0, Uint8Array.of(1, 2))
    const copy = column.get(0)
    column.set(0, Uint8Array.of(3, 4))
    assert.deepEqual(copy, Uint8Array.of(1, 2))
  })

  test('what is released holds no memory any more', () => {
    const array = new Uint32Array(1000)
    release(array)
    assert.equal(array.length, 0)
  })
})
