/** Peers that lie: they cost a bounded number of requests and keep nobody from an honest one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { HEADS_PAGES_MAX, PULLS_MAX } from '../../../../src/core/gossip/pull.ts'
import { IHAVE_ROWS_MAX, PULL_RANGES_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  decodeHeads,
  decodeIhave,
  decodeIhaveReply,
  decodeNeighborReply,
  decodePull,
  decodePushReply,
  encodeIhave,
  encodeIhaveReply,
  encodeNeighbor,
  encodePull,
  encodePushReply,
} from '../../../../src/core/protocol/messages.ts'
import { VIEW_HEADER } from '../../../../src/core/protocol/view-stamp.ts'
import { type Loopback, type Member, reply } from '../../../support/loopback.ts'
import { headsReply, inventedRow, type Script, serveLiar } from './liar.ts'
import { framesOf, join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

/** Joins a liar, lets its tricks play out, and returns what it was asked; an honest peer must be heard meanwhile. */
async function playedOut(net: Loopback, script: Script) {
  const [a, honest] = [await net.open('a'), await net.open('honest')]
  await rememberMany(honest, 5)
  await remember(a, 'something to push')
  const liar = serveLiar(net, 'liar', script)
  await join(a, liar.url)
  await net.clock.settle()
  const asked = net.take().filter(({ request }) => request.base === liar.url)
  await join(a, honest.url)
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(a), 6, 'the honest peer was not heard')
  assert.equal(memoriesOf(honest), 6)
  return { a, liar, asked, peer: a.spore.peers().find(({ url }) => url === liar.url) }
}

test('pages of heads without an end are read up to a bound', async (context) => {
  await using net = testLoopback(context)
  let page = 0
  const { a, asked, liar } = await playedOut(net, {
    heads: async () => headsReply([], { cursor: String(page++), more: true }),
  })
  assert.equal(only(asked, '/heads').length, HEADS_PAGES_MAX)
  const futile = a.spore.federation.conduct.view(liar.signer.did)?.offences.futile ?? 0
  assert.ok(futile >= HEADS_PAGES_MAX - 1, `pages with nothing on them, and more behind: ${futile}`)
})

test('a cursor that stands still ends the pages', async (context) => {
  await using net = testLoopback(context)
  const { asked } = await playedOut(net, {
    heads: async () => headsReply([], { cursor: 'same', more: true }),
  })
  assert.equal(only(asked, '/heads').length, 2)
})

test('rows that are claimed and not delivered are asked for once a round, and never thought done', async (context) => {
  await using net = testLoopback(context)
  const rows = [inventedRow(net, 2 ** 32), inventedRow(net)]
  const { asked, a, liar } = await playedOut(net, {
    heads: async () => headsReply(rows, { cursor: 'end', more: false }),
  })
  assert.equal(only(asked, '/pull').length, 1)
  const later = net.take().filter(({ request, from }) => from === a.name && request.base === liar.url)
  for (const { request } of only(later, '/heads')) assert.match(request.query, /^\?own=[\w-]{16}$/)
})

test('more undeliverable rows than one pull takes do not hide the log behind them', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 3)
  const real = decodeHeads(author.spore.federation.heads(null, null).body as Uint8Array)!.spaces[0]!.rows
  const rows = [...Array.from({ length: PULL_RANGES_MAX + 1 }, () => inventedRow(net)), ...real]
  const liar = serveLiar(net, 'liar', {
    heads: async () => headsReply(rows, { cursor: 'end', more: false }),
    pull: respondAs(author),
  })
  const a = await net.open('a')
  await join(a, liar.url)
  await net.clock.settle()
  assert.equal(memoriesOf(a), 3)
})

/** Serves pulls from an honest spore's store, whoever asks. */
function respondAs(author: Member): NonNullable<Script['pull']> {
  return async ({ body }) => {
    const ranges = decodePull(body)
    assert.ok(ranges.ok)
    const frames = author.spore.federation.pull(body, author.did)
    const parts: Uint8Array[] = []
    if (frames.ok) for await (const frame of frames.value) parts.push(frame)
    return reply(200, new Uint8Array(Buffer.concat(parts)))
  }
}

