import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { problemSchema } from '../../../src/core/protocol/api.ts'
import { ERRORS, type ErrorCode } from '../../../src/core/protocol/errors.ts'
import {
  API_BODY_BYTES_MAX,
  ITEMS_MAX,
  PAGE_MAX,
  QUERY_CHARS_MAX,
  TAGS_MAX,
  TASK_CHARS_MAX,
  TEXT_BYTES_MAX,
} from '../../../src/core/protocol/limits.ts'
import { JSON_TYPE, NDJSON_TYPE, serve } from './support.ts'

const UNKNOWN_ID = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

const post = (url: string, payload: unknown, headers: object = JSON_TYPE): InjectOptions => ({
  method: 'POST',
  url,
  headers: { ...headers },
  payload: typeof payload === 'string' || payload instanceof Buffer ? payload : JSON.stringify(payload),
})
const get = (url: string): InjectOptions => ({ method: 'GET', url })

/** What is sent, the code it must give, and what the detail must name. */
const cases: readonly [string, InjectOptions, ErrorCode, RegExp?][] = [
  ['malformed JSON', post('/api/memory', '{"text":'), 'BODY_MALFORMED'],
  ['bytes that are not UTF-8', post('/api/memory', Buffer.from([0x22, 0xff, 0x22])), 'BODY_MALFORMED'],
  ['a key twice', post('/api/memory', '{"text":"a","text":"b"}'), 'BODY_MALFORMED', /"text"/],
  ['__proto__', post('/api/memory', '{"__proto__":{},"text":"a"}'), 'BODY_MALFORMED', /__proto__/],
  ['a depth bomb', post('/api/memory', '['.repeat(100_000)), 'BODY_TOO_DEEP'],
  ['a body over the cap', post('/api/memory', ' '.repeat(API_BODY_BYTES_MAX + 1)), 'BODY_TOO_LARGE'],
  ['no body', { method: 'POST', url: '/api/memory' }, 'REQUEST_INVALID', /body: is missing/],
  ['an empty JSON body', post('/api/task', ''), 'REQUEST_INVALID', /body/],
  ['null', post('/api/memory', 'null'), 'REQUEST_INVALID'],
  ['an array', post('/api/memory', []), 'REQUEST_INVALID'],
  ['another type', post('/api/memory', 'x', { 'content-type': 'text/plain' }), 'MEDIA_TYPE_UNSUPPORTED'],
  ['no type', post('/api/memory', 'x', {}), 'MEDIA_TYPE_UNSUPPORTED'],
  ['NDJSON where it is not taken', post('/api/task', '{}', NDJSON_TYPE), 'MEDIA_TYPE_UNSUPPORTED'],
  ['an unknown field', post('/api/memory', { text: 'a', txet: 'b' }), 'REQUEST_INVALID', /txet/],
  ['a field of another type', post('/api/memory', { text: 1 }), 'REQUEST_INVALID', /body\.text/],
  ['an empty text', post('/api/memory', { text: '' }), 'TEXT_EMPTY'],
  ['a text over 64 KiB', post('/api/memory', { text: 'x'.repeat(TEXT_BYTES_MAX + 1) }), 'TEXT_TOO_LARGE'],
  ['half a surrogate pair', post('/api/memory', '{"text":"\\ud800"}'), 'TEXT_ILL_FORMED'],
  ['an unknown space', post('/api/memory', { text: 'a', space: 'nowhere' }), 'SPACE_UNKNOWN'],
  ['a tag too many', post('/api/memory', { text: 'a', tags: tags(TAGS_MAX + 1) }), 'REQUEST_INVALID', /tags/],
  ['an item too many', post('/api/memory', { items: items(ITEMS_MAX + 1) }), 'REQUEST_INVALID', /items/],
  ['no items', post('/api/memory', { items: [] }), 'REQUEST_INVALID', /items/],
  ['items and a text', post('/api/memory', { items: items(1), text: 'a' }), 'REQUEST_INVALID', /text/],
  ['an invalid id', get('/api/memory/nonsense'), 'ID_INVALID'],
  [
    'an id of another codec',
    get('/api/memory/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'),
    'ID_INVALID',
  ],
  ['a very long id', get(`/api/memory/${'b'.repeat(5000)}`), 'REQUEST_INVALID'],
  ['an unknown memory', get(`/api/memory/${UNKNOWN_ID}`), 'MEMORY_NOT_FOUND'],
  ['retracting an invalid id', { method: 'DELETE', url: '/api/memory/x' }, 'ID_INVALID'],
  [
    'retracting what is not there',
    { method: 'DELETE', url: `/api/memory/${UNKNOWN_ID}` },
    'MEMORY_NOT_FOUND',
  ],
  ['an unknown query field', get('/api/memory/search?q=a&lmit=3'), 'REQUEST_INVALID', /lmit/],
  ['a query field where none is taken', get(`/api/memory/${UNKNOWN_ID}?x=1`), 'REQUEST_INVALID', /x/],
  ['a limit of zero', get('/api/memory/search?q=a&limit=0'), 'REQUEST_INVALID', /limit/],
  ['a limit over the cap', get(`/api/memory/search?q=a&limit=${PAGE_MAX + 1}`), 'REQUEST_INVALID', /limit/],
  ['a limit that is no number', get('/api/memory?limit=many'), 'REQUEST_INVALID', /limit/],
  [
    'a query over the cap',
    get(`/api/memory/search?q=${'x'.repeat(QUERY_CHARS_MAX + 1)}`),
    'REQUEST_INVALID',
    /q/,
  ],
  [
    'an instant without a zone',
    get('/api/memory/search?since=2026-01-01T00:00:00'),
    'REQUEST_INVALID',
    /since/,
  ],
  ['an unknown space in a search', get('/api/memory/search?q=a&spaces=nowhere'), 'SPACE_UNKNOWN'],
  ['a foreign cursor', get('/api/memory?cursor=%00x'), 'CURSOR_INVALID'],
  ['an empty question', post('/api/task', { task: '' }), 'TEXT_EMPTY'],
  [
    'a question over the cap',
    post('/api/task', { task: 'x'.repeat(TASK_CHARS_MAX + 1) }),
    'REQUEST_INVALID',
    /task/,
  ],
  ['an invalid task id', get('/api/task/x'), 'ID_INVALID'],
  ['an unknown task', get(`/api/task/${UNKNOWN_ID}`), 'TASK_NOT_FOUND'],
  ['an unknown status', get('/api/tasks?status=done'), 'REQUEST_INVALID', /status/],
  ['an unknown author', get('/api/trust/did:key:z6MkNobody'), 'AUTHOR_UNKNOWN'],
  ['a peer URL that is none', post('/api/peers', { url: 'ftp://x' }), 'PEER_URL_INVALID'],
  [
    'an event id that is none',
    { ...get('/api/events'), headers: { 'last-event-id': 'x' } },
    'REQUEST_INVALID',
    /last-event-id/,
  ],
  ['a negative event id', get('/api/events?lastEventId=-1'), 'REQUEST_INVALID', /lastEventId/],
  ['an unknown route', get('/api/nope'), 'ROUTE_NOT_FOUND'],
  ['an unknown page of the docs', get('/docs/nope'), 'ROUTE_NOT_FOUND'],
  ['OAuth discovery', get('/.well-known/oauth-protected-resource'), 'ROUTE_NOT_FOUND'],
  ['OAuth discovery of MCP', get('/.well-known/oauth-authorization-server/mcp'), 'ROUTE_NOT_FOUND'],
  ['another method', { method: 'PUT', url: '/api/memory' }, 'METHOD_NOT_ALLOWED', /GET/],
  ['a path that is not well-formed', get('/api/memory/%zz'), 'REQUEST_INVALID'],
]

