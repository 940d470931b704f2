/** Long logs are fetched newest first: from several peers, over cuts and restarts, and past peers that lie. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { AHEAD_PARTS_MAX, BATCH_PARTS_MAX, STALL_MS } from '../../../../src/core/gossip/bootstrap.ts'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { verifyStore } from '../../../../src/core/memory/verify.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import { SEGMENT_ENTRIES_MAX, SEGMENT_ROWS_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodePull } from '../../../../src/core/protocol/messages.ts'
import { decodeRun } from '../../../../src/core/protocol/run.ts'
import {
  decodeSegmentList,
  encodeSegmentList,
  type SegmentList,
} from '../../../../src/core/protocol/segment-list.ts'
import {
  type Loopback,
  type Member,
  problem,
  type Responder,
  reply,
  respondFrom,
} from '../../../support/loopback.ts'
import { arrivedSeqs, createLongLog, type LongLog, openHolder, openPartialHolder } from './long-log.ts'
import { join, memoriesOf, only, testLoopback } from './support.ts'

const SEGMENTS = 6
let long: LongLog
before(async () => {
  long = await createLongLog('long', SEGMENTS)
})

async function assertWhole(member: Member): Promise<void> {
  assert.equal(memoriesOf(member), long.entries)
  assert.equal(member.spore.health().missing, 0)
  assert.deepEqual(await member.store.partials(), [])
  const [row] = (await member.store.logs()).filter(({ logId }) => logId === long.logId)
  assert.deepEqual([row?.next, row?.chain], [long.row.next, long.row.chain])
  const { signal } = new AbortController()
  const { findings } = await verifyStore(member.store, createVerifier(), { signal })
  assert.deepEqual(findings, [])
}

/** First entries of the ranges that were asked for, request by request. */
const rangesOf = (net: Loopback, to: Member) =>
  only(net.exchanges, '/pull')
    .filter(({ request }) => request.base === to.url)
    .map(({ request }) => {
      const ranges = decodePull(request.body)
      assert.ok(ranges.ok)
      return ranges.value.map(({ from }) => from)
    })

test('a long log comes newest first, in few requests, and is whole in the end', async (context) => {
  await using net = testLoopback(context)
  const a = await openHolder(net, 'a', long)
  const b = await net.open('b', { isReachable: false })
  net.take()
  await join(b, a.url)
  await net.clock.settle()
  await assertWhole(b)
  const arrived = await arrivedSeqs(b, long.logId)
  const starts = arrived.filter((seq, i) => seq !== (arrived[i - 1] ?? -2) + 1)
  const expected = Array.from({ length: SEGMENTS + 1 }, (_, i) => (SEGMENTS - i) * SEGMENT_ENTRIES_MAX)
  assert.deepEqual(starts, expected)
  assert.ok(SEGMENTS < BATCH_PARTS_MAX)
  assert.equal(only(net.exchanges, '/segments').length, 1)
  assert.deepEqual(rangesOf(net, a), [expected])
})

test('a log of a few segments comes in its own order', async (context) => {
  await using net = testLoopback(context)
  const short = await createLongLog('short', 4, 3)
  const a = await openHolder(net, 'a', short)
  const b = await net.open('b', { isReachable: false })
  await join(b, a.url)
  await net.clock.settle()
  assert.equal(memoriesOf(b), short.entries)
  const arrived = await arrivedSeqs(b, short.logId)
  assert.deepEqual(
    arrived,
    [...arrived].sort((x, y) => x - y),
  )
})

test('what is missing is shown, and a restart goes on from what is stored', async (context) => {
  await using net = testLoopback(context)
  const a = await openHolder(net, 'a', long)
  const first = await net.open('b', { isReachable: false })
  // The reply breaks off behind the third segment.
  cutPulls(net, a, 3)
  await join(first, a.url)
  await net.clock.settle()
  const { missing, memories } = first.spore.health()
  assert.deepEqual([missing + memories, missing > 0, memories > 0], [long.entries, true, true])
  await first.close()
  net.take()
  const whole = net.serve('a', respondFrom(a.spore.federation))
  const b = await net.open('b', { isReachable: false, store: first.store, seeds: [whole] })
  assert.equal(b.spore.health().missing, missing)
  await net.clock.advance(30_000)
  await assertWhole(b)
  const asked = only(net.take(), '/pull').flatMap(({ request }) => {
    const ranges = decodePull(request.body)
    return ranges.ok ? ranges.value.map(({ from }) => from) : []
  })
  assert.ok(asked.length > 0 && asked.every((from) => from < missing), `${asked} of ${missing}`)
})

