/** The HTTP server on real sockets: streams, slow and broken clients, closing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { test } from 'node:test'
import { EVENT_STREAMS_MAX, NDJSON_LINE_BYTES_MAX } from '../../src/core/protocol/limits.ts'
import { JSON_TYPE, listen, NDJSON_TYPE, type Served } from '../unit/http/support.ts'

interface LineResult {
  readonly line: number
  readonly id?: string
  readonly duplicate?: boolean
  readonly error?: { readonly code: string }
}

function openImport(served: Served): { request: ClientRequest; response: Promise<IncomingMessage> } {
  const request = httpRequest(`${served.url}/api/memory`, { method: 'POST', headers: NDJSON_TYPE })
  const response = once(request, 'response').then(([message]) => message as IncomingMessage)
  return { request, response }
}

/** Resolves at the end of a reply, whether it was whole or broke off. */
const closeOf = (message: IncomingMessage): Promise<void> =>
  new Promise((resolve) => message.once('close', resolve))

async function resultsOf(response: Promise<IncomingMessage>): Promise<LineResult[]> {
  const results: LineResult[] = []
  for await (const line of createInterface({ input: await response })) results.push(JSON.parse(line))
  return results
}

test('5,000 lines of NDJSON are stored, each with a result, in order', async () => {
  await using served = await listen()
  const { request, response } = openImport(served)
  const lines = Array.from(
    { length: 5000 },
    (_, i) => `${JSON.stringify({ text: `memory ${i}`, position: i })}\n`,
  )
  Readable.from(lines).pipe(request)
  const results = await resultsOf(response)
  assert.deepEqual(
    results.map(({ line }) => line),
    lines.map((_, i) => i + 1),
  )
  assert.ok(results.every(({ id, duplicate }) => id && duplicate === false))
  assert.equal(served.spore.health().memories, 5000)
})

test('results come while lines are still being sent, and a line over the bound is skipped alone', async () => {
  await using served = await listen()
  const { request, response } = openImport(served)
  request.write('{"text":"first"}\n')
  const reader = createInterface({ input: await response })[Symbol.asyncIterator]()
  const next = async (): Promise<LineResult> => JSON.parse((await reader.next()).value ?? 'null')
  assert.deepEqual((await next()).line, 1)
  request.write(`{"text":"${'x'.repeat(NDJSON_LINE_BYTES_MAX)}"}\n`)
  assert.equal((await next()).error?.code, 'BODY_TOO_LARGE')
  request.end('{"text":"last"}')
  assert.equal((await next()).duplicate, false)
  assert.equal((await reader.next()).done, true)
  assert.equal(served.spore.health().memories, 2)
})

test('an import that breaks off keeps what was acknowledged', async () => {
  await using served = await listen()
  const { request, response } = openImport(served)
  request.on('error', () => {})
  request.write('{"text":"kept"}\n{"text":"half')
  const message = await response
  message.on('error', () => {})
  await once(message, 'data')
  request.destroy()
  await closeOf(message)
  const reply = await fetch(`${served.url}/api/memory`)
  const page = (await reply.json()) as { recent: { text: string }[] }
  assert.deepEqual(
    page.recent.map(({ text }) => text),
    ['kept'],
  )
})

test('an import outlives the request timeout as long as lines come, and ends when none does', async () => {
  const requestTimeoutMs = 1000
  await using served = await listen({ requestTimeoutMs })
  const { request, response } = openImport(served)
  request.on('error', () => {})
  const startedAt = performance.now()
  let sent = 0
  request.write(`{"text":"line ${sent++}"}\n`)
  const message = await response
  message.on('error', () => {})
  // The next line goes out when the result of the last one is here, until three timeouts have passed.
  message.on('data', () => {
    if (performance.now() - startedAt < 3 * requestTimeoutMs)
      setTimeout(() => request.write(`{"text":"line ${sent++}"}\n`), requestTimeoutMs / 5)
  })
  await closeOf(message)
  assert.ok(performance.now() - startedAt >= 3 * requestTimeoutMs)
  assert.equal(served.spore.health().memories, sent)
})

