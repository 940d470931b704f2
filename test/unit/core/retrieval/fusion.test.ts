/** What meaning finds and what words find come together as one score, within the scope and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRetriever, type Retriever } from '../../../../src/core/retrieval/retriever.ts'
import { digestOf, documentOf, idsOf } from './fixtures.ts'

function filled(denseWeight = 1): Retriever {
  const retriever = createRetriever({ params: { denseWeight } })
  retriever.put(documentOf('words', 'the tyres of a car'))
  retriever.put(documentOf('both', 'a car in the rain', { tags: ['inside'] }))
  retriever.put(documentOf('meaning', 'an automobile', { tags: ['inside'] }))
  retriever.put(documentOf('neither', 'bread with salt', { tags: ['inside'] }))
  return retriever
}

const cosines = (all: Readonly<Record<string, number>>) =>
  new Map(Object.entries(all).map(([name, cosine]) => [digestOf(name), cosine]))
const CLOSE = cosines({ meaning: 0.9, both: 0.85, neither: 0.7 })
const query = { text: 'car', limit: 10, scope: {}, isFolded: false, explain: true } as const

test('what both find stands first, then what either does, and each hit shows its part', () => {
  const reply = filled().search({ ...query, dense: CLOSE })
  assert.equal(reply.mode, 'hybrid')
  assert.deepEqual(idsOf(reply), ['both', 'words', 'meaning', 'neither'])
  const parts = Object.fromEntries(reply.hits.map(({ parts }, i) => [idsOf(reply)[i], parts?.dense]))
  assert.equal(parts.meaning, 1)
  assert.ok(Math.abs(parts.both! - 0.75) < 1e-9, 'a share of the way from the least to the most')
  assert.ok(parts.neither! > 0 && parts.neither! < 1e-3, 'the last one hardly counts')
  assert.equal(parts.words, 0)
  assert.equal(reply.total, 4)
})

test('by meaning alone nothing else counts, and without it or the part it is as ever', () => {
  const dense = filled().search({ ...query, dense: CLOSE, mode: 'dense' })
  assert.deepEqual([dense.mode, ...idsOf(dense)], ['dense', 'meaning', 'both', 'neither'])
  assert.equal(dense.total, 3)
  const plain = filled().search(query)
  const without = filled().search({ ...query, dense: CLOSE, without: new Set(['dense'] as const) })
  assert.deepEqual(without, plain)
  assert.equal(plain.mode, 'lexical')
})

test('its weight decides between the two', () => {
  const of = (weight: number) => idsOf(filled(weight).search({ ...query, dense: CLOSE }))
  assert.ok(of(5).indexOf('meaning') < of(5).indexOf('words'))
  assert.ok(of(0.1).indexOf('words') < of(0.1).indexOf('meaning'))
})

test('what is outside of the scope, unknown or forgotten is not found by meaning either', () => {
  const retriever = filled()
  const all = cosines({ words: 0.99, meaning: 0.9, both: 0.8, stranger: 1 })
  const scope = { tags: ['inside'] }
  assert.deepEqual(idsOf(retriever.search({ ...query, scope, dense: all, mode: 'dense' })), [
    'meaning',
    'both',
  ])
  retriever.remove(digestOf('meaning'))
  assert.deepEqual(idsOf(retriever.search({ ...query, scope, dense: all, mode: 'dense' })), ['both'])
  assert.deepEqual(retriever.search({ ...query, scope, dense: new Map(), mode: 'dense' }).hits, [])
})

test('a scope lists what is inside of it, page by page, and knows each', () => {
  const retriever = createRetriever()
  const names = Array.from({ length: 9000 }, (_, i) => `n${i}`)
  for (const [i, name] of names.entries())
    retriever.put(documentOf(name, `text ${i}`, { tags: i % 3 === 0 ? ['third'] : [] }))
  retriever.remove(digestOf('n6'))
  const inside = retriever.inside({ tags: ['third'] })
  const found: string[] = []
  for (let from: number | null = 0; from !== null; ) {
    const page: { ids: readonly string[]; next: number | null } = inside.page(from)
    found.push(...page.ids)
    from = page.next
  }
  const expected = names.filter((_, i) => i % 3 === 0 && i !== 6).map((name) => digestOf(name) as string)
  assert.deepEqual(found.sort(), expected.sort())
  assert.deepEqual(
    ['n3', 'n4', 'n6', 'none'].map((name) => inside.has(digestOf(name))),
    [true, false, false, false],
  )
  assert.ok(retriever.inside({}).has(digestOf('n4')))
})
