/** A provider is asked politely and believed nothing: each way of answering wrongly has a failure, and none of them a vector. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BATCH_CHARS_MAX,
  COOL_DOWN_MS,
  createHttpEmbedder,
  FAILURES_MAX,
  type HttpEmbedderDeps,
  type HttpEmbedderOptions,
  PAUSE_MS_MAX,
  REPLY_BYTES_MAX,
} from '../../../../src/adapters/embedders/http-embedder.ts'
import type { Clock } from '../../../../src/core/base/ports.ts'
import {
  type EmbeddingServer,
  embed,
  type Misbehaviour,
  send,
  startEmbeddingServer,
} from '../../../support/embedding-server.ts'

/** A clock whose sleeps are over at once, and noted. */
function createPatience(): Clock & { readonly slept: number[]; nowMs: number } {
  const clock = {
    slept: [] as number[],
    nowMs: 1_000_000,
    now: () => clock.nowMs,
    async sleep(delayMs: number) {
      clock.slept.push(delayMs)
      clock.nowMs += delayMs
    },
  }
  return clock
}

function embedderOf(
  server: Pick<EmbeddingServer, 'url'>,
  changes: Partial<HttpEmbedderOptions> = {},
  parts: Pick<HttpEmbedderDeps, 'connect'> = {},
) {
  const clock = createPatience()
  const embedder = createHttpEmbedder(
    {
      url: server.url,
      model: 'test-model',
      key: null,
      dimensions: null,
      batchTexts: 4,
      textChars: 1000,
      documentPrefix: '',
      queryPrefix: '',
      ...changes,
    },
    { ...parts, clock, random: { bytes: (length) => new Uint8Array(length), float: () => 0.5 } },
  )
  return { embedder, clock, [Symbol.asyncDispose]: () => embedder[Symbol.asyncDispose]() }
}

const DOCUMENT = { purpose: 'document' } as const

test('texts become vectors of length 1 in their order, some at a time', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server)
  const texts = Array.from({ length: 10 }, (_, i) => `text number ${i} about ${'abcdefghij'[i]}`)
  const found = await used.embedder.embed(texts, DOCUMENT)
  assert.ok(found.ok)
  assert.equal(found.value.length, 10)
  for (const [i, vector] of found.value.entries()) {
    const right = embed(texts[i]!, 64)
    const length = Math.hypot(...right)
    for (const [at, number] of vector.entries()) assert.ok(Math.abs(number - right[at]! / length) < 1e-6)
  }
  assert.deepEqual(
    server.requests.map(({ input }) => input.length),
    [4, 4, 2],
  )
  assert.deepEqual([server.requests[0]?.model, server.requests[0]?.dimensions], ['test-model', undefined])
})

test('a batch has no more characters than one call may have, and a text no more than count', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server, { batchTexts: 100, textChars: BATCH_CHARS_MAX / 2 - 1 })
  const long = `${'x'.repeat(BATCH_CHARS_MAX / 2 - 2)}\u{1F600}beyond`
  assert.ok((await used.embedder.embed([long, long, long], DOCUMENT)).ok)
  assert.deepEqual(
    server.requests.map(({ input }) => input.length),
    [2, 1],
  )
  assert.ok(server.texts.every((text) => text.length < BATCH_CHARS_MAX / 2 && text.isWellFormed()))
})

test('what is asked for is sent: key, dimension, and what stands before a text of either kind', async () => {
  await using server = await startEmbeddingServer({ key: 'sk-1' })
  await using used = embedderOf(server, {
    key: () => 'sk-1',
    dimensions: 24,
    documentPrefix: 'doc: ',
    queryPrefix: 'query: ',
  })
  const found = await used.embedder.embed(['one'], DOCUMENT)
  assert.ok(found.ok && found.value[0]?.length === 24)
  await used.embedder.embed(['two'], { purpose: 'query' })
  assert.deepEqual(server.texts, ['doc: one', 'query: two'])
  assert.equal(used.embedder.model, 'test-model after "doc: "')
})

