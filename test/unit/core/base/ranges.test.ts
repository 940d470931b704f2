/** Sets of ranges against a plain set of numbers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRangeSet } from '../../../../src/core/base/ranges.ts'
import { fuzz } from '../../../support/fuzz.ts'

const range = fc.tuple(fc.nat(40), fc.nat(8)).map(([from, length]) => [from, from + length] as const)

test('a set of ranges holds what was added, in one form', () =>
  fuzz(
    fc.record({ steps: fc.array(fc.tuple(fc.boolean(), range), { maxLength: 12 }), asked: range }),
    ({ steps, asked }) => {
      const set = createRangeSet()
      const model = new Set<number>()
      for (const [isAdded, [from, to]] of steps) {
        if (isAdded) set.add(from, to)
        else set.remove(from, to)
        for (let i = from; i <= to; i++) {
          if (isAdded) model.add(i)
          else model.delete(i)
        }
      }
      for (let i = 0; i < 60; i++) assert.equal(set.has(i), model.has(i))
      const ranges = set.ranges()
      for (const [i, [from, to]] of ranges.entries()) {
        assert.ok(from <= to)
        assert.ok(i === 0 || (ranges[i - 1] as readonly [number, number])[1] + 1 < from)
      }
      const missing = set
        .missing(...asked)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
      const expected: number[] = []
      for (let i = asked[0]; i <= asked[1]; i++) if (!model.has(i)) expected.push(i)
      assert.deepEqual(missing, expected)
    },
  ))
