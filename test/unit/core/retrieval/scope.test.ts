import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import {
  createRetriever,
  type RetrievalDocument,
  type Scope,
} from '../../../../src/core/retrieval/retriever.ts'
import { documentOf, idsOf, nameOf, provenanceOf, search } from './fixtures.ts'

const spaces = ['private', 'commons', 'team']
const authors = ['did:key:zAliceAAAAAAA1', 'did:key:zBobBBBBBBBBB2']
const tags = ['red', 'blue']
const threads = ['t1', 't2']

const provenance = fc
  .tuple(fc.constantFrom(...spaces), fc.constantFrom(...authors), fc.nat({ max: 10 }))
  .map(([space, author, atMs]) => provenanceOf(space, author, atMs))

const documents = fc
  .array(
    fc.record({
      text: fc.constantFrom('owl tower', 'owl', 'river tower bank', 'the owls of the river'),
      tags: fc.subarray(tags),
      thread: fc.option(fc.constantFrom(...threads)),
      position: fc.option(fc.nat({ max: 5 })),
      provenance: fc.array(provenance, { minLength: 1, maxLength: 3 }),
      sources: fc.array(
        fc.nat({ max: 11 }).map((n) => `d${n}`),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map(({ text, ...rest }, n) => documentOf(`d${n}`, text, rest)))

const scope: fc.Arbitrary<Scope> = fc.record(
  {
    spaces: fc.subarray(spaces).map((list) => new Set(list as SpaceId[])),
    authors: fc.subarray([...authors, authors[0]!.slice(-8)]).map((list) => new Set(list)),
    tags: fc.subarray(tags),
    thread: fc.constantFrom(...threads),
    sinceMs: fc.nat({ max: 10 }),
    untilMs: fc.nat({ max: 10 }),
  },
  { requiredKeys: [] },
)

/** The rule, written a second time and plainly. */
function isInside({ tags, thread, provenance }: RetrievalDocument, scope: Scope): boolean {
  if (scope.tags && !scope.tags.every((tag) => tags.includes(tag))) return false
  if (scope.thread !== undefined && thread !== scope.thread) return false
  return provenance.some(
    ({ space, author, atMs }) =>
      (!scope.spaces || scope.spaces.has(space)) &&
      (!scope.authors || [...scope.authors].some((each) => each === author || each === author.slice(-8))) &&
      atMs >= (scope.sinceMs ?? 0) &&
      atMs <= (scope.untilMs ?? 100),
  )
}

function filled(list: readonly RetrievalDocument[]) {
  const retriever = createRetriever()
  for (const each of list) retriever.put(each)
  return retriever
}

test('a reply holds what is inside the scope and nothing else, with a provenance from inside', () => {
  fc.assert(
    fc.property(documents, scope, fc.constantFrom('owl', 'tower river', 'owls', ''), (list, scope, query) => {
      const reply = search(filled(list), query, scope, 100)
      for (const hit of reply.hits) {
        const document = list.find(({ id }) => id === hit.id)!
        assert.ok(isInside(document, scope))
        assert.ok(isInside({ ...document, provenance: [hit.provenance] }, scope))
        assert.ok(document.provenance.some((each) => isDeepStrictEqual(each, hit.provenance)))
      }
      assert.equal(reply.total, reply.hits.length)
      const inside = list.filter((document) => isInside(document, scope))
      if (query === '') assert.equal(reply.total, inside.length)
      if (query === 'owl') {
        const matching = inside.filter(({ text }) => text.includes('owl')).map(({ id }) => nameOf(id))
        for (const id of matching) assert.ok(idsOf(reply).includes(id))
      }
    }),
    { numRuns: 500 },
  )
})

test('what is outside of the scope changes neither which entries match nor the context of place', () => {
  fc.assert(
    fc.property(documents, scope, fc.constantFrom('owl', 'river'), (list, scope, query) => {
      const inside = list.filter((document) => isInside(document, scope))
      const whole = search(filled(list), query, scope, 100)
      const alone = search(filled(inside), query, {}, 100)
      assert.deepEqual(idsOf(whole).sort(), idsOf(alone).sort())
    }),
    { numRuns: 300 },
  )
})

test('an empty reply names the filters that removed hits, and only those', () => {
  const retriever = filled([
    documentOf('a', 'an owl', {
      tags: ['red'],
      thread: 't',
      provenance: [provenanceOf('commons', authors[0], 50)],
    }),
    documentOf('b', 'a river', { provenance: [provenanceOf('team', authors[1], 50)] }),
  ])
  const removers = (scope: Scope, query = 'owl') => search(retriever, query, scope).removedBy
  const team = new Set(['team' as SpaceId])
  assert.deepEqual(removers({ spaces: team }), ['spaces'])
  assert.deepEqual(removers({ spaces: team, tags: ['red'] }), ['spaces'])
  assert.deepEqual(removers({ spaces: team, tags: ['blue'], thread: 'x' }), ['spaces', 'tags', 'thread'])
  assert.deepEqual(removers({ sinceMs: 51 }), ['since'])
  assert.deepEqual(removers({ untilMs: 49, authors: new Set([authors[1]!]) }), ['authors', 'until'])
  assert.deepEqual(removers({ spaces: team }, 'zebra'), [])
  assert.deepEqual(removers({}, 'zebra'), [])
  assert.deepEqual(removers({ tags: ['blue'] }, ''), ['tags'])
})

test('filters that are met by different provenances only are all named', () => {
  const retriever = filled([
    documentOf('a', 'an owl', {
      provenance: [provenanceOf('commons', authors[0]), provenanceOf('team', authors[1])],
    }),
  ])
  const scope = { spaces: new Set(['commons' as SpaceId]), authors: new Set([authors[1]!]) }
  assert.deepEqual(search(retriever, 'owl', scope).removedBy, ['authors', 'spaces'])
})

test('a hit shows its earliest provenance inside the scope', () => {
  const retriever = filled([
    documentOf('a', 'owl', {
      provenance: [
        provenanceOf('team', 'x', 30),
        provenanceOf('commons', 'x', 10),
        provenanceOf('team', 'x', 20),
      ],
    }),
  ])
  assert.equal(search(retriever, 'owl').hits[0]?.provenance.atMs, 10)
  assert.equal(
    search(retriever, 'owl', { spaces: new Set(['team' as SpaceId]) }).hits[0]?.provenance.atMs,
    20,
  )
})

test('what only a common word finds is found in a narrow scope, however little is to be read', () => {
  const retriever = createRetriever({ params: { postingsMax: 4000 } })
  for (let n = 0; n < 5000; n++)
    retriever.put(documentOf(`d${n}`, 'owl tower', { provenance: [provenanceOf('team')] }))
  retriever.put(documentOf('inside', 'a tower'))
  const narrow = search(retriever, 'owl tower', { spaces: new Set(['private' as SpaceId]) })
  assert.deepEqual(idsOf(narrow), ['inside'])
  assert.ok(narrow.isTotalExact)
  const wide = search(retriever, 'owl tower')
  assert.ok(!wide.isTotalExact && wide.total >= 5000)
})
