import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createRetriever,
  type RetrievalDocument,
  type Retriever,
} from '../../../../src/core/retrieval/retriever.ts'
import { digestOf, documentOf, idsOf, nameOf, provenanceOf, search } from './fixtures.ts'

const words = [
  'tower',
  'bridge',
  'rivers',
  'running',
  'the',
  'Ann',
  'fooBar',
  '猫が好き',
  'constructor',
  'a/b.ts:1',
]
const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }).map((each) => each.join(' '))
const document = (id: number) =>
  fc
    .record({
      text,
      thread: fc.constantFrom(null, 't1', 't2'),
      position: fc.option(fc.nat({ max: 4 })),
      speaker: fc.constantFrom(null, 'Ann', 'Bob'),
      sources: fc.array(
        fc.nat({ max: 9 }).map((n) => `d${n}`),
        { maxLength: 2 },
      ),
    })
    .map(({ text, ...rest }) => documentOf(`d${id}`, text, rest))
const collection = fc.tuple(...Array.from({ length: 10 }, (_, id) => document(id)))

function filled(documents: readonly RetrievalDocument[]): Retriever {
  const retriever = createRetriever()
  for (const each of documents) retriever.put(each)
  return retriever
}

/** Everything a search says, but for the order of keys. */
const said = (retriever: Retriever, query: string) => search(retriever, query, {}, 20)

test('after any history a retriever answers as one built from what is left, in any order', () => {
  const steps = fc.array(fc.record({ id: fc.nat({ max: 9 }), isPut: fc.boolean() }), { maxLength: 40 })
  fc.assert(
    fc.property(collection, steps, text, fc.boolean(), (documents, history, query, backwards) => {
      const retriever = createRetriever()
      const left = new Set<RetrievalDocument>()
      for (const { id, isPut } of history) {
        if (isPut) {
          retriever.put(documents[id]!)
          left.add(documents[id]!)
        } else {
          retriever.remove(documents[id]!.id)
          left.delete(documents[id]!)
        }
      }
      const fresh = filled(backwards ? [...left].reverse() : [...left])
      assert.equal(retriever.documents, left.size)
      assert.deepEqual(said(retriever, query), said(fresh, query))
      assert.deepEqual(said(retriever, ''), said(fresh, ''))
    }),
    { numRuns: 200 },
  )
})

test('answers the same across compactions', () => {
  const make = (n: number) =>
    documentOf(`id${n}`, `number ${n} of many ${words[n % words.length]}`, {
      thread: `t${n % 7}`,
      position: n,
    })
  const churned = createRetriever()
  for (let n = 0; n < 4000; n++) churned.put(make(n))
  for (let n = 0; n < 4000; n++) if (n % 10 !== 3) churned.remove(make(n).id)
  const before = churned.bytes
  assert.ok(churned.tidy(100))
  // Meanwhile: one that was moved goes, one that was not does, one comes.
  for (const n of [3, 3993]) churned.remove(make(n).id)
  churned.put(make(4001))
  while (churned.tidy(100));
  assert.ok(churned.bytes < before / 2)
  assert.ok(!churned.tidy(100))
  for (let n = 0; n < 20; n++) churned.put(make(n))
  const left = Array.from({ length: 4002 }, (_, n) => n).filter(
    (n) => n < 20 || n === 4001 || (n % 10 === 3 && n < 3993),
  )
  const fresh = filled(left.map(make))
  assert.equal(churned.documents, left.length)
  for (const query of ['number 13', 'running', 'many', 'a/b.ts:1']) {
    assert.deepEqual(said(churned, query), said(fresh, query))
  }
})

test('what was put is found by the next search, what was removed is not, what was put again is', () => {
  const retriever = createRetriever()
  const owl = documentOf('owl', 'The owl sleeps at noon')
  assert.deepEqual(idsOf(search(retriever, 'owls')), [])
  retriever.put(owl)
  assert.deepEqual(idsOf(search(retriever, 'owls')), ['owl'])
  retriever.remove(owl.id)
  assert.deepEqual(idsOf(search(retriever, 'owls')), [])
  assert.equal(retriever.documents, 0)
  retriever.remove(owl.id)
  retriever.put(owl)
  assert.deepEqual(idsOf(search(retriever, 'owls')), ['owl'])
})

