/** While a spore reads its store, its server answers searches and tells everybody else to come again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './support.ts'

test('every route but the search and the sign of life waits until the spore is open', async () => {
  let isOpen = false
  await using served = await serve({ isOpen: () => isOpen })
  const { app, spore } = served
  await spore.remember({ text: 'the lamp of the lighthouse' })
  const get = (url: string) => app.inject({ method: 'GET', url })

  const found = await get('/api/memory/search?q=lamp')
  assert.equal(found.statusCode, 200)
  assert.equal(found.json().hits.length, 1)
  assert.equal((await get('/livez')).statusCode, 200)

  const asked = app.routeTable.filter(({ url }) => !['/livez', '/api/memory/search'].includes(url))
  assert.ok(asked.length > 30)
  for (const { method, url } of asked) {
    const reply = await app.inject({ method: method as 'GET', url: url.replaceAll(/:\w+|\*/g, 'x') })
    assert.equal(reply.statusCode, 503, `${method} ${url}: ${reply.body}`)
    assert.equal(reply.headers['retry-after'], '1')
    if (method !== 'HEAD') assert.equal(reply.json().code, 'OVERLOADED')
  }
  isOpen = true
  assert.equal((await get('/readyz')).statusCode, 200)
  assert.equal((await get('/api/health')).statusCode, 200)
})
