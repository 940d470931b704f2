/** Two and more honest spores: everything gets everywhere, and nothing else does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { emptyBatch, type LogRow } from '../../../../src/core/memory/store.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import { HEADS_ROWS_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodeHeads, decodePushReply } from '../../../../src/core/protocol/messages.ts'
import { join, memoriesOf, only, remember, rememberMany, routesOf, testLoopback } from './support.ts'

test('two spores with 400 and 300 memories hold 700 after one joins the other', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await rememberMany(a, 400)
  await rememberMany(b, 300)
  await join(a, b.url)
  await net.clock.settle()
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [700, 700])
  const found = await b.spore.search({ q: 'memory 399 of a', limit: 1 })
  assert.equal(found.ok && found.value.hits[0]?.author, a.did)
})

test('what is private is in no byte that is sent, and its log in no view', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  const canary = 'the canary sings at midnight'
  await remember(a, canary, 'private')
  await rememberMany(a, 20)
  await join(a, b.url)
  await remember(a, `${canary} twice`, 'private')
  await remember(a, 'and this is for all', 'commons')
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(b), 21)
  assert.ok(net.exchanges.length > 4)
  const privateIds = (await a.store.logs())
    .filter(({ space }) => space === 'private')
    .map(({ logId }) => logId)
  assert.equal(privateIds.length, 1)
  for (const { request, reply } of net.exchanges)
    for (const bytes of [request.body, reply?.body ?? new Uint8Array()])
      for (const form of everyForm(bytes)) {
        assert.ok(!form.includes(canary), request.path)
        assert.ok(!form.includes(Buffer.from(privateIds[0] as string, 'base64url')), request.path)
      }
})

/** Bytes as they were sent, and what the frames in them decode to. */
function everyForm(bytes: Uint8Array): Buffer[] {
  const forms = [Buffer.from(bytes)]
  for (const frame of decodeFrames(bytes, zlibCompression)) {
    if (!frame.ok) break
    forms.push(Buffer.from(frame.value))
  }
  return forms
}

test('a write reaches the peers without waiting for a pull, and is not sent back', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  await net.clock.settle()
  net.take()
  await remember(a, 'news')
  await net.clock.advance(200)
  assert.deepEqual([a, b].map(memoriesOf), [1, 1])
  const sent = net.take()
  assert.deepEqual(routesOf(sent), ['POST /federation/v1/push'])
  assert.deepEqual(
    sent.map(({ from, request }) => `${from} to ${request.base}`),
    [`a to ${b.url}`],
  )
})

test('writes that come together go out in one push', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  await net.clock.settle()
  net.take()
  for (let i = 0; i < 10; i++) await remember(a, `news ${i}`)
  await net.clock.advance(200)
  assert.equal(memoriesOf(b), 10)
  assert.deepEqual(routesOf(net.take()), ['POST /federation/v1/push'])
})

test('a push that was lost is made up for by the next pull', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  await net.clock.settle()
  net.lose = (_, { path }) => /\/(push|ihave)$/.test(path)
  await remember(a, 'lost on its way')
  await net.clock.advance(200)
  assert.equal(memoriesOf(b), 0)
  await net.clock.advance(15_000)
  assert.equal(memoriesOf(b), 1)
})

test('a push behind a gap is answered with what is wanted, and that is brought', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const before = await net.open('b')
  await join(a, before.url)
  await rememberMany(a, 30)
  await net.clock.advance(1000)
  assert.equal(memoriesOf(before), 30)
  await before.close()
  // It lost its store, and nobody has noticed yet. What it pulls itself is lost.
  const b = await net.open('b')
  net.lose = (from, { path }) => from === 'b' && path.endsWith('/heads')
  net.take()
  await remember(a, 'one more')
  await net.clock.advance(200)
  const [refused] = only(net.take(), '/push').map((push) => decodePushReply(push.reply?.body as Uint8Array)!)
  assert.deepEqual(refused?.failures, [{ index: 0, code: 'SEQ_GAP' }])
  assert.deepEqual([refused?.want.map(({ from }) => from), refused?.linked], [[0], false])
  assert.equal(memoriesOf(b), 0)
  // It was linked again at once, and still lacks what came before.
  await remember(a, 'and another')
  await net.clock.advance(200)
  assert.equal(memoriesOf(b), 32)
  const replies = only(net.take(), '/push').map((push) => decodePushReply(push.reply?.body as Uint8Array)!)
  assert.deepEqual(
    replies.map((one) => [one.new, one.want.map(({ from }) => from), one.linked]),
    [
      [0, [0], true],
      [32, [], true],
    ],
  )
})

