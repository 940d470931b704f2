import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClassifier } from '../../../../../src/core/reasoning/answer-classes.ts'
import type { Contribution, Hypothesis } from '../../../../../src/core/reasoning/contribution.ts'
import {
  HYPOTHESES_MAX,
  massesOf,
  sharesOf,
  statedOthers,
} from '../../../../../src/core/reasoning/synthesis/superposition.ts'

const CHOICES = ['a', 'b', 'c']
const classOf = createClassifier(CHOICES)
const holds = (author: string, ...hypotheses: Hypothesis[]) => {
  const contribution: Contribution = {
    ...{ id: author, author, owner: author, modelFamily: null },
    outcome: { hypotheses, confidence: null },
  }
  return { contribution, shares: sharesOf(contribution, classOf) }
}
const h = (text: string, weight: number): Hypothesis => ({ text, weight })

test('an answer that nobody holds likeliest wins where all hold it possible', () => {
  const voters = [holds('x', h('a', 6), h('c', 5)), holds('y', h('b', 6), h('c', 5))]
  const [first] = massesOf(voters, [1_000_000, 1_000_000], CHOICES)
  assert.equal(first?.text, 'c')
  assert.deepEqual(first?.authors, [])
})

test('the parts of one contributor sum to its vote, whatever its weights sum to', () => {
  const { shares } = holds('x', h('a', 600), h('b', 300), h('a', 300))
  assert.deepEqual(
    shares.map(({ share }) => share),
    [0.75, 0.25],
  )
})

test('weights that are none count nothing, and hypotheses behind the bound are cut', () => {
  const wrong = [0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((weight) => h('a', weight))
  assert.deepEqual(holds('x', ...wrong).shares, [])
  const many = Array.from({ length: HYPOTHESES_MAX }, () => h('a', 1))
  assert.equal(holds('x', ...many, h('b', 100)).shares.length, 1)
})

test('masses are the same in any order of the voters', () => {
  const voters = [
    holds('x', h('a', 1), h('b', 2)),
    holds('y', h('b', 1), h('c', 2)),
    holds('z', h('c', 1), h('a', 2)),
  ]
  const votes = [333_333, 777_777, 555_555]
  const expected = massesOf(voters, votes, CHOICES)
  for (const order of [
    [1, 2, 0],
    [2, 1, 0],
    [0, 2, 1],
  ])
    assert.deepEqual(
      massesOf(
        order.map((i) => voters[i]!),
        order.map((i) => votes[i]!),
        CHOICES,
      ),
      expected,
    )
})

test('off, a contributor states its likeliest answer alone', () => {
  assert.deepEqual(statedOthers([1, 2], true), [1, 2])
  assert.deepEqual(statedOthers([1, 2], false), [])
})
