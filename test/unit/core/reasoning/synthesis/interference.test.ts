import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnswerClass } from '../../../../../src/core/reasoning/answer-classes.ts'
import {
  interferenceFactor,
  interferenceFactors,
  type Wave,
} from '../../../../../src/core/reasoning/synthesis/interference.ts'
import { createQuantumParams } from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'

const params = createQuantumParams()
const wave = (key: string, more: Partial<Wave> = {}): Wave => ({
  ...{ class: key as AnswerClass, weight: 1, independence: 1, isFirst: true },
  ...more,
})
const free = () => 0
const factors = (waves: readonly Wave[], overlap: (a: number, b: number) => number = free) =>
  interferenceFactors(waves, overlap, params)

describe('the factor of an aligned share', () => {
  for (const [aligned, factor] of [
    [0, 0.25],
    [0.2, 0.55],
    [0.49, 0.985],
    [0.5, 1.2],
    [1, 1.4],
  ] as const)
    test(`${aligned} → ${factor}`, () =>
      assert.ok(Math.abs(interferenceFactor(aligned, params) - factor) < 1e-12))
})

test('who agrees with most is strengthened, who stands alone is weakened', () => {
  const [a, , , b] = factors([wave('a'), wave('a'), wave('a'), wave('b')])
  assert.equal(a, interferenceFactor(2 / 3, params))
  assert.equal(b, 0.25)
})

test('copies do not strengthen each other, and count once for everybody else', () => {
  const waves = [wave('a', { independence: 0.5 }), wave('a', { independence: 0.5 }), wave('b'), wave('b')]
  const copies = (i: number, j: number): number => (i < 2 && j < 2 ? 1 : 0)
  // A copy has two independent others, and both say b.
  assert.deepEqual(factors(waves, copies).slice(0, 2), [0.25, 0.25])
  // Who says b has one of the copies against it, and the other b beside it.
  assert.equal(factors(waves, copies)[2], interferenceFactor(0.5, params))
})

test('a crowd that weighs nothing moves no factor', () => {
  const few = [wave('a'), wave('a'), wave('b')]
  const crowd = Array.from({ length: 100 }, () => wave('b', { weight: 0 }))
  assert.deepEqual(factors([...few, ...crowd]).slice(0, 3), factors(few))
})

test('only first answers interfere', () => {
  const revised = wave('b', { isFirst: false })
  assert.deepEqual(factors([wave('a'), wave('a'), revised, revised]), [1.4, 1.4, 1, 1])
})

test('who has no independent other keeps its weight', () => {
  assert.deepEqual(factors([wave('a')]), [1])
  assert.deepEqual(
    factors([wave('a'), wave('b')], () => 1),
    [1, 1],
  )
})

test('the same to the bit in any order', () => {
  const waves = [wave('a', { independence: 1 / 3 }), wave('b', { independence: 0.7 }), wave('a'), wave('b')]
  const overlap = (i: number, j: number): number => ((i + 1) * (j + 1)) / 37
  const expected = factors(waves, overlap)
  for (const order of [
    [3, 1, 0, 2],
    [2, 3, 1, 0],
  ]) {
    const found = factors(
      order.map((i) => waves[i]!),
      (a, b) => overlap(order[a]!, order[b]!),
    )
    assert.deepEqual(
      found,
      order.map((i) => expected[i]),
    )
  }
})
