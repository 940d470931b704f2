import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inverseDocumentFrequency, lengthNorm } from '../../../../src/core/retrieval/bm25.ts'
import { createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import { documentOf, nameOf, search } from './fixtures.ts'

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-12, `${actual} is not ${expected}`)

test('idf falls with the frequency and never turns negative', () => {
  near(inverseDocumentFrequency(3, 1), Math.log(1 + 2.5 / 1.5))
  for (let frequency = 1; frequency <= 10; frequency++)
    assert.ok(inverseDocumentFrequency(10, frequency) < inverseDocumentFrequency(10, frequency - 1))
  assert.ok(inverseDocumentFrequency(10, 10) > 0)
})

test('a search scores by the formula, written a second time', () => {
  const texts = { a: 'red red green', b: 'red blue', c: 'green violet orange green' }
  const params = { k1: 1.5, b: 0.6, coordination: 0, gramWeight: 0, feedbackWeight: 0 }
  const retriever = createRetriever({ params })
  for (const [id, text] of Object.entries(texts)) retriever.put(documentOf(id, text))
  const idf = inverseDocumentFrequency(3, 2)
  const scoreOf = (count: number, length: number) =>
    (idf * (params.k1 + 1) * count) / (count + lengthNorm(params, length, 3))
  const expected = { a: scoreOf(2, 3) + scoreOf(1, 3), b: scoreOf(1, 2), c: scoreOf(2, 4) }
  const best = Math.max(...Object.values(expected))
  const { hits } = search(retriever, 'red green')
  assert.equal(hits.length, 3)
  for (const { id, score } of hits) near(score, expected[nameOf(id) as 'a' | 'b' | 'c'] / best)
})

test('where no document has any term that counts, a length weighs nothing', () => {
  assert.equal(lengthNorm({ k1: 1.2, b: 0.75 }, 0, 0), 1.2 * 0.25)
})

test('a word is found where every text is of stop words alone', () => {
  const retriever = createRetriever()
  retriever.put(documentOf('a', 'before it'))
  retriever.put(documentOf('b', 'after it'))
  const { hits } = search(retriever, 'after')
  assert.deepEqual(
    hits.map(({ id, score }) => [nameOf(id), Number.isFinite(score)]),
    [['b', true]],
  )
})