test('putting a known id replaces its provenance and nothing else', () => {
  const retriever = createRetriever()
  retriever.put(documentOf('a', 'an owl'))
  retriever.put(documentOf('a', 'another text', { provenance: [provenanceOf('commons')] }))
  assert.equal(retriever.documents, 1)
  assert.equal(search(retriever, 'owl').hits[0]?.provenance.space, 'commons')
  assert.equal(search(retriever, 'another text').total, 0)
})

test('an empty query lists the newest, equal times by id', () => {
  const retriever = filled([
    documentOf('b', 'one', { provenance: [provenanceOf('private', 'x', 5)] }),
    documentOf('c', 'two', { provenance: [provenanceOf('private', 'x', 9)] }),
    documentOf('a', 'three', { provenance: [provenanceOf('private', 'x', 5)] }),
  ])
  const reply = search(retriever, ' \n', {}, 2)
  assert.equal(reply.mode, 'newest')
  assert.equal(reply.total, 3)
  assert.deepEqual(idsOf(reply), ['c', 'a'])
})

test('equal scores stand in the order of their ids', () => {
  const retriever = filled(['c', 'a', 'B', 'b'].map((id) => documentOf(id, 'the same text')))
  assert.deepEqual(idsOf(search(retriever, 'same')), ['B', 'a', 'b', 'c'])
})

test('returns no more than asked for and counts all', () => {
  const retriever = filled(Array.from({ length: 30 }, (_, n) => documentOf(`d${n}`, `owl ${n}`)))
  const reply = search(retriever, 'owl', {}, 3)
  assert.equal(reply.hits.length, 3)
  assert.equal(reply.total, 30)
})

test('finds misspelt words, parts of identifiers, Japanese, emoji and stop words', () => {
  const retriever = filled([
    documentOf('spelling', 'the aeroelastic behaviour of wings'),
    documentOf('code', 'see readTheManifest in src/core/store.ts:120'),
    documentOf('japanese', '私は東京に住んでいます'),
    documentOf('emoji', 'we won 🎉'),
    documentOf('hamlet', 'to be or not to be'),
    documentOf('other', 'nothing of that kind'),
  ])
  for (const [query, id] of [
    ['aeroelastik', 'spelling'],
    ['manifest', 'code'],
    ['readTheManifest', 'code'],
    ['store.ts', 'code'],
    ['src/core/store.ts:120', 'code'],
    ['東京', 'japanese'],
    ['京', 'japanese'],
    ['🎉', 'emoji'],
    ['to be or not to be', 'hamlet'],
  ] as const) {
    assert.equal(idsOf(search(retriever, query))[0], id, query)
  }
})

test('a text that matches more of the query passes one that repeats a part of it', () => {
  const retriever = filled([
    documentOf('repeats', 'wing wing wing wing'),
    documentOf('covers', 'wing flutter of slender bodies'),
    documentOf('other', 'flutter is not a subject here at all'),
  ])
  assert.equal(idsOf(search(retriever, 'wing flutter'))[0], 'covers')
})

test('feedback finds a related text for a long query', () => {
  const related = documentOf('related', 'zephyr quagmire')
  const documents = [
    documentOf('hit', 'granite obelisk harvest lantern meadow copper saddle zephyr quagmire zephyr quagmire'),
    related,
    ...Array.from({ length: 20 }, (_, n) => documentOf(`n${n}`, `unlike number${n}`)),
  ]
  const query = 'granite obelisk harvest lantern meadow copper saddle'
  assert.deepEqual(idsOf(search(filled(documents), query)), ['hit', 'related'])
  const without = createRetriever({ params: { feedbackWeight: 0 } })
  for (const each of documents) without.put(each)
  assert.ok(!idsOf(search(without, query)).includes('related'))
  assert.ok(!idsOf(search(filled(documents), 'granite obelisk')).includes('related'))
})