test('numbers decide which text a vector is of, not places', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server)
  server.misbehave = (reply, right) => {
    const answer = right() as { data: object[] }
    send(reply, 200, { ...answer, data: answer.data.reverse() })
  }
  const found = await used.embedder.embed(['apple', 'zebra'], DOCUMENT)
  assert.ok(found.ok)
  const right = embed('apple', 64)
  const dot = found.value[0]!.reduce((sum, number, i) => sum + number * right[i]!, 0)
  assert.ok(Math.abs(dot / Math.hypot(...right) - 1) < 1e-6)
})

type Rows = { data: { index: unknown; embedding: unknown }[] }
const changed =
  (change: (rows: Rows['data']) => unknown): Misbehaviour =>
  (reply, right) => {
    const answer = right() as Rows
    send(reply, 200, { ...answer, data: change(answer.data) })
  }
const firstWith = (embedding: unknown) => changed(([first, ...rest]) => [{ ...first!, embedding }, ...rest])
const lie: Readonly<Record<string, Misbehaviour>> = {
  'fewer embeddings': changed((rows) => rows.slice(1)),
  'more embeddings': changed((rows) => [...rows, rows[0]]),
  'one number twice': changed((rows) => rows.map((row) => ({ ...row, index: 0 }))),
  'a number beyond': changed((rows) => rows.map((row, i) => ({ ...row, index: i + 1 }))),
  'no numbers': changed((rows) => rows.map(({ embedding }) => ({ embedding }))),
  'an index of half': changed((rows) => rows.map((row, i) => ({ ...row, index: i / 2 }))),
  'another dimension in one': changed((rows) => [{ ...rows[0]!, embedding: [1, 2, 3] }, ...rows.slice(1)]),
  'nothing in one': firstWith([]),
  'base64 in one': firstWith('AAAA'),
  'null among the numbers': firstWith([null, ...embed('x', 63)]),
  'text among the numbers': firstWith(['1', ...embed('x', 63)]),
  'zeros only': firstWith(new Array(64).fill(0)),
  'numbers whose squares are too large': firstWith(new Array(64).fill(1e200)),
  'too many numbers': firstWith(new Array(8193).fill(1)),
  'null for a row': changed((rows) => [null, ...rows.slice(1)]),
  'no list': (reply) => send(reply, 200, { data: 'vectors' }),
  'NaN, which is no JSON': (reply) => send(reply, 200, '{"data":[{"index":0,"embedding":[NaN]}]}'),
  HTML: (reply) => send(reply, 200, '<html><body>login</body></html>', { 'content-type': 'text/html' }),
  'an empty body': (reply) => send(reply, 200, ''),
  'status 500': (reply) => send(reply, 500, 'internal secret-detail'),
  'a redirect': (reply) => send(reply, 307, '', { location: 'http://127.0.0.1:1/' }),
  'a closed connection': (reply) => void reply.destroy(),
  'too many bytes': (reply) => {
    reply.writeHead(200)
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    for (let sent = 0; sent <= REPLY_BYTES_MAX; sent += chunk.length) reply.write(chunk)
    reply.end()
  },
}

describe('a reply with', () => {
  for (const [what, misbehave] of Object.entries(lie))
    test(`${what} is a failure that says nothing of what was sent`, async () => {
      await using server = await startEmbeddingServer()
      await using used = embedderOf(server)
      server.misbehave = misbehave
      const found = await used.embedder.embed(['one', 'two'], DOCUMENT)
      assert.ok(!found.ok)
      assert.equal(found.error.code, 'EMBEDDINGS_FAILED')
      assert.doesNotMatch(found.error.detail, /secret-detail|login/)
      server.misbehave = null
      used.clock.nowMs += COOL_DOWN_MS
      assert.ok((await used.embedder.embed(['one', 'two'], DOCUMENT)).ok, 'and the next one is taken')
    })
})