test('a neighbour that forgot the link is told by its answers, and linked again', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const before = await net.open('b')
  await join(a, before.url)
  await net.clock.settle()
  await before.close()
  const b = await net.open('b')
  await remember(a, 'news')
  await net.clock.advance(120_000)
  net.take()
  await remember(b, 'news of b')
  await net.clock.advance(200)
  assert.deepEqual([a, b].map(memoriesOf), [2, 2])
  // A round may fall into the same moment.
  const sent = routesOf(net.take()).filter((route) => !/\/(heads|shuffle)$/.test(route))
  assert.deepEqual(sent, ['POST /federation/v1/push'])
})

test('a peer that lost its store gets it back from a spore that it cannot reach', async (context) => {
  await using net = testLoopback(context)
  const hidden = await net.open('hidden', { isReachable: false })
  const before = await net.open('hub')
  await rememberMany(hidden, 30)
  await join(hidden, before.url)
  await net.clock.advance(1000)
  assert.equal(memoriesOf(before), 30)
  await before.close()
  const hub = await net.open('hub')
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(hub), 30)
  // With nothing lacking nothing is offered.
  net.take()
  await net.clock.advance(120_000)
  assert.ok(net.take().every(({ request }) => /\/(heads|shuffle)$/.test(request.path)))
})

test('a spore that nobody can reach receives and contributes over its own requests', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a', { isReachable: false })
  const b = await net.open('b')
  await rememberMany(a, 40)
  await rememberMany(b, 30)
  await join(a, b.url)
  await net.clock.advance(100)
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [70, 70])
  await remember(b, 'later at b')
  await remember(a, 'later at a')
  await net.clock.advance(15_000)
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [72, 72])
  assert.ok(net.exchanges.every(({ from }) => from === 'a'))
})

test('what an unreachable spore could not deliver is brought once the peer is back', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a', { isReachable: false })
  const b = await net.open('b')
  await join(a, b.url)
  await net.clock.settle()
  net.lose = () => true
  await remember(a, 'written while the peer was away')
  await net.clock.advance(30_000)
  net.lose = null
  await net.clock.advance(30_000)
  assert.equal(memoriesOf(b), 1)
})

test('after a restart an unreachable spore with nothing new sends nothing again', async (context) => {
  await using net = testLoopback(context)
  const first = await net.open('a', { isReachable: false })
  const b = await net.open('b')
  await rememberMany(first, 40)
  await join(first, b.url)
  await net.clock.advance(1000)
  await first.close()
  net.take()
  await net.open('a', { isReachable: false, store: first.store })
  await net.clock.advance(60_000)
  const sent = net.take()
  assert.equal(only(sent, '/join').length, 1)
  assert.deepEqual(only(sent, '/push'), [])
  assert.ok(only(sent, '/heads').every(({ reply }) => reply?.status === 204))
})

test('a spore whose URL does not work for others brings what it has at its second round', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a', { isReachable: false, url: 'https://wrong.test' })
  const b = await net.open('b')
  await rememberMany(a, 40)
  await join(a, b.url)
  await net.clock.advance(30_000)
  assert.equal(memoriesOf(b), 40)
  assert.deepEqual(b.spore.peers(), [])
})

test('with nothing new a round is one request, answered with 204 and no body', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await rememberMany(a, 50)
  await join(a, b.url)
  await net.clock.advance(60_000)
  net.take()
  await net.clock.advance(60_000)
  const all = net.take()
  const sent = all.filter(({ request }) => !request.path.endsWith('/shuffle'))
  assert.ok(all.length - sent.length <= 4, 'each shuffles once a minute, on average')
  assert.ok(sent.length >= 8 && sent.length <= 24, `${sent.length} requests in a minute`)
  for (const { request, reply } of sent) {
    assert.equal(request.path, '/federation/v1/heads')
    assert.deepEqual([reply?.status, reply?.body.length], [204, 0])
    assert.match(request.query, /^\?own=[\w-]{16}&since=[\w-]{16}$/, 'one view, named once')
  }
})

