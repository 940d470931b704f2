/** Search by meaning over HTTP, on a spore without a model: what was asked for is said not to be there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SearchReply } from '../../../src/core/protocol/api.ts'
import { serve } from './support.ts'

test('a search by meaning alone is refused, one by both is answered by words and says so', async () => {
  await using served = await serve()
  await served.spore.remember({ text: 'a kitten' })
  const get = async (query: string) => {
    const reply = await served.app.inject({ url: `/api/memory/search?${query}` })
    return { status: reply.statusCode, body: reply.json() as SearchReply & { code?: string } }
  }
  const dense = await get('q=kitten&mode=dense')
  assert.deepEqual([dense.status, dense.body.code], [409, 'EMBEDDINGS_OFF'])
  const hybrid = await get('q=kitten&mode=hybrid')
  assert.deepEqual(
    [hybrid.status, hybrid.body.mode, hybrid.body.hits.length, hybrid.body.degraded?.code],
    [200, 'lexical', 1, 'EMBEDDINGS_OFF'],
  )
  for (const query of ['q=kitten', 'q=kitten&mode=lexical']) {
    const { body } = await get(query)
    assert.deepEqual([body.mode, body.degraded], ['lexical', undefined], query)
  }
  assert.equal((await get('q=kitten&mode=guess')).status, 400)
})

test('nothing is embedded again where nothing is embedded', async () => {
  await using served = await serve()
  const reply = await served.app.inject({ method: 'POST', url: '/api/reindex' })
  assert.deepEqual([reply.statusCode, reply.json().code], [409, 'EMBEDDINGS_OFF'])
  const health = await served.app.inject({ url: '/api/health' })
  assert.equal('embeddings' in health.json(), false)
})
