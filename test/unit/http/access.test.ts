import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashToken } from '../../../src/http/plugins/access.ts'
import { JSON_TYPE, listen, serve } from './support.ts'

const TOKEN = 'spore_0123456789abcdef'
const ROUTES = ['/livez', '/readyz', '/api/health', '/api/memory', '/docs/json', '/mcp', '/nope']

async function codeFor(
  served: Awaited<ReturnType<typeof serve>>,
  url: string,
  headers: Record<string, string>,
) {
  const reply = await served.app.inject({ method: 'GET', url, headers })
  return { status: reply.statusCode, code: reply.json().code, headers: reply.headers }
}

test('a foreign Host is refused on every route', async () => {
  await using served = await serve()
  for (const host of [
    'evil.example',
    'evil.example:7860',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localhost.',
    '[::2]',
    'a b',
  ])
    for (const url of ROUTES) {
      const { status, code } = await codeFor(served, url, { host })
      assert.deepEqual({ status, code }, { status: 403, code: 'HOST_NOT_ALLOWED' }, `${url} of ${host}`)
    }
})

test('loopback names are served on any port, and hosts that were allowed', async () => {
  await using served = await serve({ allowedHosts: ['spore.example', 'lan.example:7860'] })
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:9',
    'localhost:7860',
    'LOCALHOST',
    '[::1]:7860',
    'lan.example:7860',
  ])
    assert.equal((await codeFor(served, '/livez', { host })).status, 200, host)
  assert.equal((await codeFor(served, '/livez', { host: 'Spore.Example:443' })).status, 200)
  assert.equal((await codeFor(served, '/livez', { host: 'lan.example:7861' })).code, 'HOST_NOT_ALLOWED')
})

test('a foreign web origin is refused on every route', async () => {
  await using served = await serve({ allowedOrigins: ['https://app.example'] })
  const foreign = [
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'https://app.example.evil.example',
    'http://app.example',
  ]
  for (const origin of foreign)
    for (const url of ROUTES) {
      const { status, code } = await codeFor(served, url, { host: 'localhost:7860', origin })
      assert.deepEqual({ status, code }, { status: 403, code: 'ORIGIN_NOT_ALLOWED' }, `${url} of ${origin}`)
    }
})

test('no origin, our own and those that were allowed are served', async () => {
  await using served = await serve({ allowedOrigins: ['https://app.example'] })
  const host = 'localhost:7860'
  assert.equal((await codeFor(served, '/api/health', { host })).status, 200)
  assert.equal((await codeFor(served, '/api/health', { host, origin: 'http://localhost:7860' })).status, 200)
  const allowed = await codeFor(served, '/api/health', { host, origin: 'https://app.example' })
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example')
})

test('a preflight is answered for an allowed origin alone, without a token', async () => {
  await using served = await serve({ allowedOrigins: ['https://app.example'], tokenRequired: true })
  const preflight = (origin: string) =>
    served.app.inject({
      method: 'OPTIONS',
      url: '/api/memory',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const allowed = await preflight('https://app.example')
  assert.equal(allowed.statusCode, 204)
  assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/)
  assert.equal((await preflight('https://evil.example')).statusCode, 403)
})

test('where a token is required, every route but probes and discovery wants it', async () => {
  await using served = await serve({ tokenRequired: true, tokenHashes: () => [hashToken(TOKEN)] })
  for (const url of ['/livez', '/readyz']) assert.equal((await codeFor(served, url, {})).status, 200, url)
  for (const url of ['/api/health', '/api/memory', '/docs/json', '/mcp', '/nope']) {
    const { status, code, headers } = await codeFor(served, url, {})
    assert.deepEqual({ status, code }, { status: 401, code: 'TOKEN_MISSING' }, url)
    assert.equal(headers['www-authenticate'], 'Bearer realm="spore"')
  }
  const discovery = await codeFor(served, '/.well-known/oauth-protected-resource', {})
  assert.equal(discovery.status, 404)
  assert.equal((await codeFor(served, '/api/health', { authorization: `Bearer ${TOKEN}` })).status, 200)
  assert.equal((await codeFor(served, '/api/health', { authorization: `bearer ${TOKEN}` })).status, 200)
})

test('a token that is not ours is refused, also a hash of one that is', async () => {
  await using served = await serve({ tokenRequired: true, tokenHashes: () => [hashToken(TOKEN)] })
  for (const token of [`${TOKEN}x`, TOKEN.slice(1), hashToken(TOKEN)])
    assert.equal(
      (await codeFor(served, '/api/health', { authorization: `Bearer ${token}` })).code,
      'TOKEN_INVALID',
    )
  for (const authorization of [TOKEN, `Basic ${TOKEN}`, 'Bearer ', 'Bearer ü'])
    assert.equal((await codeFor(served, '/api/health', { authorization })).code, 'TOKEN_MISSING')
})

test('a token that is added or withdrawn counts at once', async () => {
  const hashes: string[] = []
  await using served = await serve({ tokenRequired: true, tokenHashes: () => hashes })
  const ask = async () => (await codeFor(served, '/api/health', { authorization: `Bearer ${TOKEN}` })).status
  assert.equal(await ask(), 401)
  hashes.push(hashToken(TOKEN))
  assert.equal(await ask(), 200)
  hashes.pop()
  assert.equal(await ask(), 401)
})

test('on loopback no token is wanted, but from whom a proxy forwards for or by another name', async () => {
  await using served = await serve({ allowedHosts: ['spore.example'], tokenHashes: () => [hashToken(TOKEN)] })
  assert.equal((await codeFor(served, '/api/health', { host: 'localhost' })).status, 200)
  const asked = [
    { host: 'spore.example' },
    { host: 'localhost', 'x-forwarded-for': '198.51.100.7' },
    { host: 'localhost', forwarded: 'for=198.51.100.7' },
  ]
  for (const headers of asked) {
    assert.equal((await codeFor(served, '/api/health', headers)).code, 'TOKEN_MISSING')
    assert.equal(
      (await codeFor(served, '/api/health', { ...headers, authorization: `Bearer ${TOKEN}` })).status,
      200,
    )
  }
})

test('federation routes want no token, but the Host all the same', async () => {
  await using served = await serve({
    tokenRequired: true,
    federation: async (app) => {
      app.get('/federation/nodes', async () => ({ nodes: [] }))
    },
  })
  assert.equal((await codeFor(served, '/federation/nodes', {})).status, 200)
  assert.equal(
    (await codeFor(served, '/federation/nodes', { host: 'evil.example' })).code,
    'HOST_NOT_ALLOWED',
  )
})

test('a refused request is refused before its body is read', async () => {
  await using served = await listen({ tokenRequired: true })
  const reply = await fetch(`${served.url}/api/memory`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: '{not json',
  })
  assert.equal(((await reply.json()) as { code: string }).code, 'TOKEN_MISSING')
})

test('the address a request came in on is a Host of this spore', async () => {
  await using served = await serve()
  await served.app.listen({ port: 0, host: '127.0.0.2' })
  const { port } = served.app.server.address() as { port: number }
  assert.equal((await fetch(`http://127.0.0.2:${port}/livez`)).status, 200)
})

test('every reply carries the security headers, refusals too', async () => {
  await using served = await serve()
  for (const [url, host] of [
    ['/api/health', 'localhost'],
    ['/nope', 'localhost'],
    ['/api/health', 'evil.example'],
  ] as const) {
    const { headers } = await codeFor(served, url, { host })
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
  }
})