/** Lets a spore answer one pull with its first `frames` frames, and no more pulls then. */
function cutPulls(net: Loopback, member: Member, frames: number): void {
  const honest = respondFrom(member.spore.federation)
  let isCut = false
  net.serve(member.name, async (request) => {
    const answer = await honest(request)
    if (!request.path.endsWith('/pull')) return answer
    if (isCut) return problem(failure('OVERLOADED', 'later'))
    isCut = true
    const bytes = await bytesOf(answer.body)
    const view = Buffer.from(bytes)
    let end = 0
    for (let i = 0; i < frames && end < bytes.length; i++) end += 4 + view.readUInt32BE(end)
    return reply(200, bytes.subarray(0, end))
  })
}

async function bytesOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

test('several peers are asked at the same time, each for other segments', async (context) => {
  await using net = testLoopback(context)
  const longer = await createLongLog('longer', 2 * BATCH_PARTS_MAX + 3)
  const [a, c] = [await openHolder(net, 'a', longer), await openHolder(net, 'c', longer)]
  net.take()
  const b = await net.open('b', { isReachable: false, seeds: [a.url, c.url] })
  await net.clock.advance(1000)
  assert.equal(memoriesOf(b), longer.entries)
  const [ofA, ofC] = [rangesOf(net, a), rangesOf(net, c)]
  assert.ok(ofA.length > 0 && ofC.length > 0, `${ofA.length} and ${ofC.length} requests`)
  const all = [...ofA, ...ofC].flat()
  assert.equal(new Set(all).size, all.length, 'no segment was asked for twice')
  assert.ok(all.length <= AHEAD_PARTS_MAX)
})

test('a peer that never answers is replaced', async (context) => {
  await using net = testLoopback(context)
  const [a, c] = [await openHolder(net, 'a', long), await openHolder(net, 'c', long)]
  const honest = respondFrom(a.spore.federation)
  let isHung = false
  net.serve('a', async (request) => {
    if (!request.path.endsWith('/pull')) return honest(request)
    isHung = true
    return { status: 200, headers: {}, body: never() }
  })
  const b = await net.open('b', { isReachable: false })
  await join(b, a.url)
  await net.clock.settle()
  assert.ok(isHung)
  await join(b, c.url)
  await net.clock.advance(2 * STALL_MS)
  await assertWhole(b)
})

async function* never(): AsyncGenerator<Uint8Array> {
  await new Promise(() => {})
}

/** Peers that have the log and lie: what they answer in the place of the truth. */
const liars: readonly { readonly what: string; readonly lie: (honest: Responder) => Responder }[] = [
  {
    what: 'says that other chains stand before its segments',
    lie: (honest) =>
      altered(honest, '/segments', (list) => ({
        ...list,
        rows: list.rows.map((row) => ({ ...row, chain: new Uint8Array(32) })),
      })),
  },
  {
    what: 'cuts its segments elsewhere',
    lie: (honest) =>
      altered(honest, '/segments', (list) => ({
        ...list,
        rows: list.rows.map((row) => ({ ...row, from: Math.max(0, row.from - 5), seq: row.seq - 5 })),
      })),
  },
  {
    what: 'leaves a segment out',
    lie: (honest) =>
      altered(honest, '/segments', (list) => ({ ...list, rows: list.rows.filter((_, i) => i !== 2) })),
  },
  {
    what: 'lists the segments of another log',
    lie: (honest) =>
      altered(honest, '/segments', (list) => ({ ...list, log: { ...list.log, epoch: new Uint8Array(8) } })),
  },
  {
    what: 'lists its segments in the wrong order',
    lie: (honest) => altered(honest, '/segments', (list) => ({ ...list, rows: list.rows.toReversed() })),
  },
  {
    what: 'says that the log has no segments',
    lie: (honest) => altered(honest, '/segments', (list) => ({ ...list, rows: [] })),
  },
  {
    what: 'lists one row too many',
    lie: (honest) =>
      altered(honest, '/segments', (list) => {
        const row = list.rows[0] as SegmentList['rows'][number]
        return { ...list, rows: Array.from({ length: SEGMENT_ROWS_MAX + 1 }, () => row) }
      }),
  },
  {
    what: 'lists garbage',
    lie: (honest) => async (request) =>
      request.path.endsWith('/segments') ? reply(200, new Uint8Array(1000).fill(7)) : honest(request),
  },
  {
    what: 'sends nothing',
    lie: (honest) => async (request) =>
      request.path.endsWith('/pull') ? reply(200, new Uint8Array()) : honest(request),
  },
  {
    what: 'sends garbage',
    lie: (honest) => async (request) =>
      request.path.endsWith('/pull') ? reply(200, new Uint8Array(1000).fill(9)) : honest(request),
  },
  {
    what: 'changes a byte of every reply',
    lie: (honest) => async (request) => {
      const answer = await honest(request)
      if (!request.path.endsWith('/pull')) return answer
      const bytes = await bytesOf(answer.body)
      bytes[bytes.length >> 1]! ^= 1
      return reply(200, bytes)
    },
  },
  {
    what: 'sends the segments in the wrong order',
    lie: (honest) => async (request) => {
      const answer = await honest(request)
      if (!request.path.endsWith('/pull')) return answer
      const bytes = Buffer.from(await bytesOf(answer.body))
      const frames: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
        frames.push(bytes.subarray(at, at + 4 + bytes.readUInt32BE(at)))
      return reply(200, new Uint8Array(Buffer.concat(frames.reverse())))
    },
  },
]

