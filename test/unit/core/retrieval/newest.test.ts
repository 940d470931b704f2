import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import { COUNTED_MAX } from '../../../../src/core/retrieval/newest.ts'
import { createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'
import { digestOf, documentOf, idsOf, nameOf, provenanceOf, search } from './fixtures.ts'

const team = new Set(['team' as SpaceId])

test('the newest inside a scope are listed in whatever order they came, by the time that the scope shows', (t) => {
  const seed = testSeed()
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const retriever = createRetriever()
  const times = new Map<string, number>()
  for (let n = 0; n < 500; n++) {
    const said = ['team', 'commons', 'team']
      .slice(0, random.integer(1, 3))
      .map((space) => provenanceOf(space, `did:key:z${random.integer(0, 3)}`, random.integer(0, 200)))
    retriever.put(documentOf(`d${n}`, 'owl', { provenance: said }))
    const inTeam = said.filter(({ space }) => space === 'team')
    times.set(`d${n}`, Math.min(...inTeam.map(({ atMs }) => atMs)))
    if (random.integer(0, 4) === 0) {
      const gone = `d${random.integer(0, n)}`
      retriever.remove(digestOf(gone))
      times.delete(gone)
    }
  }
  const wanted = [...times.keys()].sort((a, b) => times.get(b)! - times.get(a)! || (a < b ? -1 : 1))
  const reply = search(retriever, ' ', { spaces: team }, 20)
  assert.deepEqual(idsOf(reply), wanted.slice(0, 20))
  assert.deepEqual([reply.total, reply.isTotalExact], [wanted.length, true])
})

test('so many are counted, and no more; all of them where nothing is left out', () => {
  const retriever = createRetriever()
  const put = (n: number): void =>
    retriever.put(documentOf(`d${n}`, '!', { provenance: [provenanceOf('team', 'did:key:z1', n)] }))
  for (let n = 0; n <= COUNTED_MAX; n++) put(n)
  const full = search(retriever, '', { spaces: team }, 1)
  assert.deepEqual([full.total, full.isTotalExact], [COUNTED_MAX + 1, true])
  put(COUNTED_MAX + 1)
  const more = search(retriever, '', { spaces: team }, 1)
  assert.deepEqual([more.total, more.isTotalExact], [COUNTED_MAX + 1, false])
  assert.equal(nameOf(more.hits[0]!.id), `d${COUNTED_MAX + 1}`)
  const open = search(retriever, '', {}, 1)
  assert.deepEqual([open.total, open.isTotalExact], [COUNTED_MAX + 2, true])
})
