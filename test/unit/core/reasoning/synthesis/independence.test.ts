/** What is left of a weight where several say the same for the same reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../../src/core/reasoning/aggregation-params.ts'
import {
  entanglementOf,
  independenceFactors,
  squareRoot,
} from '../../../../../src/core/reasoning/synthesis/entanglement.ts'

const params = createAggregationParams()
const member = (author: string, owner = author, modelFamily: string | null = null) => ({
  author,
  owner,
  modelFamily,
})
const none = (): number => 0

test('k of one owner, or of one model family, count 1/k each; others count in full', () => {
  const owned = [member('a', 'o'), member('b', 'o'), member('c', 'o'), member('d', 'p')]
  assert.deepEqual(independenceFactors(owned, [6, 6, 6, 6], none), [1 / 3, 1 / 3, 1 / 3, 1])
  const family = [
    member('a', 'a', 'm'),
    member('b', 'b', 'm'),
    member('c', 'c', 'n'),
    member('d'),
    member('e'),
  ]
  assert.deepEqual(independenceFactors(family, [6, 6, 6, 6, 6], none), [0.5, 0.5, 1, 1, 1])
})

test('who weighs nothing takes nothing away, however many claim a model family', () => {
  const crowd = Array.from({ length: 50 }, (_, i) => member(`sybil-${i}`, `owner-${i}`, 'm'))
  const factors = independenceFactors(
    [member('honest', 'h', 'm'), ...crowd],
    [9, ...crowd.map(() => 0)],
    none,
  )
  assert.equal(factors[0], 1)
})

test('a light one takes little from a heavy one of its family', () => {
  assert.deepEqual(
    independenceFactors([member('a', 'a', 'm'), member('b', 'b', 'm')], [9, 1], none),
    [0.9, 0.1],
  )
})

test('nobody ties two strangers together by being of both their houses', () => {
  const members = [member('a', 'o', 'm'), member('bridge', 'o', 'n'), member('c', 'p', 'n')]
  assert.deepEqual(independenceFactors(members, [4, 4, 4], none), [1 / 2, 1 / 3, 1 / 2])
})

test('errors of correlation ρ leave 1/(1 + (k−1)ρ), and what a one-sided measure says has no order', () => {
  const half = (): number => 0.5
  const three = [member('a'), member('b'), member('c')]
  assert.deepEqual(independenceFactors(three, [4, 4, 4], half), [0.5, 0.5, 0.5])
  const oneSided = (a: string, b: string): number => (a < b ? 1 : 0)
  assert.deepEqual(independenceFactors([member('b'), member('a')], [4, 4], oneSided), [0.5, 0.5])
  assert.deepEqual(
    independenceFactors([member('a'), member('b')], [4, 4], () => 7),
    [0.5, 0.5],
  )
})

test('errors made together are found from enough tasks on, and count as one when they mostly are', () => {
  assert.equal(entanglementOf({ both: 35, onlyA: 0, onlyB: 0, neither: 15 }, params), 1)
  assert.equal(entanglementOf({ both: 3, onlyA: 0, onlyB: 0, neither: 0 }, params), 0, 'no error was made')
  assert.equal(
    entanglementOf({ both: 2, onlyA: 0, onlyB: 0, neither: 1 }, params),
    0,
    'three tasks are chance',
  )
  assert.equal(entanglementOf({ both: 20, onlyA: 10, onlyB: 10, neither: 10 }, params), 0, 'within chance')
  assert.equal(entanglementOf({ both: 5, onlyA: 20, onlyB: 20, neither: 5 }, params), 0, 'they differ')
  const part = entanglementOf({ both: 28, onlyA: 6, onlyB: 6, neither: 10 }, params)
  // phi = (28·10 − 36)/(34·16) = .4485…, shrunk by 50/55.
  assert.ok(Math.abs(part - (244 / 544) * (50 / 55)) < 1e-12, String(part))
})

test('the square root is right', () => {
  for (let x = 1e-12; x <= 1; x *= 1.37)
    assert.ok(Math.abs(squareRoot(x) - Math.sqrt(x)) <= 2 ** -52, `√${x}`)
  assert.equal(squareRoot(0), 0)
  assert.equal(squareRoot(0.25), 0.5)
})

test('factors are the same to the bit in any order of the members', () => {
  const members = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => member(name))
  const weights = [1_000_001, 333_333, 777_777, 123_457, 999_983, 31]
  const overlap = (a: string, b: string): number => ((a.charCodeAt(0) * 7 + b.charCodeAt(0) * 3) % 11) / 11.3
  const inOrder = independenceFactors(members, weights, overlap)
  for (let turn = 1; turn < members.length; turn++) {
    const turned = <T>(list: readonly T[]): T[] => [...list.slice(turn), ...list.slice(0, turn)]
    assert.deepEqual(independenceFactors(turned(members), turned(weights), overlap), turned(inOrder))
  }
})