/** Answers like an honest spore, but for lists of segments. */
function altered(honest: Responder, path: string, change: (list: SegmentList) => SegmentList): Responder {
  return async (request) => {
    const answer = await honest(request)
    if (!request.path.endsWith(path)) return answer
    const list = decodeSegmentList(await bytesOf(answer.body), long.logId)
    assert.ok(list)
    return reply(200, encodeSegmentList(change(list)))
  }
}

for (const { what, lie } of liars)
  test(`a peer that ${what} keeps nobody from an honest one, and stores nothing false`, async (context) => {
    await using net = testLoopback(context)
    const [a, c] = [await openHolder(net, 'a', long), await openHolder(net, 'c', long)]
    net.serve('a', lie(respondFrom(a.spore.federation)))
    const b = await net.open('b', { isReachable: false })
    net.take()
    await join(b, a.url)
    await net.clock.advance(15_000)
    const asked = net.take().length
    assert.ok(asked < 60, `${asked} requests`)
    await join(b, c.url)
    await net.clock.advance(2 * STALL_MS)
    await assertWhole(b)
  })

test('the segments of a long log are frames that hold what they say', async (context) => {
  await using net = testLoopback(context)
  const a = await openHolder(net, 'a', long)
  const { federation } = a.spore
  const listed = await federation.segments(long.logId, null)
  assert.ok(listed.ok)
  const list = decodeSegmentList(listed.value, long.logId)
  assert.equal(list?.rows.length, SEGMENTS)
  for (const { from, seq } of list.rows) {
    const segment = await federation.segment(long.logId, String(from))
    assert.ok(segment.ok)
    const frames = [...decodeFrames(segment.value.frame, zlibCompression)]
    assert.equal(frames.length, 1)
    const run = frames[0]?.ok ? decodeRun(frames[0].value) : null
    assert.ok(run?.ok)
    assert.deepEqual([run.value.from, run.value.from + run.value.count - 1], [from, seq])
    assert.equal((await federation.segment(long.logId, String(from))).ok, true)
  }
  const page = await federation.segments(long.logId, String(3 * SEGMENT_ENTRIES_MAX))
  assert.ok(page.ok)
  assert.deepEqual(
    decodeSegmentList(page.value, long.logId)?.rows.map(({ from }) => from),
    [2048, 1024, 0],
  )
})

test('whoever holds whichever parts of logs, all come to hold the same', async (context) => {
  await using net = testLoopback(context)
  const { random } = net
  const logs = [long, await createLongLog('other', 3, 1), await createLongLog('third', 8, 500)]
  // Nobody holds everything, and everything is held by somebody.
  const holders = ['a', 'b', 'c', 'd']
  const members: Member[] = []
  for (const [index, name] of holders.entries()) {
    const held = logs.map((log, i) => {
      const parts = Math.floor(log.entries / SEGMENT_ENTRIES_MAX) + 1
      if (i === index) return { log, below: parts, from: parts }
      const below = random.integer(0, parts - 1)
      return { log, below, from: random.integer(below + 1, parts + 1) }
    })
    members.push(await openPartialHolder(net, name, held))
  }
  net.lose = () => random.float() < 0.1
  for (const member of members)
    for (const other of members) if (other !== member) await member.spore.addPeer(other.url)
  await net.clock.advance(60_000)
  net.lose = null
  for (const member of members)
    for (const other of members) if (other !== member) await join(member, other.url)
  await net.clock.advance(180_000)
  const total = logs.reduce((sum, { entries }) => sum + entries, 0)
  assert.deepEqual(
    members.map(memoriesOf),
    members.map(() => total),
  )
  const views = members.map(({ spore }) => spore.federation.heads(null, null).stamp)
  assert.equal(new Set(views).size, 1)
  for (const member of members) {
    const { findings } = await verifyStore(member.store, createVerifier(), {
      signal: new AbortController().signal,
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(await member.store.partials(), [])
  }
})