test('what fails in passing is repeated after pauses that grow, or as long as the provider says', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server)
  let failing = 3
  server.misbehave = (reply, right) => {
    if (failing-- > 0)
      send(reply, failing === 0 ? 429 : 503, {}, failing === 0 ? { 'retry-after': '20' } : {})
    else send(reply, 200, right())
  }
  assert.ok((await used.embedder.embed(['one'], DOCUMENT)).ok)
  assert.deepEqual(used.clock.slept, [500, 1000, 20_000])
  failing = 1
  server.misbehave = (reply, right) => {
    if (failing-- > 0) send(reply, 429, {}, { 'retry-after': '999999' })
    else send(reply, 200, right())
  }
  assert.ok((await used.embedder.embed(['one'], DOCUMENT)).ok)
  assert.equal(used.clock.slept.at(-1), PAUSE_MS_MAX)
})

test('a provider that goes on failing is left alone for a while, longer each time, and asked with one call', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server)
  server.misbehave = (reply) => send(reply, 500, {})
  for (let i = 0; i < FAILURES_MAX; i++) assert.ok(!(await used.embedder.embed(['one'], DOCUMENT)).ok)
  const asked = server.requests.length
  const early = await used.embedder.embed(['one'], DOCUMENT)
  assert.ok(!early.ok && early.error.code === 'EMBEDDINGS_FAILED')
  assert.equal(early.error.retryAfterSeconds, COOL_DOWN_MS / 1000)
  assert.equal(server.requests.length, asked)
  used.clock.nowMs += COOL_DOWN_MS
  const later = await used.embedder.embed(['one'], DOCUMENT)
  assert.ok(!later.ok && later.error.retryAfterSeconds === (2 * COOL_DOWN_MS) / 1000)
  assert.ok(used.embedder.problem)
  used.clock.nowMs += 2 * COOL_DOWN_MS
  server.misbehave = null
  assert.ok((await used.embedder.embed(['one'], DOCUMENT)).ok)
  assert.equal(used.embedder.problem, null)
})

test('a refusal is not repeated and no reason to leave the provider alone', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server)
  server.misbehave = (reply) => send(reply, 400, { error: 'too long' })
  for (let i = 0; i < 2 * FAILURES_MAX; i++) {
    const found = await used.embedder.embed(['one'], DOCUMENT)
    assert.ok(!found.ok && found.error.code === 'EMBEDDINGS_REFUSED')
  }
  assert.equal(server.requests.length, 2 * FAILURES_MAX)
})

test('a wrong key is asked with once, is in no text, and the operator is told where to look', async () => {
  await using server = await startEmbeddingServer({ key: 'right' })
  await using used = embedderOf(server, { key: () => 'sk-wrong' })
  const found = await used.embedder.embed(['one'], DOCUMENT)
  assert.ok(!found.ok && found.error.code === 'EMBEDDINGS_FAILED')
  assert.match(found.error.detail, /401.*SPORE_EMBEDDINGS_KEY/)
  assert.doesNotMatch(JSON.stringify([found, used.embedder, used.embedder.problem]), /sk-wrong/)
  assert.deepEqual(used.clock.slept, [])
})

test('a provider that hangs is given up in time, and so is a call that nobody waits for', async () => {
  await using server = await startEmbeddingServer()
  await using used = embedderOf(server, { timeoutMs: 40 })
  server.misbehave = () => {}
  const hung = await used.embedder.embed(['one'], { purpose: 'query', timeoutMs: 30 })
  assert.ok(!hung.ok && hung.error.code === 'EMBEDDINGS_TIMEOUT')
  const dripped = new AbortController()
  server.misbehave = (reply) => {
    reply.writeHead(200)
    reply.write('{')
    dripped.abort()
  }
  const givenUp = await used.embedder.embed(['one'], { ...DOCUMENT, signal: dripped.signal })
  assert.ok(!givenUp.ok)
})

test('so is one that cannot be connected to', async () => {
  const asked = new AbortController()
  // Never says whether there is a connection.
  const connect = () => asked.abort()
  await using used = embedderOf({ url: 'http://127.0.0.1:1/v1' }, {}, { connect })
  assert.ok(!(await used.embedder.embed(['one'], { ...DOCUMENT, signal: asked.signal })).ok)
  const late = await used.embedder.embed(['one'], { purpose: 'query', timeoutMs: 20 })
  assert.ok(!late.ok && late.error.code === 'EMBEDDINGS_TIMEOUT')
})
