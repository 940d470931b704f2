import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageFactor, decoherence } from '../../../../src/core/retrieval/age.ts'
import { createRetrievalParams, createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import { documentOf, nameOf, provenanceOf } from './fixtures.ts'

const DAY_MS = 24 * 3_600_000
const params = createRetrievalParams()

test('a memory loses weight by the day, down to a floor, and none before it was written', () => {
  assert.equal(decoherence(0, params), 1)
  assert.equal(decoherence(-DAY_MS, params), 1)
  assert.ok(Math.abs(decoherence(10 * DAY_MS, params) - Math.exp(-1)) < 1e-12)
  assert.equal(decoherence(1000 * DAY_MS, params), 0.15)
  assert.ok(Math.abs(ageFactor(1000 * DAY_MS, params) - (0.85 + 0.15 * 0.15)) < 1e-12)
})

const at = (id: string, days: number, sources: string[] = []) =>
  documentOf(id, sources.length > 0 ? 'built on it' : 'the tower', {
    provenance: [provenanceOf('private', 'did:key:zA', days * DAY_MS)],
    sources,
  })

const order = (
  documents: Parameters<ReturnType<typeof createRetriever>['put']>[0][],
  without: 'age'[] = [],
) => {
  const retriever = createRetriever({ params: { linkWeight: 0 } })
  for (const each of documents) retriever.put(each)
  const query = { text: 'tower', limit: 10, scope: {}, nowMs: 100 * DAY_MS, explain: false }
  const { hits } = retriever.search({ ...query, isFolded: false, without: new Set(without) })
  return hits.map(({ id }) => nameOf(id))
}

test('of equal memories the younger comes first, unless age is left out', () => {
  assert.deepEqual(order([at('a', 1), at('b', 90)]), ['b', 'a'])
  assert.deepEqual(order([at('a', 1), at('b', 90)], ['age']), ['a', 'b'])
})

test('a memory on which somebody built later is as young as that', () => {
  assert.deepEqual(order([at('a', 1), at('b', 50), at('c', 99, ['a'])]), ['a', 'b'])
})

test('an exact hit that is old stands before a weak one that is new', () => {
  const old = documentOf('old', 'the spelling of aeroelastic flutter', {
    provenance: [provenanceOf('x', 'y', 0)],
  })
  const fresh = documentOf('new', 'flutter of leaves in the wind that blows from the sea', {
    provenance: [provenanceOf('x', 'y', 100 * DAY_MS)],
  })
  const retriever = createRetriever()
  for (const each of [old, fresh]) retriever.put(each)
  const query = { text: 'aeroelastic flutter', limit: 2, scope: {}, nowMs: 100 * DAY_MS, explain: false }
  assert.equal(nameOf(retriever.search(query).hits[0]!.id), 'old')
})
