/** Every route there is, taken from the route table, against requests that nobody honest sends: none is answered with 500. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { CBOR_MEDIA_TYPE } from '../../../../src/core/protocol/messages.ts'
import { type Asked, ask, newSigner, type Served, serveUnbounded } from './support.ts'

/** Streams are answered for as long as the caller likes, and `/mcp` by the official SDK, which has tests of its own. */
const LASTING = /^\/(federation\/v1\/stream|api\/events|mcp)$/

const routesOf = ({ app }: Served) =>
  app.routeTable.filter(({ method, url }) => method !== 'HEAD' && method !== 'OPTIONS' && !LASTING.test(url))

/** What stands for a parameter of a path. */
const PARAMETERS = [
  'x',
  '%00',
  '%ff',
  '%c0%af',
  '..%2f..%2fetc',
  '__proto__',
  '%F0%9F%92%A9',
  '9'.repeat(400),
]
const QUERIES = [
  '',
  '?',
  '?=',
  '?&&&',
  '?since=a&since=b',
  '?before=-1',
  '?before=99999999999999999999',
  '?limit=NaN&cursor=%00',
  '?__proto__=1&constructor=2',
  '?a[b][c]=d',
  '?q=%ff%fe',
  `?since=${'x'.repeat(5000)}`,
]
const BODIES: readonly (readonly [name: string, body: Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['zeros', new Uint8Array(1000)],
  ['invalid UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ['half of an object', Buffer.from('{"text":"a"')],
  ['null', Buffer.from('null')],
  ['a number', Buffer.from('1e999')],
  ['__proto__', Buffer.from('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}')],
  ['deep JSON', Buffer.from('['.repeat(100_000))],
  ['a long array', Buffer.from(`[${'0,'.repeat(1_000_000)}0]`)],
  ['a surrogate', Buffer.from('{"text":"\\ud800","task":"\\udfff"}')],
  ['deep CBOR', Buffer.alloc(100_000, 0x81)],
  ['CBOR of 2^32 items', Buffer.from([0x9a, 0xff, 0xff, 0xff, 0xff])],
  ['CBOR of 2^63 bytes', Buffer.from([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['a frame of 4 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 0])],
  ['gzip', gzipSync(Buffer.alloc(100_000))],
]
const TYPES = [
  undefined,
  'application/json',
  CBOR_MEDIA_TYPE,
  FRAMES_MEDIA_TYPE,
  'application/x-ndjson',
  'x/y; charset=\xff',
]

const pathsOf = (url: string): string[] =>
  url.includes(':') || url.includes('*')
    ? PARAMETERS.map((value) => url.replaceAll(/:\w+|\*/g, value))
    : [url]

/** One caller would be slowed after some; and of strangers, no more than so many are heard at a time. */
const signers = Array.from({ length: 1000 }, newSigner)
let asks = 0

async function check(served: Served, asked: Asked, what: string): Promise<void> {
  const signer = signers[asks++ % signers.length]
  const { status } = await ask(served, { ...asked, ...(signer && { signer }) })
  assert.notEqual(status, 500, what)
  // Or the sweep would end at the bounds, and not at the routes.
  assert.notEqual(status, 503, what)
}

test('no path and no query of any route breaks it', async () => {
  await using served = await serveUnbounded()
  const routes = routesOf(served)
  assert.ok(routes.length > 25, `${routes.length} routes`)
  for (const { method, url } of routes)
    for (const path of pathsOf(url))
      for (const query of path === pathsOf(url)[0] ? QUERIES : ['', '?since=x'])
        await check(served, { method, path: `${path}${query}` }, `${method} ${path}${query}`)
})

test('no body of any type breaks a route that takes one', async () => {
  await using served = await serveUnbounded()
  for (const { method, url } of routesOf(served).filter((route) => route.method === 'POST'))
    for (const [name, body] of BODIES)
      for (const type of TYPES) {
        const asked = { method, path: pathsOf(url)[0] as string, body, ...(type && { type }) }
        await check(served, asked, `${method} ${url} with ${name} as ${type}`)
      }
})

test('no header of a signed request breaks a route', async () => {
  await using served = await serveUnbounded()
  const headers: Record<string, string>[] = [
    { 'content-encoding': 'gzip, gzip' },
    { accept: 'application/x-ndjson,'.repeat(300) },
    { 'if-none-match': '"'.repeat(5000) },
    { range: 'bytes=99999999999999-,5-1', 'if-range': '\\' },
    { 'signature-input': 'spore=("@method");created=1' },
    { 'signature-input': `spore=(${'"@method" '.repeat(1000)});created=1` },
    { signature: 'spore=::' },
    { 'content-digest': 'sha-256=:AAAA:' },
    { 'last-event-id': '-1', 'x-forwarded-for': `${'1,'.repeat(1000)}`, forwarded: 'for=_' },
    { authorization: 'Bearer \xff' },
    { 'transfer-encoding': 'gzip, chunked' },
    { expect: 'the-unexpected' },
  ]
  for (const { method, url } of routesOf(served))
    for (const each of headers) {
      const asked = { method, path: pathsOf(url)[0] as string, headers: each }
      await check(served, asked, `${method} ${url} with ${Object.keys(each)}`)
    }
})

test('a foreign Host and a foreign origin are refused on every route', async () => {
  await using served = await serveUnbounded()
  for (const { method, url } of routesOf(served)) {
    const path = pathsOf(url)[0] as string
    const host = await ask(served, { method, path, authority: 'evil.example' })
    assert.deepEqual([host.status, host.code], [403, 'HOST_NOT_ALLOWED'], `${method} ${url}`)
    const origin = await ask(served, { method, path, headers: { origin: 'https://evil.example' } })
    assert.deepEqual([origin.status, origin.code], [403, 'ORIGIN_NOT_ALLOWED'], `${method} ${url}`)
  }
})

/** Bytes that are no HTTP, or that two readers could take for different requests. */
const NO_REQUESTS = [
  '\r\n\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'GET http:// HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n\r\n',
  'GET /livez HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n',
  'GET /livez HTTP/1.1\r\n folded: x\r\nhost: 127.0.0.1\r\n\r\n',
  'POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcde',
  'POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n',
  'POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
  'POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  `GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
  `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
  `GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n${'a: b\r\n'.repeat(3000)}\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
]

test('a request with two Host headers is refused: who stands before this spore may go by the other one', async () => {
  await using served = await serveUnbounded()
  const socket = connect(served.port, '127.0.0.1')
  socket.end('GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nHost: evil.example\r\n\r\n')
  let answer = ''
  for await (const part of socket.setEncoding('latin1')) answer += part
  assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*HOST_NOT_ALLOWED/)
})

test('what is no request is answered with 4xx, or not at all, and closed', async () => {
  await using served = await serveUnbounded()
  for (const text of NO_REQUESTS) {
    const socket = connect(served.port, '127.0.0.1').on('error', () => {})
    let answer = ''
    socket.setEncoding('latin1').on('data', (part: string) => {
      answer += part
    })
    // What has begun like a request and goes no further would be waited for.
    socket.end(Buffer.from(text, 'latin1'))
    await new Promise((closed) => socket.once('close', closed))
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'none'
    assert.ok(
      status === 'none' || status.startsWith('4') || status === '200',
      `${status}: ${text.slice(0, 60)}`,
    )
  }
  const reply = await fetch(`http://${served.authority}/livez`)
  assert.equal(reply.status, 200)
})