test('a log on the first page that cannot be had does not hide the second page', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 3)
  const real = decodeHeads(author.spore.federation.heads(null, null).body as Uint8Array)!.spaces[0]!.rows
  const liar = serveLiar(net, 'liar', {
    heads: async ({ query }) =>
      query === ''
        ? headsReply([inventedRow(net)], { cursor: 'first', more: true })
        : headsReply(real, { cursor: 'second', more: false }),
    pull: respondAs(author),
  })
  const a = await net.open('a')
  await join(a, liar.url)
  await net.clock.settle()
  assert.equal(memoriesOf(a), 3)
})

test('frames that are garbage end the round and are said of the peer', async (context) => {
  await using net = testLoopback(context)
  const garbage = Uint8Array.from({ length: 5000 }, () => net.random.integer(0, 255))
  const { asked, peer } = await playedOut(net, {
    heads: async () => headsReply([inventedRow(net)], { cursor: 'end', more: false }),
    pull: async () => reply(200, garbage),
  })
  assert.equal(only(asked, '/pull').length, 1)
  assert.equal(peer?.state, 'refused')
  assert.match(peer?.lastError ?? '', /^RUN_/)
})

test('runs of logs that nobody asked for are stored if they are true, and do not go on for ever', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 7)
  const frames = await framesOf(author)
  const liar = serveLiar(net, 'liar', {
    heads: async () => headsReply([inventedRow(net)], { cursor: 'end', more: false }),
    pull: async () => reply(200, frames),
  })
  const a = await net.open('a')
  await join(a, liar.url)
  await net.clock.settle()
  assert.equal(memoriesOf(a), 7)
  // The second pull brought nothing new, so there was no third.
  assert.equal(only(net.take(), '/pull').filter(({ request }) => request.base === liar.url).length, 2)
})

test('a log that grows by an entry with every pull is followed up to a bound', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await remember(author, 'the first')
  let pulls = 0
  const { asked } = await playedOutWithout(net, {
    heads: async () => {
      const [row] = decodeHeads(author.spore.federation.heads(null, null).body as Uint8Array)!.spaces[0]!.rows
      return headsReply([{ ...row!, next: 2 ** 32 }], { cursor: 'end', more: false })
    },
    pull: async (request) => {
      await remember(author, `entry ${++pulls}`)
      return respondAs(author)(request)
    },
  })
  assert.equal(only(asked, '/pull').length, PULLS_MAX)
})

async function playedOutWithout(net: Loopback, script: Script) {
  const a = await net.open('a')
  const liar = serveLiar(net, 'liar', script)
  await join(a, liar.url)
  await net.clock.settle()
  return { asked: net.take().filter(({ request }) => request.base === liar.url) }
}

test('a peer that refuses logs by their content does not keep others in the same reply away', async (context) => {
  await using net = testLoopback(context)
  const ahead = await net.open('ahead')
  const author = await net.open('author')
  await rememberMany(author, 3)
  net.clock.jump(60 * 60 * 1000)
  await remember(ahead, 'written in the future')
  net.clock.jump(-60 * 60 * 1000)
  const carrier = await net.open('carrier')
  const frames = [await framesOf(ahead), await framesOf(author)]
  const rows = [ahead, author].flatMap(
    ({ spore }) => decodeHeads(spore.federation.heads(null, null).body as Uint8Array)!.spaces[0]!.rows,
  )
  const liar = serveLiar(net, 'liar', {
    heads: async () => headsReply(rows, { cursor: 'end', more: false }),
    // The log from the future first, and alone, as if it filled the reply.
    pull: async ({ body }) => {
      const ranges = decodePull(body)
      const first = ranges.ok && ranges.value[0]?.logId === rows[0]!.logId ? 0 : 1
      return reply(200, frames[first] as Uint8Array)
    },
  })
  await join(carrier, liar.url)
  await net.clock.settle()
  assert.equal(memoriesOf(carrier), 3)
})

test('a peer that wants the same again and again gets it once more', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('a')
  await rememberMany(author, 10)
  const [log] = await author.store.logs()
  const liar = serveLiar(net, 'liar', {
    push: async () =>
      reply(
        200,
        encodePushReply({
          new: 0,
          dup: 0,
          failures: [],
          want: [{ logId: log!.logId, from: 0 }],
          prune: false,
          linked: true,
        }),
      ),
  })
  await join(author, liar.url)
  await net.clock.settle()
  net.take()
  await remember(author, 'news')
  await net.clock.advance(1000)
  assert.equal(only(net.take(), '/push').length, 2)
})

