/** Tunnelling on the entries of one attempt: the same for all who have the same, and no premise of strangers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { historyOf } from '../../../../src/core/reasoning/round-history.ts'
import { createQuantumParams } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import { premiseAfter, tunnellingAfter } from '../../../../src/core/reasoning/task-tunnelling.ts'
import { ADA, all, BOB, CID, DEE, type Entry, EVE, story, who } from './fixtures-story.ts'

const deps = {
  self: who('Observer'),
  counts: all,
  similarity: () => 0,
  params: createAggregationParams(),
  quantum: createQuantumParams({ isOn: { tunnelling: true } }),
}
const progress = { phase: 'reveal', round: 0, challenges: new Set<number>() } as const
const other = (text: string, weight: number) => ({ others: [{ text, weight }], weight: 1000 - weight })

/** All say a; Bob holds b possible, Cid and the stranger Eve c, she the most. */
function agreed() {
  const of = story()
  of.ask(ADA)
  of.answer(ADA, 'a', { confidence: 300 })
  of.answer(BOB, 'a', { confidence: 100, ...other('b', 400) })
  of.answer(CID, 'a', { ...other('c', 100) })
  of.answer(EVE, 'a', { confidence: 200, ...other('c', 490) })
  return of
}

test('confidence is the mean of those who state one, and dissent of those who hold another answer', () => {
  const of = agreed()
  const { state, chance } = tunnellingAfter(of.told(), progress, 1, deps)
  assert.deepEqual(state, { agreement: 1, confidence: 0.2, dissent: 0 })
  assert.equal(chance, 0.8)
  of.answer(DEE, 'c', { confidence: 200 })
  assert.deepEqual(tunnellingAfter(of.told(), progress, 0.6, deps).state, {
    agreement: 0.6,
    confidence: 0.2,
    dissent: 1 - 4 / 5,
  })
})

test('whoever has the same entries comes to the same, in whichever order they came', () => {
  const of = agreed()
  const expected = tunnellingAfter(of.told(), progress, 1, deps)
  const orders: Entry[][] = [[...of.entries].reverse(), [...of.entries.slice(3), ...of.entries.slice(0, 3)]]
  for (const order of orders) assert.deepEqual(tunnellingAfter(of.told(order), progress, 1, deps), expected)
})

test('the premise is the strongest other answer, of those whom models may read', () => {
  const attempt = agreed().told()
  assert.equal(premiseAfter(attempt, 0, deps), 'c')
  assert.equal(
    premiseAfter(attempt, 0, deps, (author) => author !== EVE),
    'b',
  )
  assert.equal(
    premiseAfter(attempt, 0, deps, (author) => author === ADA),
    null,
  )
})

test('a premise may be what was said first and given up since', () => {
  const of = story()
  of.ask(ADA)
  const first = of.answer(ADA, 'b')
  assert.ok(first)
  of.answer(BOB, 'a')
  of.answer(CID, 'a')
  assert.equal(premiseAfter(of.told(), 1, deps), 'b')
})

test('where nobody answered, or all hold one answer alone, there is no premise', () => {
  const of = story()
  of.ask(ADA)
  assert.equal(premiseAfter(of.told(), 0, deps), null)
  of.answer(ADA, 'a')
  of.answer(BOB, 'a')
  assert.equal(premiseAfter(of.told(), 0, deps), null)
})

test('only effort deep has the rounds: elsewhere the draw is shown and does nothing', () => {
  const attempt = agreed().told()
  for (let round = 1; round < 3; round++) {
    const found = tunnellingAfter(attempt, { ...progress, round }, 1, deps)
    assert.equal(found.isFired, false)
    assert.equal(found.rounds, round + 1)
  }
  const deep = { ...attempt, task: { ...attempt.task!, effort: 'deep' as const } }
  const found = tunnellingAfter(deep, { ...progress, round: 1 }, 1, deps)
  assert.equal(found.isFired, found.draw < found.chance)
  // In the last round there is none left.
  assert.equal(tunnellingAfter(deep, { ...progress, round: 7 }, 1, deps).isFired, false)
})

test('the history tells from entries alone how each round came about', () => {
  const attempt = agreed().told()
  const kinds = historyOf(attempt, { phase: 'done', round: 1 }, deps).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['first', 'challenged'])
  // What is known here of a round that is worked on comes first.
  const known = { phase: 'diverge', round: 2, challenges: new Set([1]), tunnels: new Set([2]) } as const
  assert.deepEqual(
    historyOf(attempt, known, deps).map(({ kind }) => kind),
    ['first', 'challenged', 'reopened'],
  )
})
