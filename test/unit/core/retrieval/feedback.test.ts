import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedbackTerms } from '../../../../src/core/retrieval/feedback.ts'

const bag = (counts: Record<string, number>) => new Map(Object.entries(counts))

test('weighs terms by their share of each text and the score of the text', () => {
  const terms = feedbackTerms(
    [
      { terms: bag({ wing: 3, flow: 1 }), score: 2 },
      { terms: bag({ flow: 1, heat: 1 }), score: 1 },
    ],
    10,
  )
  // wing: 2 × 3/4; flow: 2 × 1/4 + 1/2; heat: 1/2; all: 3
  assert.deepEqual(terms, [
    ['wing', 1.5 / 3],
    ['flow', 1 / 3],
    ['heat', 0.5 / 3],
  ])
})

test('takes the best terms only, equal ones in the order of their letters', () => {
  const terms = feedbackTerms([{ terms: bag({ c: 1, a: 1, b: 1 }), score: 1 }], 2)
  assert.deepEqual(terms, [
    ['a', 0.5],
    ['b', 0.5],
  ])
  assert.deepEqual(feedbackTerms([], 5), [])
})
