/** Which of too many answers are listed: each family has its share, and naming families gains nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Listable, listedOf } from '../../../../src/core/reasoning/listed.ts'

const one = (id: string, mass: number, family: string | null = null): Listable => ({ id, mass, family })
const idsOf = (all: readonly Listable[], max: number): string[] =>
  listedOf(all, max, (each) => each).map(({ id }) => id)

test('few enough are all listed, as they stand', () => {
  const all = [one('b', 1), one('a', 2)]
  assert.equal(
    listedOf(all, 2, (each) => each),
    all,
  )
})

test('families are listed in turn, though members of a small one weigh more each than those of a large one', () => {
  const large = Array.from({ length: 100 }, (_, i) => one(`large-${String(i).padStart(3, '0')}`, 1, 'large'))
  const small = Array.from({ length: 10 }, (_, i) => one(`small-${i}`, 10, 'small'))
  const listed = idsOf([...large, ...small], 8)
  assert.deepEqual(listed, [
    'small-0',
    'large-000',
    'small-1',
    'large-001',
    'small-2',
    'large-002',
    'small-3',
    'large-003',
  ])
})

test('of those without a family the heaviest are listed, whatever their order', () => {
  const all = [one('a', 1), one('b', 3), one('c', 2), one('d', 3)]
  assert.deepEqual(idsOf(all, 3), ['b', 'd', 'c'])
  assert.deepEqual(idsOf([...all].reverse(), 3), ['b', 'd', 'c'])
})

test('who weighs nothing is listed behind all that weigh something, by id alone', () => {
  const strangers = Array.from({ length: 50 }, (_, i) => one(`0-${i + 10}`, 0, `made-up-${i}`))
  const peers = [one('x', 2, 'ant'), one('y', 1, 'ant'), one('z', 1, 'ant')]
  assert.deepEqual(idsOf([...strangers, ...peers], 4), ['x', 'y', 'z', '0-10'])
  assert.deepEqual(idsOf([one('c', 0, 'one'), one('b', 0, 'two'), one('a', 0, 'two')], 2), ['a', 'b'])
})
