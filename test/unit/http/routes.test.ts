import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  healthSchema,
  memoryPageSchema,
  memorySchema,
  searchReplySchema,
  taskPageSchema,
  taskSchema,
} from '../../../src/core/protocol/api.ts'
import { LABELS_MAX } from '../../../src/core/protocol/limits.ts'
import { JSON_TYPE, NDJSON_TYPE, type Served, serve } from './support.ts'

async function ask(served: Served, method: 'GET' | 'POST' | 'DELETE', url: string, body?: object) {
  const reply = await served.app.inject({
    method,
    url,
    ...(body ? { headers: JSON_TYPE, payload: JSON.stringify(body) } : {}),
  })
  return { status: reply.statusCode, body: reply.json() }
}

test('a remembered text is a duplicate the second time, is found, shown and retracted', async () => {
  await using served = await serve()
  const text = 'The frontier of a log is the sequence number expected next.'
  const first = await ask(served, 'POST', '/api/memory', {
    text,
    tags: ['log'],
    thread: 'notes',
    position: 3,
  })
  assert.deepEqual(first, { status: 201, body: { id: first.body.id, duplicate: false } })
  const again = await ask(served, 'POST', '/api/memory', {
    text,
    tags: ['log'],
    thread: 'notes',
    position: 3,
  })
  assert.deepEqual(again, { status: 201, body: { id: first.body.id, duplicate: true } })

  const memory = await ask(served, 'GET', `/api/memory/${first.body.id}`)
  assert.equal(memory.status, 200)
  const view = memorySchema.parse(memory.body)
  assert.equal(view.text, text)
  assert.deepEqual([view.tags, view.thread, view.position, view.trust], [['log'], 'notes', 3, 1])

  const found = await ask(served, 'GET', '/api/memory/search?q=frontier&tags=log&explain=true')
  const { hits, total } = searchReplySchema.parse(found.body)
  assert.deepEqual([hits[0]?.id, total], [first.body.id, 1])
  assert.ok(hits[0]?.parts)

  const retracted = await ask(served, 'DELETE', `/api/memory/${first.body.id}`)
  assert.deepEqual([retracted.status, retracted.body.visible], [200, false])
  assert.equal((await ask(served, 'GET', `/api/memory/${first.body.id}`)).body.code, 'MEMORY_NOT_FOUND')
})

test('a filter by kind keeps memories in or leaves everything out; an unknown kind is refused by name', async () => {
  await using served = await serve()
  await ask(served, 'POST', '/api/memory', { text: 'the heron nests above the mill' })
  const found = async (query: string) => (await ask(served, 'GET', `/api/memory/search?q=heron${query}`)).body
  assert.equal((await found('&kinds=memory')).total, 1)
  assert.equal((await found('&kinds=task,memory')).total, 1)
  const { hits, total, removedBy } = await found('&kinds=task')
  assert.deepEqual({ hits, total, removedBy }, { hits: [], total: 0, removedBy: ['kinds'] })
  const { status, code, detail } = await found('&kinds=memory,bird')
  assert.deepEqual([status, code], [400, 'REQUEST_INVALID'])
  assert.match(detail, /kinds/)
})

test('the spore refuses by value what the schema of a search refuses, also where no route stands in front', async () => {
  await using served = await serve()
  for (const query of [{ kinds: ['bird'] }, { since: 'yesterday' }, { without: ['luck'] }, { limit: 0 }]) {
    const reply = await served.spore.search(query as object)
    assert.ok(!reply.ok && reply.error.code === 'REQUEST_INVALID')
    assert.match(reply.error.detail, new RegExp(`^${Object.keys(query)[0]}`))
  }
})

test('DELETE with a JSON type and no body is taken', async () => {
  await using served = await serve()
  const { body } = await ask(served, 'POST', '/api/memory', { text: 'short-lived' })
  const reply = await served.app.inject({
    method: 'DELETE',
    url: `/api/memory/${body.id}`,
    headers: JSON_TYPE,
  })
  assert.equal(reply.statusCode, 200)
})

test('items have a result each, in order; a bad one has an error of its own and loses nothing', async () => {
  await using served = await serve()
  const { status, body } = await ask(served, 'POST', '/api/memory', {
    items: [{ text: 'one' }, { text: '' }, { text: 'two', nope: 1 }, 7, { text: 'one' }, { text: 'three' }],
  })
  assert.equal(status, 201)
  const outcome = body.items.map((item: { id?: string; duplicate?: boolean; error?: { code: string } }) =>
    item.error ? item.error.code : item.duplicate,
  )
  assert.deepEqual(outcome, [false, 'TEXT_EMPTY', 'REQUEST_INVALID', 'REQUEST_INVALID', true, false])
  assert.match(body.items[2].error.detail, /body\.items\.2: .*nope/)
  assert.equal(body.items[1].error.status, 400)
  assert.equal(served.spore.health().memories, 2)
})