function tags(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `t${i}`)
}
function items(count: number): { text: string }[] {
  return Array.from({ length: count }, (_, i) => ({ text: `item ${i}` }))
}

test('bad input is a problem with its registry code, and changes nothing', async (t) => {
  await using served = await serve()
  for (const [name, request, code, detail] of cases)
    await t.test(name, async () => {
      const reply = await served.app.inject(request)
      assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', reply.body)
      const problem = problemSchema.strict().parse(reply.json())
      assert.equal(problem.code, code, problem.detail)
      assert.deepEqual(
        { status: reply.statusCode, type: problem.type, title: problem.title },
        { status: ERRORS[code].status, type: `urn:spore:error:${code}`, title: ERRORS[code].title },
      )
      if (detail) assert.match(problem.detail, detail)
    })
  assert.equal(served.spore.health().entries, 0)
})

test('a wrong method says which are right', async () => {
  await using served = await serve()
  const reply = await served.app.inject({ method: 'PATCH', url: `/api/memory/${UNKNOWN_ID}` })
  assert.deepEqual(new Set(String(reply.headers.allow).split(', ')), new Set(['GET', 'HEAD', 'DELETE']))
})

test('a bug tells outsiders nothing and the log everything', async () => {
  const logged: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (_: string, fields: unknown) => logged.push(fields) }
  await using served = await serve({
    log: { ...log, error: (message, fields) => void logged.push({ message, ...fields }) },
    federation: async (app) => {
      app.get('/federation/broken', async () => {
        throw new Error('secret path of this machine')
      })
    },
  })
  const reply = await served.app.inject(get('/federation/broken'))
  assert.equal(reply.statusCode, 500)
  assert.equal(reply.json().code, 'INTERNAL')
  assert.doesNotMatch(reply.body, /secret/)
  assert.match(String((logged[0] as { error: Error }).error), /secret path/)
})

test('a detail quotes at most some hundred characters of the request', async () => {
  await using served = await serve()
  const reply = await served.app.inject(post('/api/memory', { text: 'a', ['k'.repeat(10_000)]: 1 }))
  assert.equal(reply.json().code, 'REQUEST_INVALID')
  assert.ok(reply.body.length < 1000)
})