test('a peer that follows logs unknown here is asked only for what advanced behind the cursor', async (context) => {
  await using net = testLoopback(context)
  const [a, b, c] = [await net.open('a'), await net.open('b'), await net.open('c')]
  // No shuffle tells a of c, which it would ask too.
  net.lose = (_, { path }) => path.endsWith('/shuffle')
  await rememberMany(c, 3)
  await join(b, c.url)
  await join(a, b.url)
  await net.clock.advance(30_000)
  // Only b knows what c says next, until a asks b.
  net.lose = (_, { path }) => /\/(push|shuffle)$/.test(path)
  net.take()
  await remember(c, 'only c moves')
  // One random peer a round: long enough for b to have asked c, and a to have asked b behind it.
  await net.clock.advance(600_000)
  assert.equal(memoriesOf(a), 4)
  const heads = only(net.take(), '/heads').filter(({ from, reply }) => from === 'a' && reply?.status === 200)
  const rows = heads.flatMap(({ reply }) => decodeHeads(reply!.body)!.spaces.flatMap((space) => space.rows))
  assert.equal(rows.length, 1)
})

test('the cursor of another epoch, and one that is no cursor, give everything', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  await rememberMany(a, 5)
  const all = decodeHeads(a.spore.federation.heads(null, null).body as Uint8Array)!
  const rowsBehind = (since: string) =>
    decodeHeads(a.spore.federation.heads(since, null).body as Uint8Array)!.spaces.flatMap(({ rows }) => rows)
  assert.equal(a.spore.federation.heads(all.cursor, null).body, null)
  const b = await net.open('b')
  await rememberMany(b, 5)
  const ofAnother = decodeHeads(b.spore.federation.heads(null, null).body as Uint8Array)!.cursor
  const sealed = Buffer.from(all.cursor, 'base64url')
  const flipped = Array.from(sealed, (byte, at) => {
    const bytes = Uint8Array.from(sealed)
    bytes[at] = byte ^ 1
    return Buffer.from(bytes).toString('base64url')
  })
  const others = [ofAnother, ...flipped, all.cursor.slice(1), `${all.cursor}A`, '', '.', 'x'.repeat(10_000)]
  for (const since of others) assert.equal(rowsBehind(since).length, 1, since.slice(0, 40))
})

test('a view of more rows than one reply takes is read page by page', async (context) => {
  await using net = testLoopback(context)
  const { store } = await net.open('template')
  const many = createMemoryStore(store.origin)
  const row = (i: number): LogRow => ({
    logId: Buffer.from(i.toString(16).padStart(32, '0'), 'hex').toString('base64url') as LogRow['logId'],
    publicKey: store.origin.publicKey,
    space: 'commons' as LogRow['space'],
    epoch: Uint8Array.from(Buffer.from(i.toString(16).padStart(16, '0'), 'hex')),
    next: 1,
    chain: new Uint8Array(32),
    clock: 1,
    segmentStart: 0,
    segmentBytes: 1,
    arrival: i,
  })
  const logs = Array.from({ length: HEADS_ROWS_MAX + 1 }, (_, i) => row(i + 1))
  // Nothing but their order of arrival is asked of the entries.
  const entries = logs.map(({ logId, arrival }) => {
    return { logId, seq: 0, arrival, header: new Uint8Array(), payload: null }
  })
  await many.commit({ ...emptyBatch, logs, entries })
  const template = await net.open('template', { store: many })
  const { heads } = template.spore.federation
  const first = decodeHeads(heads(null, null).body as Uint8Array)!
  assert.equal(first.spaces[0]?.rows.length, HEADS_ROWS_MAX)
  assert.equal(first.more, true)
  const second = decodeHeads(heads(first.cursor, null).body as Uint8Array)!
  assert.equal(second.spaces[0]?.rows.length, 1)
  assert.equal(second.more, false)
  // The client reads on, too: what is on the second page is asked for.
  const b = await net.open('b')
  net.take()
  await join(b, template.url)
  await net.clock.settle()
  const sent = net.take().filter(({ from }) => from === 'b')
  assert.equal(only(sent, '/heads').filter(({ reply }) => reply?.status === 200).length, 2)
})

test('thirty spores that joined one hold what any of them writes, each told about once', async (context) => {
  await using net = testLoopback(context)
  const first = await net.open('spore-0')
  const all = [first]
  for (let i = 1; i < 30; i++) all.push(await net.open(`spore-${i}`, { seeds: [first.url] }))
  await net.clock.advance(120_000)
  await remember(all[3]!, 'the first news, which make the tree')
  await net.clock.advance(30_000)
  assert.ok(all.every((member) => memoriesOf(member) === 1))
  net.take()
  for (const writer of [all[7]!, all[29]!, first]) {
    await remember(writer, `news of ${writer.name}`)
    await net.clock.advance(5000)
  }
  assert.ok(all.every((member) => memoriesOf(member) === 4))
  const pushes = only(net.take(), '/push').length
  context.diagnostic(`${pushes / (3 * 29)} pushes a spore and entry`)
  assert.ok(pushes <= 1.5 * 3 * 29)
})
