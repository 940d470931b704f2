/** The laws of the lattice, on random rows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EvidenceRow } from '../../../../src/core/protocol/evidence-payload.ts'
import {
  compareRows,
  createRowSet,
  joinCounters,
  joinRecent,
  type KeptRow,
} from '../../../../src/core/trust/lattice.ts'
import { COMMONS, row } from './fixtures.ts'

const seed = Number(process.env.SEED ?? 20261121)
console.log(`seed ${seed} (SEED=… to replay)`)
const runs = { seed, numRuns: 300 }

const count = fc.integer({ min: 0, max: 9 })
const counters = fc
  .tuple(count, count, count, count, count, count)
  .map(([right, wrong, chance, rightBack, wrongBack, chanceBack]) => ({
    ...{ right: right + rightBack, wrong: wrong + wrongBack, chance: chance + chanceBack },
    ...{ rightBack, wrongBack, chanceBack },
  }))
const recent = fc.tuple(count, fc.integer({ min: 0, max: 7 })).map(([outcomes, bits]) => ({ outcomes, bits }))
const rows = fc.array(
  fc.record({
    subject: fc.constantFrom('a', 'b', 'b m'),
    domain: fc.constantFrom('general', 'math'),
    kind: fc.constantFrom('answer' as const, 'review' as const),
    period: fc.integer({ min: 698, max: 701 }),
    counters,
    recent,
  }),
  { maxLength: 40 },
)

const inOrder = (set: { rows(): Iterable<KeptRow> }): KeptRow[] => [...set.rows()].sort(compareRows)
function setOf(list: readonly EvidenceRow[], max = 1000) {
  const set = createRowSet(COMMONS, max)
  for (const one of list) set.join(one)
  return set
}

describe('the join of two states', () => {
  const laws = <T>(name: string, states: fc.Arbitrary<T>, join: (a: T, b: T) => T): void => {
    test(`${name}: commutative`, () =>
      fc.assert(
        fc.property(states, states, (a, b) => assert.deepEqual(join(a, b), join(b, a))),
        runs,
      ))
    test(`${name}: associative`, () =>
      fc.assert(
        fc.property(states, states, states, (a, b, c) =>
          assert.deepEqual(join(join(a, b), c), join(a, join(b, c))),
        ),
        runs,
      ))
    test(`${name}: idempotent`, () =>
      fc.assert(
        fc.property(states, (a) => assert.deepEqual(join(a, a), a)),
        runs,
      ))
    test(`${name}: what was joined is in it`, () =>
      fc.assert(
        fc.property(states, states, (a, b) => assert.deepEqual(join(join(a, b), b), join(a, b))),
        runs,
      ))
  }
  laws('counters', counters, joinCounters)
  laws('recent outcomes', recent, joinRecent)

  test('never makes a counter less', () =>
    fc.assert(
      fc.property(counters, counters, (a, b) => {
        const joined = joinCounters(a, b)
        for (const [name, value] of Object.entries(joined))
          assert.ok(value >= a[name as keyof typeof a] && value >= b[name as keyof typeof b])
      }),
      runs,
    ))
})

describe('a set of rows', () => {
  test('is the same in whatever order and however often rows come', () =>
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (list, chance) => {
        const shuffled = [...list, ...list]
          .map((one) => ({ one, at: chance.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one)
        assert.deepEqual(inOrder(setOf(shuffled)), inOrder(setOf(list)))
      }),
      runs,
    ))

  test('that is bounded keeps what an unbounded one has first, in whatever order rows come', () =>
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 6 }), (list, max) => {
        const first = inOrder(setOf(list)).slice(0, max)
        assert.deepEqual(inOrder(setOf(list, max)), first)
        assert.deepEqual(inOrder(setOf(list.toReversed(), max)), first)
        // Dropping commutes with joining: a join of two bounded sets is the bounded join.
        const halves = [list.slice(0, list.length / 2), list.slice(list.length / 2)]
        const joined = setOf(
          halves.flatMap((half) => inOrder(setOf(half, max))),
          max,
        )
        assert.deepEqual(inOrder(joined), first)
      }),
      runs,
    ))

  test('says what changed, and what made room', () => {
    const set = createRowSet(COMMONS, 2)
    const old = row('a', '+', { period: 1 })
    assert.equal(set.join(old).changed?.period, 1)
    assert.deepEqual(set.join(old), { changed: null, dropped: null })
    set.join(row('a', '+', { period: 3 }))
    const { changed, dropped } = set.join(row('a', '+', { period: 2 }))
    assert.deepEqual([changed?.period, dropped?.period], [2, 1])
    assert.deepEqual(set.join(old), { changed: null, dropped: null })
    assert.equal(set.size, 2)
  })
})