test('items that all fail are answered all the same', async () => {
  await using served = await serve()
  const { status, body } = await ask(served, 'POST', '/api/memory', { items: [{}, null] })
  assert.equal(status, 201)
  assert.equal(body.items.length, 2)
  assert.equal(served.spore.health().entries, 0)
})

test('each line of NDJSON has a result with its number, blank lines none', async () => {
  await using served = await serve()
  const lines = [
    '{"text":"one"}',
    '',
    '{bad',
    '{"text":"two","nope":1}',
    '{"text":"one"}',
    '{"text":"two"}\r',
  ]
  const reply = await served.app.inject({
    method: 'POST',
    url: '/api/memory',
    headers: NDJSON_TYPE,
    payload: lines.join('\n'),
  })
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.headers['content-type'], 'application/x-ndjson')
  const results = reply.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    results.map(({ line, duplicate, error }) => [line, error?.code ?? duplicate]),
    [
      [1, false],
      [3, 'BODY_MALFORMED'],
      [4, 'REQUEST_INVALID'],
      [5, true],
      [6, false],
    ],
  )
})

test('a task is answered from memories, listed and shown', async () => {
  await using served = await serve()
  await ask(served, 'POST', '/api/memory', { text: 'The capital of Bhutan is Thimphu.' })
  const accepted = await ask(served, 'POST', '/api/task', { task: 'What is the capital of Bhutan?' })
  assert.equal(accepted.status, 201)
  const shown = taskSchema.parse((await ask(served, 'GET', `/api/task/${accepted.body.task_id}`)).body)
  assert.equal(shown.status, 'converged')
  assert.match(shown.answer ?? '', /Thimphu/)
  const page = taskPageSchema.parse((await ask(served, 'GET', '/api/tasks?status=converged&limit=1')).body)
  assert.deepEqual(
    page.tasks.map(({ task_id }) => task_id),
    [accepted.body.task_id],
  )
})

test('pages of memories go on where the cursor says, newest first', async () => {
  await using served = await serve()
  for (const text of ['one', 'two', 'three']) await ask(served, 'POST', '/api/memory', { text })
  const first = memoryPageSchema.parse((await ask(served, 'GET', '/api/memory?limit=2')).body)
  assert.deepEqual([first.memories, first.recent.map(({ text }) => text)], [3, ['three', 'two']])
  assert.ok(first.cursor)
  const second = await ask(served, 'GET', `/api/memory?limit=2&cursor=${encodeURIComponent(first.cursor)}`)
  assert.deepEqual(
    second.body.recent.map(({ text }: { text: string }) => text),
    ['one'],
  )
})

test('health, peers and trust say what there is', async () => {
  await using served = await serve()
  const health = healthSchema.strict().parse((await ask(served, 'GET', '/api/health')).body)
  assert.deepEqual([health.spore, health.version], [served.spore.did, '0.0.0-test'])
  assert.ok(health.rssBytes > 10_000_000)
  assert.deepEqual((await ask(served, 'GET', '/api/peers')).body, { peers: [], found: [] })
  const wanted = '/api/peers?tag=physics,lang-de&role=archive'
  assert.deepEqual((await ask(served, 'GET', wanted)).body, { peers: [], found: [] })
  const words = Array.from({ length: LABELS_MAX + 1 }, (_, i) => `tag=word${i}`)
  for (const query of ['tag=Big', 'tags=physics', 'role=a%20b', words.join('&')]) {
    const refused = await ask(served, 'GET', `/api/peers?${query}`)
    assert.deepEqual([refused.status, refused.body.code], [400, 'REQUEST_INVALID'], query)
  }
  const trust = await ask(served, 'GET', `/api/trust/${served.spore.did}`)
  assert.deepEqual([trust.status, trust.body.trust, trust.body.standing], [200, 1, 'self'])
})

test('probes answer', async () => {
  await using served = await serve()
  assert.deepEqual((await ask(served, 'GET', '/livez')).body, { status: 'live' })
  assert.deepEqual((await ask(served, 'GET', '/readyz')).body, { status: 'ready' })
})
