/** The routes of the push tree over HTTP: ihave, neighbor and stream; what they answer, and what they refuse. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { systemRandom } from '../../../../src/adapters/random.ts'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { readEvents } from '../../../../src/core/gossip/event-stream.ts'
import { NONCE_BYTES, signRequest } from '../../../../src/core/identity/http-signature.ts'
import { IHAVE_ROWS_MAX, STREAMS_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  CBOR_MEDIA_TYPE,
  decodeIhaveReply,
  decodeNeighborReply,
  encodeIhave,
  encodeNeighbor,
} from '../../../../src/core/protocol/messages.ts'
import { type Asked, ask, newSigner, prepare, type Served, serveFederation } from './support.ts'

const post = (path: string, body: Uint8Array): Asked => ({
  method: 'POST',
  path: `/federation/v1/${path}`,
  body,
  type: CBOR_MEDIA_TYPE,
})
const STREAM = { method: 'GET', path: '/federation/v1/stream' } as const
const row = { logId: 'A'.repeat(22) as LogId, next: 3 }

test('an ihave is answered with what is lacking here', async () => {
  await using served = await serveFederation()
  const { status, headers, body } = await ask(served, post('ihave', encodeIhave([row])))
  assert.deepEqual([status, headers['content-type']], [200, CBOR_MEDIA_TYPE])
  assert.deepEqual(decodeIhaveReply(body), { want: [{ logId: row.logId, from: 0 }], linked: false })
})

test('an ihave or neighbor that is none, too long or not signed is refused', async () => {
  await using served = await serveFederation()
  for (const body of [Uint8Array.of(0xff), Uint8Array.of(0xa0), Buffer.from('[]')])
    for (const path of ['ihave', 'neighbor']) {
      const { status, code } = await ask(served, { ...post(path, body), signer: newSigner() })
      assert.deepEqual([status, code], [400, 'REQUEST_INVALID'], path)
    }
  const many = encodeIhave(Array.from({ length: IHAVE_ROWS_MAX + 1 }, () => row))
  assert.equal((await ask(served, post('ihave', many))).code, 'REQUEST_INVALID')
  for (const path of ['ihave', 'neighbor'])
    assert.equal((await ask(served, post(path, new Uint8Array(257 * 1024)))).code, 'BODY_TOO_LARGE')
  for (const asked of [post('ihave', encodeIhave([])), STREAM]) {
    const { status, code } = await ask(served, { ...asked, headers: { signature: undefined } })
    assert.deepEqual([status, code], [401, 'REQUEST_UNSIGNED'])
  }
  const send = prepare(served, post('ihave', encodeIhave([])))
  assert.equal((await send()).status, 200)
  assert.equal((await send()).code, 'REQUEST_REPLAYED')
})

test('who has not introduced itself is told that it is not known', async () => {
  await using served = await serveFederation()
  for (const [wish, accepted] of [
    ['urgent', false],
    ['room', false],
    ['eager', false],
    ['lazy', false],
    ['leave', true],
  ] as const) {
    const { status, body } = await ask(served, post('neighbor', encodeNeighbor({ ask: wish, want: [] })))
    assert.equal(status, 200)
    assert.deepEqual(decodeNeighborReply(body), { accepted, reached: null }, wish)
  }
})

/** Opens a stream as `signer` would; the caller destroys it. */
async function openStream(served: Served, signer = newSigner()): Promise<IncomingMessage> {
  const parts = { ...STREAM, authority: served.authority, query: '', body: new Uint8Array() }
  const signature = signRequest(parts, signer, Math.floor(Date.now() / 1000), systemRandom.bytes(NONCE_BYTES))
  const request = httpRequest({
    host: '127.0.0.1',
    port: served.port,
    path: STREAM.path,
    agent: false,
    headers: { host: served.authority, ...signature },
  })
  request.end()
  const [reply] = (await once(request, 'response')) as [IncomingMessage]
  return reply
}

test('a stream brings what is written here, and a newer one of the same caller ends it', async () => {
  await using served = await serveFederation()
  await served.spore.federation.start(null, [])
  const signer = newSigner()
  const first = await openStream(served, signer)
  assert.deepEqual([first.statusCode, first.headers['content-type']], [200, 'text/event-stream'])
  await served.spore.remember({ text: 'news', space: 'commons' })
  for await (const event of readEvents(first)) {
    assert.equal(event.type, 'push')
    break
  }
  const [second] = [await openStream(served, signer)]
  const third = await openStream(served, signer)
  await assert.rejects(async () => {
    for await (const _ of second);
  }, /aborted/)
  third.destroy()
})

test('so many streams are held open, and one more is told to come back later', async () => {
  await using served = await serveFederation()
  const open: IncomingMessage[] = []
  for (let i = 0; i < STREAMS_MAX; i++) open.push(await openStream(served))
  const { status, code, headers } = await ask(served, STREAM)
  assert.deepEqual([status, code, headers['retry-after']], [503, 'OVERLOADED', '60'])
  const [leaving] = open
  const gone = once(leaving!, 'close')
  leaving!.destroy()
  await gone
  for (const stream of open) stream.destroy()
})

test('a server that closes ends its streams', async () => {
  const served = await serveFederation()
  const stream = await openStream(served)
  const ended = new Promise((resolve) => stream.on('close', resolve))
  // It breaks off, rather than ends: nothing is left to say.
  stream.resume().on('error', () => {})
  await served[Symbol.asyncDispose]()
  await ended
})
