import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRetrievalParams, createRetriever } from '../../../../src/core/retrieval/retriever.ts'

test('params are frozen, defaults filled in', () => {
  const params = createRetrievalParams({ k1: 2 })
  assert.equal(params.k1, 2)
  assert.equal(params.b, 0.75)
  assert.ok(Object.isFrozen(params) && Object.isFrozen(params.neighbourWeights))
})

test('a parameter outside of its range is refused with its name', () => {
  assert.throws(() => createRetrievalParams({ b: 1.01 }), /retrieval parameter b is 1.01/)
  assert.throws(() => createRetrievalParams({ k1: Number.NaN }), /k1/)
  assert.throws(() => createRetrievalParams({ feedbackTerms: 1.5 }), /feedbackTerms/)
  assert.throws(() => createRetrievalParams({ speakerFactor: 0.5 }), /speakerFactor/)
  assert.throws(() => createRetriever({ params: { neighbourWeights: [0.5, -0.1] } }), /neighbourWeights/)
})
