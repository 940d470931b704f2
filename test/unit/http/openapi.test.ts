import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './support.ts'

interface OpenApi {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, unknown> }
}
interface Operation {
  readonly summary?: string
  readonly requestBody?: { readonly content: Record<string, unknown> }
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>
}

const ROUTES = [
  'GET /livez',
  'GET /readyz',
  'GET /api/health',
  'GET /api/memory',
  'POST /api/memory',
  'GET /api/memory/{id}',
  'DELETE /api/memory/{id}',
  'POST /api/memory/{id}/purge',
  'DELETE /api/memory/{id}/purge',
  'POST /api/purge',
  'POST /api/reindex',
  'GET /api/memory/search',
  'GET /api/memory/context',
  'GET /api/sidecar',
  'POST /api/sidecar/audit',
  'GET /api/providers',
  'POST /api/providers/check',
  'POST /api/task',
  'GET /api/tasks',
  'GET /api/task/{id}',
  'GET /api/task/{id}/events',
  'POST /api/task/{id}/resolution',
  'POST /api/task/{id}/cancel',
  'GET /api/answers',
  'GET /api/convergence',
  'GET /api/quantum',
  'GET /api/trust',
  'GET /api/trust/{id}',
  'PUT /api/trust/{id}',
  'DELETE /api/trust/{id}',
  'GET /api/peers',
  'POST /api/peers',
  'GET /api/events',
  'GET /api/federation/status',
  'GET /api/moderation',
  'POST /api/moderation',
  'POST /api/moderation/lift',
  'POST /api/moderation/allow-only',
  'GET /api/moderation/audit',
  'POST /api/moderation/import',
  'GET /api/moderation/export',
  'GET /api/moderation/drafts',
  'POST /api/moderation/drafts/apply',
  'POST /api/moderation/drafts/discard',
  'GET /api/spaces',
  'POST /api/spaces',
  'POST /api/spaces/join',
  'POST /api/spaces/{space}/invitations',
  'POST /api/spaces/{space}/leave',
  'GET /api/spaces/{space}/members',
  'DELETE /api/spaces/{space}/members/{author}',
]

test('OpenAPI 3.1 lists every route of the API, with a summary, replies and problems', async () => {
  await using served = await serve()
  const document: OpenApi = (await served.app.inject('/docs/json')).json()
  assert.equal(document.openapi, '3.1.0')
  const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(listed.sort(), [...ROUTES].sort())
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(operations)) {
      assert.ok(operation.summary, `${method} ${path}`)
      const statuses = Object.keys(operation.responses)
      assert.ok(statuses.some((status) => status.startsWith('20')))
      if (path !== '/livez')
        assert.ok(operation.responses['4XX']?.content?.['application/problem+json'], path)
    }
})

test('every reference of the document leads to a schema of it', async () => {
  await using served = await serve()
  const text = (await served.app.inject('/docs/json')).body
  const { components }: OpenApi = JSON.parse(text)
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1])
  assert.ok(references.length > 10)
  for (const name of references) assert.ok(name && name in components.schemas, name)
})

test('the body of POST /api/memory is documented as JSON and as NDJSON', async () => {
  await using served = await serve()
  const document: OpenApi = (await served.app.inject('/docs/json')).json()
  const content = document.paths['/api/memory']?.post?.requestBody?.content
  assert.deepEqual(Object.keys(content ?? {}), ['application/json', 'application/x-ndjson'])
})

test('the docs page loads its parts from this spore alone', async () => {
  await using served = await serve()
  const page = await served.app.inject('/docs')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'self'/)
  const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
  assert.ok(parts.length > 3)
  for (const part of parts) {
    assert.ok(part.startsWith('/docs/') || part.startsWith('./'), part)
    const url = new URL(part, 'http://localhost/docs/').pathname
    assert.equal((await served.app.inject(url)).statusCode, 200, url)
  }
})
