import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import { createRetriever, type RetrievalDocument } from '../../../../src/core/retrieval/retriever.ts'
import { documentOf, idsOf, nameOf, provenanceOf, search } from './fixtures.ts'

function filled(...documents: RetrievalDocument[]) {
  const retriever = createRetriever()
  for (const each of documents) retriever.put(each)
  return retriever
}

const turn = (
  id: string,
  position: number,
  text: string,
  changes: Partial<Omit<RetrievalDocument, 'sources'>> = {},
) => documentOf(id, text, { thread: 'chat', position, ...changes })

test('neighbours of a hit in its thread are lifted, the nearer the higher, others are not', () => {
  const retriever = filled(
    turn('d', 40, 'with my sister'),
    turn('c', 30, 'in Kyoto'),
    turn('b', 20, 'Where was the wedding?'),
    turn('a', 10, 'hello'),
    turn('e', 50, 'far away'),
    documentOf('elsewhere', 'something else', { thread: 'other', position: 20 }),
  )
  const { hits } = search(retriever, 'wedding')
  assert.deepEqual(
    hits.map(({ id }) => nameOf(id)),
    ['b', 'a', 'c', 'd'],
  )
  const parts = Object.fromEntries(hits.map((hit) => [nameOf(hit.id), hit.parts!.neighbours]))
  assert.equal(parts.a, parts.c)
  assert.equal(parts.d, parts.a! / 2)
})

test('a removed entry no longer stands between two others', () => {
  const retriever = filled(
    turn('a', 1, 'wedding'),
    turn('b', 2, 'x1'),
    turn('c', 3, 'x2'),
    turn('d', 4, 'x3'),
  )
  assert.deepEqual(idsOf(search(retriever, 'wedding')), ['a', 'b', 'c'])
  retriever.remove(turn('b', 2, '').id)
  assert.deepEqual(idsOf(search(retriever, 'wedding')), ['a', 'c', 'd'])
})

test('an entry outside of the scope neither lends its score nor takes a place', () => {
  const foreign = { provenance: [provenanceOf('team')] }
  const retriever = filled(
    turn('a', 1, 'wedding'),
    turn('b', 2, 'wedding', foreign),
    turn('c', 3, 'x1'),
    turn('d', 4, 'x2'),
    turn('e', 5, 'x3'),
  )
  const reply = search(retriever, 'wedding', { spaces: new Set(['private' as SpaceId]) })
  assert.deepEqual(idsOf(reply), ['a', 'c', 'd'])
  assert.equal(
    reply.hits[1]!.parts!.neighbours,
    0.5 * reply.hits[0]!.parts!.terms! + 0.5 * reply.hits[0]!.parts!.grams!,
  )
})

test('entries without a position have no neighbours', () => {
  const retriever = filled(
    documentOf('a', 'wedding', { thread: 'chat' }),
    documentOf('b', 'x', { thread: 'chat' }),
  )
  assert.deepEqual(idsOf(search(retriever, 'wedding')), ['a'])
})

test('of equal entries the one in the thread about it stands higher', () => {
  const retriever = filled(
    documentOf('a', 'it rained', { thread: 'one', position: 1 }),
    documentOf('x', 'x', { thread: 'one', position: 9 }),
    documentOf('b', 'it rained', { thread: 'two', position: 1 }),
    ...[3, 4, 5].map((n) => documentOf(`x${n}`, 'x', { thread: 'two', position: n })),
    documentOf('y', 'the harvest', { thread: 'two', position: 9 }),
  )
  const hits = search(retriever, 'rained harvest').hits.filter(({ id }) => 'ab'.includes(nameOf(id)))
  assert.deepEqual(
    hits.map(({ id }) => nameOf(id)),
    ['b', 'a'],
  )
  assert.ok(hits[0]!.parts!.thread! > hits[1]!.parts!.thread!)
})

test('what the named person said stands above what others said', () => {
  const retriever = filled(
    documentOf('a', 'I went to the lake', { speaker: 'Bob Miller' }),
    documentOf('b', 'I went to the lake', { speaker: 'Ann Smith' }),
  )
  const [first, second] = search(retriever, 'Where did Ann go, to the lake?').hits
  assert.equal(first && nameOf(first.id), 'b')
  assert.equal(first?.parts?.speaker, 1.25)
  assert.equal(second?.parts?.speaker, 1)
})

test('links lend score both ways, the best one counts', () => {
  const retriever = filled(
    documentOf('source', 'measured values'),
    documentOf('claim', 'the wedding', { sources: ['source', 'missing'] }),
    documentOf('claim2', 'the wedding', { sources: ['source'] }),
    documentOf('reply', 'agreed', { sources: ['claim'] }),
  )
  const { hits } = search(retriever, 'wedding')
  const links = Object.fromEntries(hits.map((hit) => [nameOf(hit.id), hit.parts!.links]))
  assert.deepEqual(Object.keys(links).sort(), ['claim', 'claim2', 'reply', 'source'])
  assert.equal(links.source, links.reply)
  assert.equal(links.claim, 0)
})
