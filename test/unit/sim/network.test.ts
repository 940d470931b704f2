/** The simulated network: what arrives, what does not, and what its faults look like to a sender. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamRequest, TransportRequest } from '../../../src/core/gossip/transport.ts'
import { FEDERATION_TIMEOUT_MS } from '../../../src/core/protocol/limits.ts'
import { createNetwork, type NetworkConditions } from '../../../src/sim/network.ts'
import { createRandom } from '../../../src/sim/random.ts'
import { type Responder, reply } from '../../../src/sim/respond.ts'
import { createScheduler, type Life } from '../../../src/sim/scheduler.ts'

const never = () => false
const B = 'https://b.sim'
const signal = () => new AbortController().signal

const request = (changes: Partial<TransportRequest> = {}): TransportRequest => ({
  method: 'GET',
  base: B,
  path: '/x',
  query: '',
  headers: {},
  body: new Uint8Array(),
  maxBytes: 100,
  ...changes,
})
const streamed = (changes: Partial<StreamRequest> = {}): StreamRequest => ({
  ...request(),
  idleTimeoutMs: 1000,
  replyTimeoutMs: null,
  ...changes,
})

function createBench(respond: Responder | null) {
  const scheduler = createScheduler()
  const conditions: NetworkConditions = { loss: 0, duplicate: 0, minMs: 5, maxMs: 50, isCut: null }
  const repeats: boolean[] = []
  const network = createNetwork({
    scheduler,
    random: createRandom('network'),
    conditions,
    onRequest: (_, isRepeat) => void repeats.push(isRepeat),
    onReply: () => {},
    onBroken: () => {},
    note: () => {},
  })
  const life: Life = { isOver: false }
  network.serve(B, { place: 1, name: 'b', respond, life: { isOver: false } })
  return { scheduler, conditions, network, life, repeats, transport: network.transport(0, 'a', life) }
}

const echo: Responder = async ({ body }) => reply(200, body)

test('a request and its reply take their time', async () => {
  const { scheduler, transport } = createBench(echo)
  const sent = transport.send(request({ body: Uint8Array.of(7) }), signal())
  await scheduler.drive(never)
  const answer = await sent
  assert.ok(answer.ok)
  assert.deepEqual(answer.value.body, Uint8Array.of(7))
  assert.ok(scheduler.elapsedMs >= 10 && scheduler.elapsedMs <= 100, `${scheduler.elapsedMs}`)
})

test('requests overtake one another', async () => {
  const order: number[] = []
  const { scheduler, transport } = createBench(async ({ body }) => {
    order.push(body[0] as number)
    return reply(200, body)
  })
  for (let i = 0; i < 20; i++) void transport.send(request({ body: Uint8Array.of(i) }), signal())
  await scheduler.drive(never)
  assert.equal(order.length, 20)
  assert.notDeepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})

test('nobody at an address refuses at once; silence takes the timeout', async () => {
  const refused = createBench(null)
  const asked = refused.transport.send(request(), signal())
  await refused.scheduler.drive(never)
  const answer = await asked
  assert.ok(!answer.ok && answer.error.code === 'PEER_UNREACHABLE')

  const silent = createBench(() => new Promise(() => {}))
  const lost = silent.transport.send(request(), signal())
  await silent.scheduler.drive(never)
  assert.equal((await lost).ok, false)
  assert.equal(silent.scheduler.elapsedMs, FEDERATION_TIMEOUT_MS)
})

test('what is cut one way does not arrive, and what comes back does not either', async () => {
  let asked = 0
  const { scheduler, transport, conditions } = createBench(async () => {
    asked++
    return reply(200, new Uint8Array())
  })
  conditions.isCut = (from, to) => from === 0 && to === 1
  const there = transport.send(request(), signal())
  await scheduler.drive(never)
  assert.deepEqual([(await there).ok, asked], [false, 0])
  conditions.isCut = (from, to) => from === 1 && to === 0
  const back = transport.send(request(), signal())
  await scheduler.drive(never)
  assert.deepEqual([(await back).ok, asked], [false, 1])
})

test('a duplicate is the same request again, answered once to the sender', async () => {
  const { scheduler, transport, conditions, repeats } = createBench(echo)
  conditions.duplicate = 1
  const sent = transport.send(request(), signal())
  await scheduler.drive(never)
  assert.equal((await sent).ok, true)
  assert.deepEqual(repeats, [false, true])
})

test('a signal ends the wait, and a life that ended hears nothing', async () => {
  const { scheduler, transport, life } = createBench(echo)
  const controller = new AbortController()
  const sent = transport.send(request(), controller.signal)
  scheduler.after(1, null, () => controller.abort())
  await scheduler.drive(never)
  assert.equal((await sent).ok, false)

  let heard = false
  void transport.send(request(), signal()).then(() => {
    heard = true
  })
  life.isOver = true
  await scheduler.drive(never)
  assert.equal(heard, false)
})

test('a longer reply than is taken is none, whole or in chunks', async () => {
  const long: Responder = async () => reply(200, new Uint8Array(101))
  const { scheduler, transport } = createBench(long)
  const sent = transport.send(request(), signal())
  await scheduler.drive(never)
  assert.equal((await sent).ok, false)

  const streaming = transport.stream(streamed(), signal())
  await scheduler.drive(never)
  const stream = await streaming
  assert.ok(stream.ok)
  const readAll = async () => {
    for await (const _ of stream.value.body) assert.fail('a chunk that is too long')
  }
  const read = assert.rejects(readAll(), { code: 'PEER_UNREACHABLE' })
  await scheduler.drive(never)
  await read
})

test('a stream brings its chunks in order; one that falls silent breaks off', async () => {
  let isClosed = false
  const { scheduler, transport } = createBench(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      try {
        for (let i = 0; i < 9; i++) yield Uint8Array.of(i)
        await new Promise<void>((resolve) => scheduler.after(5000, null, resolve))
        yield Uint8Array.of(9)
      } finally {
        isClosed = true
      }
    })(),
  }))
  const streaming = transport.stream(streamed(), signal())
  await scheduler.drive(never)
  const stream = await streaming
  assert.ok(stream.ok)
  const chunks: number[] = []
  const read = (async () => {
    for await (const chunk of stream.value.body) chunks.push(chunk[0] as number)
  })()
  const broken = assert.rejects(read, { code: 'PEER_UNREACHABLE' })
  await scheduler.drive(never)
  await broken
  assert.deepEqual(chunks, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  assert.equal(isClosed, true)
})
