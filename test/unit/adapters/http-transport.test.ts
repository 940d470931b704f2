/** The transport against servers that answer too slowly, too much, elsewhere, or not at all. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createHttpTransport } from '../../../src/adapters/http-transport.ts'
import { SporeError } from '../../../src/core/protocol/errors.ts'

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const request = (base: string, maxBytes = 1000) => ({
  method: 'POST' as const,
  base,
  path: '/federation/v1/pull',
  query: '',
  headers: { 'x-test': 'yes' },
  body: Uint8Array.of(1, 2, 3),
  maxBytes,
})

const never = new AbortController().signal

test('a reply comes back with its status, headers and bytes', async () => {
  await using server = await serve(async (asked, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk as Buffer)
    reply.writeHead(304, { etag: '"e"' })
    reply.end()
    assert.deepEqual([asked.headers['x-test'], Buffer.concat(chunks).length], ['yes', 3])
  })
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.send(request(server.base), never)
  assert.ok(reply.ok)
  assert.deepEqual([reply.value.status, reply.value.headers.etag, reply.value.body.length], [304, '"e"', 0])
})

test('a reply of as many bytes as are taken is taken, one more is not', async () => {
  await using server = await serve((asked, reply) => reply.end(Buffer.alloc(Number(asked.url?.slice(1)))))
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const size = async (bytes: number) => {
    const reply = await transport.send({ ...request(server.base), path: `/${bytes}` }, never)
    return reply.ok ? reply.value.body.length : reply.error.code
  }
  assert.deepEqual([await size(1000), await size(1001)], [1000, 'PEER_UNREACHABLE'])
})

test('a reply that drips for ever ends by the time for the whole of it', async () => {
  await using server = await serve((_, reply) => {
    const drip = setInterval(() => reply.write('.'), 5)
    reply.once('close', () => clearInterval(drip))
  })
  await using transport = createHttpTransport({ allowPrivateAddresses: true, replyTimeoutMs: 100 })
  const reply = await transport.send(request(server.base, 1e9), never)
  assert.equal(!reply.ok && reply.error.code, 'PEER_UNREACHABLE')
})

test('who waits can stop waiting', async () => {
  const stopping = new AbortController()
  await using server = await serve(() => stopping.abort())
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.send(request(server.base), stopping.signal)
  assert.equal(!reply.ok && reply.error.code, 'PEER_UNREACHABLE')
})

test('a redirect is not followed', async () => {
  let asked = 0
  await using server = await serve((_, reply) => {
    asked++
    reply.writeHead(307, { location: '/elsewhere' })
    reply.end()
  })
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.send(request(server.base), never)
  assert.deepEqual([reply.ok && reply.value.status, asked], [307, 1])
})

test('nothing is sent to a private address unless that is allowed', async () => {
  let asked = 0
  await using server = await serve((_, reply) => {
    asked++
    reply.end()
  })
  await using transport = createHttpTransport({ allowPrivateAddresses: false })
  const reply = await transport.send(request(server.base), never)
  assert.deepEqual([!reply.ok && reply.error.code, asked], ['PEER_URL_INVALID', 0])
})

const streamed = (base: string, maxBytes = 1000) => ({
  ...request(base, maxBytes),
  idleTimeoutMs: 10_000,
  replyTimeoutMs: null,
})

test('a stream is read while it arrives, and leaving it closes the connection', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await serve((_, reply) => {
    reply.once('close', () => closed.resolve())
    reply.writeHead(200, { 'x-kind': 'stream' })
    reply.write('first')
  })
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.stream(streamed(server.base), never)
  assert.ok(reply.ok)
  assert.deepEqual([reply.value.status, reply.value.headers['x-kind']], [200, 'stream'])
  for await (const chunk of reply.value.body) {
    assert.equal(Buffer.from(chunk).toString(), 'first')
    break
  }
  await closed.promise
})

/** Reads a stream to its end; the code with which it broke off, or how much came. */
async function drained(base: string, options: object) {
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.stream({ ...streamed(base), ...options }, never)
  assert.ok(reply.ok)
  let bytes = 0
  try {
    for await (const chunk of reply.value.body) bytes += chunk.length
    return bytes
  } catch (error) {
    assert.ok(error instanceof SporeError)
    return error.code
  }
}

test('a stream of as many bytes as are taken is taken, one more breaks it off', async () => {
  await using server = await serve((asked, reply) => reply.end(Buffer.alloc(Number(asked.url?.slice(1)))))
  assert.equal(await drained(server.base, { path: '/1000' }), 1000)
  assert.equal(await drained(server.base, { path: '/1001' }), 'PEER_UNREACHABLE')
})

test('a stream that falls silent, drips for ever or is cut breaks off', async () => {
  await using silent = await serve((_, reply) => void reply.write('.'))
  assert.equal(await drained(silent.base, { idleTimeoutMs: 50 }), 'PEER_UNREACHABLE')
  await using dripping = await serve((_, reply) => {
    const drip = setInterval(() => reply.write('.'), 5)
    reply.once('close', () => clearInterval(drip))
  })
  assert.equal(await drained(dripping.base, { maxBytes: 1e9, replyTimeoutMs: 100 }), 'PEER_UNREACHABLE')
  await using cut = await serve((_, reply) => {
    reply.writeHead(200, { 'content-length': '100' })
    reply.write('.', () => reply.destroy())
  })
  assert.equal(await drained(cut.base, {}), 'PEER_UNREACHABLE')
})

test('who reads a stream can stop it', async () => {
  const stopping = new AbortController()
  await using server = await serve((_, reply) => void reply.write('.'))
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const reply = await transport.stream(streamed(server.base), stopping.signal)
  assert.ok(reply.ok)
  const { body } = reply.value
  await assert.rejects(async () => {
    for await (const _ of body) stopping.abort()
  }, SporeError)
})
