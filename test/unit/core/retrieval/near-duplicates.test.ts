import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_MAX } from '../../../../src/core/protocol/limits.ts'
import { COPIES_MAX } from '../../../../src/core/retrieval/near-duplicates.ts'
import { createRetriever, type RetrievalDocument } from '../../../../src/core/retrieval/retriever.ts'
import { documentOf, nameOf, provenanceOf } from './fixtures.ts'

const LONG = 'the bridge over the river was closed for repairs after the flood damaged its northern pillar'

function hitsOf(documents: readonly RetrievalDocument[], limit = 10) {
  const retriever = createRetriever()
  for (const each of documents) retriever.put(each)
  return retriever
    .search({ text: 'bridge river flood', limit, scope: {}, explain: false })
    .hits.map(({ id, copies }) => [nameOf(id), copies.map((copy) => nameOf(copy.id))])
}

test('what says the same stands behind the best of it, with its authors', () => {
  const retriever = createRetriever()
  retriever.put(documentOf('a', LONG))
  retriever.put(documentOf('b', `${LONG}!`, { provenance: [provenanceOf('commons', 'did:key:zBob')] }))
  retriever.put(documentOf('c', 'a bridge in another town'))
  const { hits } = retriever.search({ text: 'bridge river', limit: 10, scope: {}, explain: false })
  assert.deepEqual(
    hits.map(({ id }) => nameOf(id)),
    ['a', 'c'],
  )
  assert.deepEqual(
    hits[0]?.copies.map(({ id, author }) => [nameOf(id), author]),
    [['b', 'did:key:zBob']],
  )
})

test('texts that differ in a number or in more than a tenth of their words are no copies', () => {
  assert.deepEqual(hitsOf([documentOf('a', `${LONG} on 5 May`), documentOf('b', `${LONG} on 6 May`)]), [
    ['a', []],
    ['b', []],
  ])
  assert.equal(hitsOf([documentOf('a', 'bridge river'), documentOf('b', 'bridge flood')]).length, 2)
})

test('copies do not take the places of other hits, and no more are listed than may be', () => {
  const crowd = Array.from({ length: COPIES_MAX + 2 }, (_, n) =>
    documentOf(`a${n}`, `${LONG}${'!'.repeat(n)}`),
  )
  const [first, second] = hitsOf([...crowd, documentOf('z', 'a river')], 3)
  assert.equal(first?.[1]?.length, COPIES_MAX)
  assert.deepEqual(second, ['z', []])
})

test('the longest page is full where every hit has copies', () => {
  const documents = Array.from({ length: 3 * PAGE_MAX }, (_, n) =>
    documentOf(`d${n}`, `${LONG} on day ${n % PAGE_MAX}${'!'.repeat(1 + Math.floor(n / PAGE_MAX))}`),
  )
  const hits = hitsOf(documents, PAGE_MAX)
  assert.equal(hits.length, PAGE_MAX)
  assert.ok(hits.every(([, copies]) => copies?.length === 2))
})
