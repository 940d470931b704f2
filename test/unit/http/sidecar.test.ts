/** `GET /api/sidecar`: figures of the index as it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sidecarSchema } from '../../../src/core/protocol/api-sidecar.ts'
import { hashToken } from '../../../src/http/plugins/access.ts'
import { type Served, serve } from './support.ts'

async function sidecar(served: Served, method: 'GET' | 'POST' = 'GET') {
  const url = method === 'GET' ? '/api/sidecar' : '/api/sidecar/audit'
  const reply = await served.app.inject({ method, url })
  assert.equal(reply.statusCode, 200, reply.body)
  return sidecarSchema.parse(reply.json())
}

test('the sidecar counts what is there, and says null where nothing was measured', async () => {
  await using served = await serve()
  const empty = await sidecar(served)
  assert.deepEqual(
    [empty.entries, empty.behind, empty.bytesPerEntry, empty.searchMs.p50, empty.recall, empty.dense],
    [0, 0, null, null, null, null],
  )
  const { value } = (await served.spore.remember({ text: 'the heron nests above the mill' })) as {
    value: { id: string }
  }
  await served.spore.remember({ text: 'a heron and two owls' })
  const filled = await sidecar(served)
  assert.equal(filled.entries, 2)
  assert.ok(filled.tokens > 5 && filled.terms > 4 && filled.grams > 10, JSON.stringify(filled))
  assert.equal(filled.bytesPerEntry, filled.bytes / 2)
  await served.spore.retract(value.id)
  const after = await sidecar(served)
  assert.deepEqual([after.entries, after.dead, after.segments, after.moving], [1, 1, 1, null])
})

test('searches are timed', async () => {
  await using served = await serve()
  for (let n = 0; n < 3; n++) await served.spore.search({ q: 'heron' })
  const { searches, p50, p99 } = (await sidecar(served)).searchMs
  assert.equal(searches, 3)
  assert.ok(p50 !== null && p99 !== null && p50 >= 0 && p99 >= p50)
})

test('an audit says what searches miss; two at a time are one', async () => {
  await using served = await serve()
  const texts = Array.from({ length: 200 }, (_, n) => ({
    text: `heron number ${n} eats fish ${n % 7} a day`,
  }))
  await served.spore.rememberMany(texts)
  const [first, second] = await Promise.all([sidecar(served, 'POST'), sidecar(served, 'POST')])
  assert.deepEqual(second.recall, first.recall)
  const { at10, questions, entries } = first.recall!
  assert.deepEqual([at10, entries, first.isAuditing], [1, 200, false])
  assert.ok(questions > 0)
  assert.deepEqual((await sidecar(served)).recall, first.recall)
})

test('whoever may not ask this spore learns nothing of it', async () => {
  await using served = await serve({ tokenRequired: true, tokenHashes: () => [hashToken('right')] })
  for (const [method, url] of [
    ['GET', '/api/sidecar'],
    ['POST', '/api/sidecar/audit'],
  ] as const) {
    const reply = await served.app.inject({ method, url })
    assert.deepEqual([reply.statusCode, reply.json().code], [401, 'TOKEN_MISSING'])
  }
})
