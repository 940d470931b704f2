import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'
import { digestOf, documentOf, idsOf, provenanceOf, search } from './fixtures.ts'

/** More than one window of postings. */
const DOCUMENTS = 34_000
const WORDS = 400

test('a search finds what scoring every document finds, over many windows of postings', (t) => {
  const seed = testSeed()
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const word = (): string => `word${Math.floor(WORDS * random.float() ** 3)}`
  const words = (count: number): string => Array.from({ length: count }, word).join(' ')
  // Of texts of four words hundreds tie in their terms, and their grams decide: as many candidates as that, for windows are looked at.
  const retriever = createRetriever({ params: { scoredMax: 500 } })
  for (let n = 0; n < DOCUMENTS; n++)
    retriever.put(
      documentOf(`d${n}`, words(4), { provenance: [provenanceOf(n % 3 === 0 ? 'team' : 'commons')] }),
    )
  for (let n = 0; n < DOCUMENTS; n += 5) retriever.remove(digestOf(`d${n}`))
  for (const spaces of [undefined, new Set([provenanceOf('team').space])]) {
    let [found, wanted] = [0, 0]
    for (let n = 0; n < 8; n++) {
      const query = { text: words(3), limit: 10, scope: { spaces }, explain: false }
      const all = new Set(retriever.search({ ...query, isExhaustive: true }).hits.map(({ id }) => id))
      found += retriever.search(query).hits.filter(({ id }) => all.has(id)).length
      wanted += all.size
    }
    assert.ok(found >= 0.97 * wanted, `${found} of ${wanted}`)
  }
})

test('of more equal documents than are scored those with the lowest ids are found', () => {
  const names = Array.from({ length: 3000 }, (_, n) => `d${String((n * 1777) % 3000).padStart(4, '0')}`)
  const retriever = createRetriever()
  for (const name of names) retriever.put(documentOf(name, 'owls in the tower'))
  assert.deepEqual(idsOf(search(retriever, 'owls tower', {}, 3)), ['d0000', 'd0001', 'd0002'])
})

test('words that look alike are sought where too few documents have the word of the query', () => {
  const few = createRetriever({ params: { fuzzyBelow: 3 } })
  few.put(documentOf('right', 'an elephant'))
  for (const name of ['one', 'two']) few.put(documentOf(name, 'some elefant'))
  assert.ok(idsOf(search(few, 'elefant')).includes('right'))
  few.put(documentOf('three', 'another elefant'))
  assert.ok(!idsOf(search(few, 'elefant')).includes('right'))
})

test('a stop word that is all of a query is found however many have it', () => {
  const retriever = createRetriever({ params: { fuzzyPostingsMax: 10 } })
  for (let n = 0; n < 50; n++) retriever.put(documentOf(`d${n}`, `the owl ${n}`))
  assert.equal(search(retriever, 'the').total, 50)
})