async function openSocket(served: Served): Promise<Socket> {
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

test('a body that never arrives is a 408 and the connection is closed', async () => {
  await using served = await listen({ requestTimeoutMs: 500 })
  const socket = await openSocket(served)
  socket.write(
    'POST /api/memory HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  )
  const reply = await readText(socket)
  assert.match(reply, /^HTTP\/1\.1 408 /)
  assert.match(reply, /"code":"REQUEST_TIMEOUT"/)
})

test('a request without Host, and bytes that are no request, are refused as problems', async () => {
  await using served = await listen()
  const bare = await openSocket(served)
  bare.write('GET /api/health HTTP/1.0\r\n\r\n')
  assert.match(await readText(bare), /^HTTP\/1\.1 403 [\s\S]*"code":"HOST_NOT_ALLOWED"/)
  const noise = await openSocket(served)
  noise.write('\x16\x03\x01 hello\r\n\r\n')
  assert.match(await readText(noise), /^HTTP\/1\.1 400 [\s\S]*"code":"BODY_MALFORMED"/)
})

test('a body longer than the cap is refused while it is sent', async () => {
  await using served = await listen()
  const request = httpRequest(`${served.url}/api/memory`, { method: 'POST', headers: JSON_TYPE })
  request.on('error', () => {})
  const response = once(request, 'response')
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const stop = setInterval(() => request.write(chunk), 0)
  const [message] = (await response) as [IncomingMessage]
  clearInterval(stop)
  assert.equal(message.statusCode, 413)
  request.destroy()
})

interface Frame {
  readonly id: number
  readonly event: string
  readonly data: { readonly id: string; readonly text: string | null; readonly space: string }
}

async function openEvents(served: Served, path = '/api/events', headers: Record<string, string> = {}) {
  const abort = new AbortController()
  const reply = await fetch(served.url + path, { headers, signal: abort.signal })
  const lines = reply.body ? createInterface({ input: Readable.fromWeb(reply.body) }) : null
  const iterator = lines?.[Symbol.asyncIterator]()
  const next = async (): Promise<Frame | null> => {
    const fields: Record<string, string> = {}
    for (;;) {
      const step = await iterator?.next().catch(() => ({ done: true, value: '' }))
      if (!step || step.done) return null
      const match = /^(id|event|data): (.*)$/.exec(step.value)
      if (match) fields[match[1] as string] = match[2] as string
      if (step.value === '' && fields.data)
        return { id: Number(fields.id), event: fields.event as string, data: JSON.parse(fields.data) }
    }
  }
  return { reply, next, close: () => abort.abort() }
}

const remember = (served: Served, text: string) => served.spore.remember({ text })

test('events come as they happen and resume behind the last id, by header or by query', async () => {
  await using served = await listen()
  await remember(served, 'before')
  const live = await openEvents(served)
  assert.equal(live.reply.headers.get('content-type'), 'text/event-stream')
  await remember(served, 'one')
  const one = await live.next()
  assert.deepEqual([one?.event, one?.data.text, one?.data.space], ['memory', 'one', 'private'])
  live.close()
  await remember(served, 'two')
  await remember(served, 'three')

  const byHeader = await openEvents(served, '/api/events?lastEventId=0', { 'last-event-id': String(one?.id) })
  const resumed = [await byHeader.next(), await byHeader.next()]
  assert.deepEqual(
    resumed.map((frame) => frame?.data.text),
    ['two', 'three'],
  )
  byHeader.close()
  const fromStart = await openEvents(served, '/api/events?lastEventId=0')
  assert.equal((await fromStart.next())?.data.text, 'before')
  fromStart.close()
})

test('one event stream more than the bound is a 503, and a closed one makes room', async () => {
  await using served = await listen()
  const streams = await Promise.all(Array.from({ length: EVENT_STREAMS_MAX }, () => openEvents(served)))
  assert.ok(streams.every(({ reply }) => reply.status === 200))
  const refused = await fetch(`${served.url}/api/events`)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
  assert.equal(((await refused.json()) as { code: string }).code, 'OVERLOADED')
  streams[0]?.close()
  // The server sees the end of a connection when it does: ask until there is room.
  for (;;) {
    const again = await openEvents(served)
    if (again.reply.status === 200) break
    await again.reply.text()
  }
})

test('closing the server ends its event streams', async () => {
  const served = await listen()
  const stream = await openEvents(served)
  await served[Symbol.asyncDispose]()
  assert.equal(await stream.next(), null)
})

test('a reader that stops is cut, and what it missed is there when it comes back', async () => {
  await using served = await listen({ eventStallMs: 100 })
  const socket = await openSocket(served)
  socket.on('error', () => {})
  socket.write('GET /api/events?lastEventId=0 HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(socket, 'readable')
  const items = (from: number) =>
    Array.from({ length: 1000 }, (_, i) => ({ text: `${from + i} ${'x'.repeat(300)}` }))
  // Kernel buffers take some megabytes before the stream's own begins to fill.
  for (let from = 0; from < 20_000; from += 1000) await served.spore.rememberMany(items(from))
  while ((await connections(served)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const back = await openEvents(served, '/api/events?lastEventId=0')
  assert.match((await back.next())?.data.text ?? '', /^0 /)
  back.close()
  socket.destroy()
})

const connections = (served: Served): Promise<number> =>
  new Promise((resolve, reject) =>
    served.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
