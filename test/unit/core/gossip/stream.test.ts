/** Spores that nobody can reach: they hold streams open at others, and all goes over their own connections. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEvent } from '../../../../src/core/gossip/event-stream.ts'
import { SUBSCRIPTIONS_MAX } from '../../../../src/core/gossip/subscriptions.ts'
import {
  EVENT_LINE_CHARS_MAX,
  STREAM_IHAVES_BURST,
  STREAM_STALL_MS,
  STREAMS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { encodeIhave } from '../../../../src/core/protocol/messages.ts'
import type { Member } from '../../../support/loopback.ts'
import { inventedRow, serveLiar } from './liar.ts'
import { join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

test('two spores that nobody can reach exchange through a third, within two seconds', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const [a, b] = [await net.open('a', { isReachable: false }), await net.open('b', { isReachable: false })]
  await rememberMany(a, 20)
  await rememberMany(b, 30)
  await join(a, hub.url)
  await join(b, hub.url)
  await net.clock.advance(2000)
  assert.deepEqual([hub, a, b].map(memoriesOf), [50, 50, 50])
  await remember(a, 'news of a')
  await remember(b, 'news of b')
  await remember(hub, 'news of the hub')
  await net.clock.advance(500)
  assert.deepEqual([hub, a, b].map(memoriesOf), [53, 53, 53])
  assert.ok(net.exchanges.every(({ from }) => from !== 'hub'))
})

test('what comes down a stream is not sent back up, nor told again', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const a = await net.open('a', { isReachable: false })
  await join(a, hub.url)
  await net.clock.advance(1000)
  net.take()
  await remember(hub, 'news')
  await net.clock.advance(3000)
  assert.equal(memoriesOf(a), 1)
  assert.deepEqual(only(net.take(), '/push').length, 0)
})

test('a spore whose URL does not work for others holds a stream, too', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const a = await net.open('a', { isReachable: false, url: 'https://wrong.test' })
  await join(a, hub.url)
  await net.clock.advance(1000)
  await remember(hub, 'news of the hub')
  await remember(a, 'news of a')
  await net.clock.advance(500)
  assert.deepEqual([hub, a].map(memoriesOf), [2, 2])
})

test('streams are held at so many peers and no more', async (context) => {
  await using net = testLoopback(context)
  const hubs: Member[] = []
  for (let i = 0; i < SUBSCRIPTIONS_MAX + 2; i++) {
    const hub = await net.open(`hub-${i}`)
    if (hubs[0]) await join(hub, hubs[0].url)
    hubs.push(hub)
  }
  const a = await net.open('a', { isReachable: false, seeds: hubs.map(({ url }) => url) })
  await net.clock.advance(120_000)
  assert.equal(only(net.exchanges, '/stream').length, SUBSCRIPTIONS_MAX)
  await remember(a, 'for all')
  await net.clock.advance(5000)
  assert.deepEqual(new Set(hubs.map(memoriesOf)), new Set([1]))
})

test('a spore holds so many streams open for others, and refuses one more', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const { did: caller } = await net.open('caller')
  for (let i = 0; i < STREAMS_MAX; i++)
    assert.ok(hub.spore.federation.stream(`${caller}${i}` as Member['did']).ok)
  const refused = hub.spore.federation.stream(caller)
  assert.equal(!refused.ok && refused.error.code, 'OVERLOADED')
  // One more of the same caller takes the place of the one it had.
  const again = hub.spore.federation.stream(`${caller}0` as Member['did'])
  assert.ok(again.ok)
  hub.spore.federation.closeStreams()
  assert.ok(again.value.signal.aborted)
  assert.ok(hub.spore.federation.stream(caller).ok)
})

test('a stream that nobody reads is cut', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const { did } = await net.open('caller')
  const opened = hub.spore.federation.stream(did)
  assert.ok(opened.ok)
  await remember(hub, 'news')
  await net.clock.advance(STREAM_STALL_MS)
  assert.ok(!opened.value.signal.aborted)
  await net.clock.advance(1000)
  assert.ok(opened.value.signal.aborted)
})

test('a stream that is cut is opened again, and what was missed is pulled', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const a = await net.open('a', { isReachable: false })
  await join(a, hub.url)
  await net.clock.advance(1000)
  net.lose = () => true
  hub.spore.federation.closeStreams()
  await remember(hub, 'while nobody listened')
  await net.clock.advance(200)
  net.lose = null
  await net.clock.advance(5000)
  assert.equal(memoriesOf(a), 1)
  await remember(hub, 'later')
  await net.clock.advance(200)
  assert.equal(memoriesOf(a), 2)
})

test('a spore that is closed ends its streams, and the one that held them finds it again', async (context) => {
  await using net = testLoopback(context)
  const before = await net.open('hub')
  const a = await net.open('a', { isReachable: false })
  await join(a, before.url)
  await net.clock.advance(1000)
  await before.close()
  await net.clock.advance(60_000)
  const hub = await net.open('hub')
  await net.clock.advance(120_000)
  await remember(hub, 'news')
  await net.clock.advance(500)
  assert.equal(memoriesOf(a), 1)
})

/** A hub that says what it likes down its streams. */
async function heard(
  context: { diagnostic(message: string): void },
  chunks: (net: ReturnType<typeof testLoopback>) => AsyncIterable<Uint8Array>,
  waitMs = 60_000,
) {
  const net = testLoopback(context)
  const honest = await net.open('honest')
  const liar = serveLiar(net, 'liar', {
    stream: async () => ({ status: 200, headers: {}, body: chunks(net) }),
  })
  const a = await net.open('a', { isReachable: false })
  await join(a, honest.url)
  await join(a, liar.url)
  await net.clock.advance(waitMs)
  await remember(honest, 'news')
  await net.clock.advance(500)
  assert.equal(memoriesOf(a), 1, 'the honest peer was not heard')
  const asked = net.exchanges.filter(({ request }) => request.base === liar.url)
  return { net, asked, a, liar }
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

test('a line without an end ends the stream', async (context) => {
  const part = text('x'.repeat(64 * 1024))
  let sent = 0
  const { net, asked } = await heard(context, async function* () {
    yield text('data: ')
    for (; sent < 8 * EVENT_LINE_CHARS_MAX; sent += part.length) yield part
  })
  await using _ = net
  assert.ok(sent < 8 * EVENT_LINE_CHARS_MAX)
  assert.ok(only(asked, '/stream').length <= 4)
})

for (const [what, words] of [
  ['of a type that is none', 'event: gossip\ndata: AAAA\n\n'],
  ['that is not base64url', 'event: push\ndata: !\n\n'],
  ['of several lines', 'event: push\ndata: AAAA\ndata: AAAA\n\n'],
  ['that announces rubbish', 'event: ihave\ndata: AAAA\n\n'],
] as const)
  test(`a hub that sends an event ${what} is left alone for a while`, async (context) => {
    const { net, asked } = await heard(context, async function* () {
      yield text(words)
    })
    await using _ = net
    assert.ok(only(asked, '/stream').length <= 4)
  })

for (const tooMany of [0, 1])
  test(`announcements of what nobody has are answered together; ${tooMany} too many`, async (context) => {
    const over = new AbortController()
    let sent = 0
    let isEnded = false
    const { net, asked, a, liar } = await heard(
      context,
      async function* (network) {
        if (sent > 0) return
        try {
          for (; sent < STREAM_IHAVES_BURST + tooMany; sent++)
            yield encodeEvent('ihave', encodeIhave([{ logId: inventedRow(network).logId, next: 1 }]))
          yield encodeEvent('push', new Uint8Array())
          sent++
          await network.clock.sleep(60 * 60_000, over.signal)
        } finally {
          isEnded = true
        }
      },
      5000,
    )
    await using _ = net
    assert.equal(isEnded, tooMany > 0)
    const answers = only(asked, '/neighbor').length
    assert.ok(answers <= 8, `${answers} answers`)
    const peer = a.spore.peers().find(({ url }) => url === liar.url)
    assert.equal(peer?.standingReason, tooMany > 0 ? 'lie' : null)
    over.abort()
  })

test('a stream that ends at once, again and again, is given up for a while', async (context) => {
  const { net, asked } = await heard(context, async function* () {
    yield text(':\n\n')
  })
  await using _ = net
  assert.ok(only(asked, '/stream').length <= 12, `${only(asked, '/stream').length} streams in a minute`)
})