test('explains each score by summands and factors', () => {
  const retriever = filled([
    documentOf('a', 'Where is the tower?', { thread: 't', position: 1, speaker: 'Ann' }),
    documentOf('b', 'The tower stands by the river', {
      thread: 't',
      position: 2,
      speaker: 'Bob',
      sources: ['a'],
    }),
  ])
  for (const { score, parts } of search(retriever, 'Ann tower').hits) {
    const { terms, grams, feedback, neighbours, links, thread, speaker, trust, age } = parts as Record<
      string,
      number
    >
    const sum = terms! + grams! + feedback! + neighbours! + links! + thread!
    assert.ok(Math.abs(sum * speaker! * trust! * age! - score) < 1e-12)
  }
  const [plain] = retriever.search({ text: 'tower', limit: 1, scope: {}, explain: false }).hits
  assert.ok(plain !== undefined && !('parts' in plain))
})

test('weighs hits by their author', () => {
  const retriever = createRetriever({ weightOf: (author) => (author === 'did:key:zLiar' ? 0.5 : 1) })
  retriever.put(documentOf('a', 'tower', { provenance: [provenanceOf('commons', 'did:key:zLiar')] }))
  retriever.put(documentOf('b', 'tower', { provenance: [provenanceOf('commons', 'did:key:zHonest')] }))
  const { hits } = search(retriever, 'tower')
  assert.deepEqual(
    hits.map(({ id }) => nameOf(id)),
    ['b', 'a'],
  )
  assert.equal(hits[1]!.score, hits[0]!.score / 2)
})

test('hostile texts are indexed, found and removed without harm', () => {
  const kib64 = 64 * 1024
  const hostile = [
    'constructor __proto__ toString hasOwnProperty',
    '\ud800 lone \udfff surrogates \ud83c',
    'x'.repeat(kib64),
    'aB'.repeat(kib64 / 2),
    'a/'.repeat(kib64 / 2),
    "'".repeat(kib64),
    "a'".repeat(kib64 / 2),
    '東'.repeat(kib64 / 3),
    'ﷺ'.repeat(kib64 / 3),
    '\u0000\u0007\u202e control',
    '👩‍👩‍👧‍👦'.repeat(1000),
    'b'.repeat(39) + 'y'.repeat(kib64 - 39),
    `${'bcdfg'.repeat(kib64 / 5)}`,
  ]
  const retriever = createRetriever()
  retriever.put(documentOf('calm', 'a calm text about towers'))
  const before = search(retriever, 'towers')
  for (const [n, each] of hostile.entries()) retriever.put(documentOf(`h${n}`, each))
  assert.equal(idsOf(search(retriever, 'constructor'))[0], 'h0')
  assert.equal(idsOf(search(retriever, '__proto__'))[0], 'h0')
  assert.equal(idsOf(search(retriever, 'surrogates'))[0], 'h1')
  assert.equal(idsOf(search(retriever, 'x'.repeat(kib64)))[0], 'h2')
  for (const each of hostile) {
    for (const { score } of search(retriever, each).hits) assert.ok(Number.isFinite(score))
  }
  for (const n of hostile.keys()) retriever.remove(digestOf(`h${n}`))
  assert.deepEqual(search(retriever, 'towers'), before)
})

test('terms of a query beyond the bound do not count', () => {
  const retriever = createRetriever({ params: { queryTermsMax: 2, gramWeight: 0 } })
  retriever.put(documentOf('a', 'granite'))
  retriever.put(documentOf('b', 'lantern'))
  assert.deepEqual(idsOf(search(retriever, 'obelisk granite lantern')), ['a'])
})

test('grams beyond the budget are not read', () => {
  const documents = Array.from({ length: 5 }, (_, n) => documentOf(`d${n}`, `aeroelastic${'bcdef'[n]}`))
  const matches = (gramPostingsMax: number) => {
    const retriever = createRetriever({ params: { gramPostingsMax } })
    for (const each of documents) retriever.put(each)
    return search(retriever, 'aeroel').total
  }
  // Five words for each of five grams.
  assert.equal(matches(25), 5)
  assert.equal(matches(4), 0)
})