test('what was not offered cannot be wanted', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  await remember(a, 'a secret', 'private')
  await remember(a, 'no secret', 'commons')
  const secret = (await a.store.logs()).find(({ space }) => space === 'private')!
  const want = [{ logId: secret.logId, from: 0 }]
  const liar = serveLiar(net, 'liar', {
    push: async () =>
      reply(200, encodePushReply({ new: 1, dup: 0, failures: [], want, prune: false, linked: true })),
  })
  await join(a, liar.url)
  await net.clock.settle()
  await remember(a, 'news', 'commons')
  await net.clock.advance(1000)
  assert.ok(only(net.take(), '/push').length <= 1)
  const frames = a.spore.federation.pull(encodePull([{ logId: secret.logId, from: 0, to: null }]), a.did)
  assert.ok(frames.ok)
  for await (const _ of frames.value) assert.fail('a private log was served')
})

test('a peer that never answers holds up nobody, and not the end either', async (context) => {
  await using net = testLoopback(context)
  const honest = await net.open('honest')
  const liar = serveLiar(net, 'silent', {})
  const a = await net.open('a', { seeds: [liar.url] })
  await net.clock.settle()
  net.silent.add('silent')
  await join(a, honest.url)
  await net.clock.advance(120_000)
  net.lose = (_, { path }) => path.endsWith('/push')
  await rememberMany(honest, 4)
  // One random peer of two a round: long enough to have asked the honest one.
  await net.clock.advance(600_000)
  assert.equal(memoriesOf(a), 4)
  await a.close()
})

test('more gaps in one push than a reply may list are answered in its form', async (context) => {
  await using net = testLoopback(context)
  const receiver = await net.open('receiver')
  const frames: Uint8Array[] = []
  for (let i = 0; i <= PULL_RANGES_MAX; i++) {
    const author = await net.open(`author-${i}`)
    await remember(author, 'first')
    await remember(author, 'second')
    const [log] = await author.store.logs()
    const tail = author.spore.federation.pull(
      encodePull([{ logId: log!.logId, from: 1, to: null }]),
      author.did,
    )
    if (tail.ok) for await (const frame of tail.value) frames.push(frame)
    await author.close()
  }
  assert.equal(frames.length, PULL_RANGES_MAX + 1)
  const liar = serveLiar(net, 'liar', {})
  const answer = await receiver.spore.federation.push(
    new Uint8Array(Buffer.concat(frames)),
    liar.descriptor().key,
  )
  const decoded = decodePushReply(answer)
  assert.equal(decoded?.want.length, PULL_RANGES_MAX)
  assert.equal(decoded?.failures.length, PULL_RANGES_MAX)
})

test('replies that are no replies are the peer’s failure', async (context) => {
  await using net = testLoopback(context)
  const honest = await net.open('honest')
  await rememberMany(honest, 2)
  const bodies = [new Uint8Array(), Uint8Array.of(0xff), new Uint8Array(1000), new TextEncoder().encode('{}')]
  for (const [i, body] of bodies.entries()) {
    const liar = serveLiar(net, `liar-${i}`, { heads: async () => reply(200, body) })
    const a = await net.open(`a-${i}`)
    await join(a, liar.url)
    await net.clock.settle()
    assert.equal(a.spore.peers()[0]?.state, 'refused')
    await join(a, honest.url)
    await net.clock.settle()
    assert.equal(memoriesOf(a), 2)
  }
})

test('a second page is read although the view is still the one of the first', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 2)
  const other = await net.open('other')
  await rememberMany(other, 3)
  const rowsOf = ({ spore }: Member) =>
    decodeHeads(spore.federation.heads(null, null).body as Uint8Array)!.spaces.flatMap(({ rows }) => rows)
  const stamp = 'e'.repeat(16)
  const said = { [VIEW_HEADER]: stamp }
  const peer = serveLiar(net, 'paged', {
    heads: async ({ query }) => {
      const since = new URLSearchParams(query).get('since')
      if (since === 'second') return { status: 204, headers: said, body: new Uint8Array() }
      const page =
        since === null
          ? headsReply(rowsOf(author), { cursor: 'first', more: true })
          : headsReply(rowsOf(other), { cursor: 'second', more: false })
      return { ...page, headers: said }
    },
    pull: async (request) => {
      const ranges = decodePull(request.body)
      const isOther = ranges.ok && ranges.value[0]?.logId === rowsOf(other)[0]?.logId
      return respondAs(isOther ? other : author)(request)
    },
  })
  const a = await net.open('a')
  await join(a, peer.url)
  await net.clock.settle()
  assert.equal(memoriesOf(a), 5)
  net.take()
  await net.clock.advance(60_000)
  for (const { reply } of only(net.take(), '/heads')) assert.equal(reply?.status, 204)
})

