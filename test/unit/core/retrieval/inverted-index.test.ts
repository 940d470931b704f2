import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInvertedIndex } from '../../../../src/core/retrieval/inverted-index.ts'

const bag = (counts: Record<string, number>) => new Map(Object.entries(counts))

function postingsOf(index: ReturnType<typeof createInvertedIndex>, feature: string) {
  const ordinals = new Int32Array(10)
  const counts = new Int32Array(10)
  const length = index.read(index.list(feature), ordinals, counts)
  return [...ordinals.slice(0, length)].map((ordinal, i) => [ordinal, counts[i]])
}

test('removing takes an entry out of every statistic at once', () => {
  const index = createInvertedIndex()
  index.add(0, bag({ owl: 2, fox: 1 }))
  index.add(1, bag({ owl: 1 }))
  assert.deepEqual([index.documents, index.meanLength, index.frequency(index.list('owl'))], [2, 2, 2])
  index.remove(0, bag({ owl: 2, fox: 1 }))
  assert.deepEqual([index.documents, index.meanLength, index.frequency(index.list('owl'))], [1, 1, 1])
  assert.equal(index.list('fox'), -1)
})

test('renumbering drops dead postings and features and keeps the rest', () => {
  const index = createInvertedIndex()
  index.add(0, bag({ owl: 2, fox: 1 }))
  index.add(1, bag({ owl: 3 }))
  index.add(2, bag({ hen: 1, owl: 1 }))
  index.remove(0, bag({ owl: 2, fox: 1 }))
  index.renumber(Int32Array.of(-1, 0, 1))
  assert.deepEqual(postingsOf(index, 'owl'), [
    [0, 3],
    [1, 1],
  ])
  assert.deepEqual([...index.lengths.slice(0, 2)], [3, 2])
  assert.equal(index.list('fox'), -1)
  index.add(2, bag({ fox: 1 }))
  assert.deepEqual(postingsOf(index, 'fox'), [[2, 1]])
  assert.deepEqual([index.documents, index.meanLength], [3, 2])
})

test('members of every object are features like any other', () => {
  const index = createInvertedIndex()
  assert.equal(index.list('constructor'), -1)
  index.add(0, bag({ constructor: 1, toString: 1 }))
  assert.deepEqual(postingsOf(index, 'constructor'), [[0, 1]])
})
