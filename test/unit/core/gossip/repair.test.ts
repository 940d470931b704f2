/** Damaged payloads come back from peers, each only as the bytes that its header names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { emptyBatch, type LogRow } from '../../../../src/core/memory/store.ts'
import { verifyStore } from '../../../../src/core/memory/verify.ts'
import { PAYLOAD_BYTES_MAX, PAYLOADS_ASKED_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  decodePayloadReply,
  decodePayloadRequest,
  encodePayloadReply,
  encodePayloadRequest,
} from '../../../../src/core/protocol/payload-messages.ts'
import { type Loopback, type Member, reply, respondFrom } from '../../../support/loopback.ts'
import { join, memoriesOf, only, rememberMany, testLoopback } from './support.ts'

/** Two spores with the same 20 memories, three of which are damaged at the second when it is closed. */
async function damaged(net: Loopback): Promise<{ readonly a: Member; readonly closed: Member }> {
  const [a, b] = [await net.open('a'), await net.open('b', { isReachable: false })]
  await rememberMany(a, 20)
  await join(b, a.url)
  await net.clock.settle()
  assert.equal(memoriesOf(b), 20)
  const [log] = await b.store.logs()
  const { logId } = log as LogRow
  const payloads = [3, 4, 11].map((seq) => ({ logId, seq, payload: Uint8Array.of(1, 2, 3) }))
  await b.store.commit({ ...emptyBatch, payloads })
  await b.close()
  net.take()
  return { a, closed: b }
}

async function assertSound({ store }: Member): Promise<void> {
  const { findings } = await verifyStore(store, createVerifier(), { signal: new AbortController().signal })
  assert.deepEqual(findings, [])
}

test('payloads that are damaged on the disk are asked for alone, and visible again', async (context) => {
  await using net = testLoopback(context)
  const { a, closed } = await damaged(net)
  const b = await net.open('b', { isReachable: false, store: closed.store })
  const before = b.spore.health()
  assert.deepEqual([before.damaged, before.memories], [3, 17])
  await net.clock.advance(60_000)
  const after = b.spore.health()
  assert.deepEqual([after.damaged, after.memories, after.entries], [0, 20, 20])
  const found = await b.spore.search({ q: 'memory 11 of a', limit: 1 })
  assert.match(found.ok ? (found.value.hits[0]?.text ?? '') : '', /^memory 11 /)
  const asked = only(net.take(), '/payloads')
  assert.equal(asked.length, 1)
  const entries = decodePayloadRequest(asked[0]?.request.body as Uint8Array)
  assert.deepEqual(entries.ok && entries.value.map(({ seq }) => seq), [3, 4, 11])
  await assertSound(b)
  await b.close()
  const again = await net.open('b', { isReachable: false, store: b.store })
  assert.deepEqual([again.spore.health().damaged, memoriesOf(again)], [0, 20])
  assert.equal(memoriesOf(a), 20)
})

test('other bytes than those that the header names are not taken, and the peer is not asked again', async (context) => {
  await using net = testLoopback(context)
  const { a, closed } = await damaged(net)
  const honest = respondFrom(a.spore.federation)
  net.serve('a', async (request) => {
    if (!request.path.endsWith('/payloads')) return honest(request)
    const wanted = decodePayloadRequest(request.body)
    assert.ok(wanted.ok)
    return reply(
      200,
      encodePayloadReply(wanted.value.map((entry) => ({ ...entry, payload: Uint8Array.of(9) }))),
    )
  })
  const b = await net.open('b', { isReachable: false, store: closed.store })
  await net.clock.advance(60_000)
  assert.equal(b.spore.health().damaged, 3)
  assert.equal(only(net.take(), '/payloads').length, 1)
  const c = await net.open('c')
  net.serve('a', honest)
  await join(c, a.url)
  await net.clock.settle()
  await join(b, c.url)
  await net.clock.advance(60_000)
  assert.equal(b.spore.health().damaged, 0)
  await assertSound(b)
})

test('payloads that are private, damaged here too or of unknown logs are not given out', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  await rememberMany(a, 2)
  await rememberMany(a, 2, 'private')
  const logs = await a.store.logs()
  const [commons] = logs.filter(({ space }) => space === 'commons')
  const logId = commons?.logId as NonNullable<typeof commons>['logId']
  await a.store.commit({ ...emptyBatch, payloads: [{ logId, seq: 1, payload: Uint8Array.of(1) }] })
  const wanted = [
    ...logs.flatMap((log) => [0, 1, 2].map((seq) => ({ logId: log.logId, seq }))),
    { logId: 'A'.repeat(22) as typeof logId, seq: 0 },
  ]
  const answer = await a.spore.federation.payloads(encodePayloadRequest(wanted))
  assert.ok(answer.ok)
  assert.deepEqual(
    decodePayloadReply(answer.value)?.map((sent) => [sent.logId, sent.seq]),
    [[logId, 0]],
  )
})

test('requests and replies with more than the bounds are none', () => {
  const logId = 'A'.repeat(22) as never
  const entries = (count: number) => Array.from({ length: count }, (_, seq) => ({ logId, seq }))
  assert.equal(decodePayloadRequest(encodePayloadRequest(entries(PAYLOADS_ASKED_MAX))).ok, true)
  const refused = decodePayloadRequest(encodePayloadRequest(entries(PAYLOADS_ASKED_MAX + 1)))
  assert.equal(refused.ok || refused.error.code, 'REQUEST_INVALID')
  const isReply = (count: number, length: number) =>
    decodePayloadReply(
      encodePayloadReply(entries(count).map((entry) => ({ ...entry, payload: new Uint8Array(length) }))),
    ) !== null
  assert.ok(isReply(PAYLOADS_ASKED_MAX, 0) && isReply(1, PAYLOAD_BYTES_MAX))
  assert.ok(!isReply(PAYLOADS_ASKED_MAX + 1, 0))
  assert.ok(!isReply(1, PAYLOAD_BYTES_MAX + 1))
  for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), Uint8Array.of(0x81, 0x80)]) {
    assert.equal(decodePayloadRequest(bytes).ok, false)
    assert.equal(decodePayloadReply(bytes), null)
  }
})