test('a 204 that names another view is believed only behind a cursor', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  for (const said of ['e'.repeat(16), 'no stamp', '']) {
    const answer = { status: 204, headers: { [VIEW_HEADER]: said }, body: new Uint8Array() }
    const { url } = serveLiar(net, `liar-${said.length}`, { heads: async () => answer })
    await join(a, url)
    await net.clock.settle()
    const peer = a.spore.peers().find((each) => each.url === url)
    assert.match(peer?.lastError ?? '', /the reply to heads is not in its form/)
  }
})

test('what a peer refused in a push is offered again by a spore that it cannot pull from', async (context) => {
  await using net = testLoopback(context)
  let isFull = true
  const pushed: number[] = []
  const peer = serveLiar(net, 'full', {
    ihave: async ({ body }) => {
      const rows = decodeIhave(body)
      const want = (rows.ok && isFull ? rows.value : []).map(({ logId }) => ({ logId, from: 0 }))
      return reply(200, encodeIhaveReply({ want, linked: true }))
    },
    push: async ({ body }) => {
      pushed.push(body.length)
      const failures = isFull ? [{ index: 0, code: 'LOGS_FULL' as const }] : []
      return reply(
        200,
        encodePushReply({ new: isFull ? 0 : 1, dup: 0, failures, want: [], prune: false, linked: true }),
      )
    },
  })
  const a = await net.open('a', { isReachable: false })
  await join(a, peer.url)
  await remember(a, 'once there is room')
  await net.clock.advance(60_000)
  assert.ok(pushed.length >= 2)
  isFull = false
  await net.clock.advance(60_000)
  const accepted = pushed.length
  await net.clock.advance(60_000)
  assert.equal(pushed.length, accepted)
})

test('floods of prunes and grafts cost what they say, and keep nobody from the news', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(b, a.url)
  await rememberMany(a, 20)
  await net.clock.settle()
  const { signer } = serveLiar(net, 'liar', {})
  const [log] = await a.store.logs()
  const want = Array.from({ length: PULL_RANGES_MAX }, () => ({ logId: log!.logId, from: 0 }))
  for (let i = 0; i < 100; i++)
    for (const ask of ['lazy', 'eager', 'leave'] as const) {
      const answered = await a.spore.federation.neighbor(
        encodeNeighbor({ ask, want: ask === 'eager' ? want : [] }),
        signer.did,
      )
      // Who has no link can turn none.
      const answer = answered.ok && decodeNeighborReply(answered.value)
      if (ask !== 'leave') assert.deepEqual(answer, { accepted: false, reached: null })
    }
  net.take()
  await remember(a, 'news')
  await net.clock.advance(200)
  assert.equal(memoriesOf(b), 21)
  assert.deepEqual(
    net.take().map(({ request }) => `${request.base} ${request.path}`),
    [`${b.url} /federation/v1/push`],
  )
})

test('a neighbour that wants everything again and again is brought it once for each time it asks', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  await rememberMany(a, 20)
  const liar = serveLiar(net, 'liar', {})
  await join(a, liar.url)
  await net.clock.settle()
  const [log] = await a.store.logs()
  const graft = encodeNeighbor({ ask: 'eager', want: [{ logId: log!.logId, from: 0 }] })
  net.take()
  for (let i = 0; i < 50; i++) await a.spore.federation.neighbor(graft, liar.signer.did)
  await net.clock.settle()
  // What is asked for while it is on its way follows it once.
  assert.ok(only(net.take(), '/push').length <= 2)
})

test('an ihave of one row too many is refused, and one of invented logs wants no more than a reply may list', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const { signer } = serveLiar(net, 'liar', {})
  const rows = Array.from({ length: IHAVE_ROWS_MAX + 1 }, (_, i) => ({
    logId: Buffer.from(i.toString(16).padStart(32, '0'), 'hex').toString('base64url') as LogId,
    next: 1,
  }))
  const refused = a.spore.federation.ihave(encodeIhave(rows), signer.did)
  assert.equal(!refused.ok && refused.error.code, 'REQUEST_INVALID')
  const taken = a.spore.federation.ihave(encodeIhave(rows.slice(1)), signer.did)
  const answer = taken.ok ? decodeIhaveReply(taken.value) : null
  assert.deepEqual([answer?.want.length, answer?.linked], [PULL_RANGES_MAX, false])
})
