/** Range-based reconciliation: exact on any two views, cheap on views that hardly differ, bounded against who plays games. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import {
  answerAsks,
  createReconcileIndex,
  createReconciliation,
  type ReconcileItem,
} from '../../../../src/core/gossip/reconcile.ts'
import { rowFingerprint } from '../../../../src/core/memory/log-table.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { emptyBatch, type LogRow } from '../../../../src/core/memory/store.ts'
import {
  AUDIT_INTERVAL_MS,
  LOGS_MAX,
  RECONCILE_LOGS_MIN,
  RECONCILE_PAUSE_MS,
  RECONCILE_RANGES_MAX,
  RECONCILE_ROUNDS_MAX,
  RECONCILE_ROWS_MAX,
  RECONCILE_TAGS_MAX,
  SEQ_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { decodeHeads, encodeHeads, type HeadsRow } from '../../../../src/core/protocol/messages.ts'
import {
  type Answer,
  type Ask,
  decodeAnswers,
  decodeAsks,
  encodeAnswers,
  encodeAsks,
  FINGERPRINT_BYTES,
  TAG_BYTES,
} from '../../../../src/core/protocol/reconcile-messages.ts'
import { type Loopback, type Member, reply, respondFrom } from '../../../support/loopback.ts'
import { type SeededRandom, seededRandom, testSeed } from '../../../support/seeded.ts'
import { join, memoriesOf, only, rememberMany, testLoopback } from './support.ts'

const randomBytes = (random: SeededRandom, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.integer(0, 255))

function toItem(clock: number, row: HeadsRow): ReconcileItem {
  return { clock, row, hash: rowFingerprint(row) }
}

function randomItem(random: SeededRandom, clocks: number): ReconcileItem {
  const logId = Buffer.from(randomBytes(random, 16)).toString('base64url') as LogId
  const row = { logId, next: random.integer(1, 5000), chain: randomBytes(random, 32) }
  const forked = random.integer(0, 19) === 0 ? { ...row, forkPoint: row.next } : row
  return toItem(random.integer(0, clocks), forked)
}

/** The same log, further on. */
function advanced(random: SeededRandom, { clock, row }: ReconcileItem): ReconcileItem {
  const { logId, next } = row
  return toItem(clock + random.integer(0, 3), { logId, next: next + 1, chain: randomBytes(random, 32) })
}

interface Outcome {
  readonly theirs: HeadsRow[]
  readonly ours: HeadsRow[]
  readonly rounds: number
  readonly bytes: number
}

/** Both sides with their messages as bytes. */
function reconcile(own: readonly ReconcileItem[], other: readonly ReconcileItem[]): Outcome {
  const [ownIndex, otherIndex] = [createReconcileIndex(own), createReconcileIndex(other)]
  const reconciliation = createReconciliation(ownIndex)
  const outcome = { theirs: [] as HeadsRow[], ours: [] as HeadsRow[], rounds: 0, bytes: 0 }
  for (let asks = reconciliation.asks(); asks.length > 0; asks = reconciliation.asks()) {
    assert.ok(++outcome.rounds <= RECONCILE_ROUNDS_MAX, 'too many rounds')
    const request = encodeAsks(asks)
    const heard = decodeAsks(request)
    assert.ok(heard.ok, heard.ok ? '' : heard.error.detail)
    const reply = encodeAnswers(answerAsks(otherIndex, heard.value))
    const answers = decodeAnswers(reply, asks)
    assert.ok(answers)
    outcome.bytes += request.length + reply.length
    const { theirs, ours } = reconciliation.hear(answers)
    outcome.theirs.push(...theirs)
    outcome.ours.push(...ours)
  }
  return outcome
}

const keyOf = ({ logId, next, chain, forkPoint }: HeadsRow) =>
  `${logId} ${next} ${Buffer.from(chain).toString('hex')} ${forkPoint}`
const keysOf = (rows: readonly HeadsRow[]) => rows.map(keyOf).sort()
const without = (items: readonly ReconcileItem[], others: readonly ReconcileItem[]) => {
  const known = new Set(others.map(({ row }) => keyOf(row)))
  return keysOf(items.map(({ row }) => row).filter((row) => !known.has(keyOf(row))))
}

test('any two views come to exactly what the one has and the other has not', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  for (let round = 0; round < 60; round++) {
    // Few clocks, so that many rows have the same; or one for each.
    const clocks = random.integer(0, 1) === 0 ? 3 : 1_000_000
    const shared = Array.from({ length: random.integer(0, 400) }, () => randomItem(random, clocks))
    const [own, other] = [0, 1].map(() => {
      const kept = shared.filter(() => random.integer(0, 9) > 0)
      const moved = kept.map((item) => (random.integer(0, 19) === 0 ? advanced(random, item) : item))
      return [...moved, ...Array.from({ length: random.integer(0, 60) }, () => randomItem(random, clocks))]
    }) as [ReconcileItem[], ReconcileItem[]]
    const { theirs, ours } = reconcile(own, other)
    assert.deepEqual(keysOf(theirs), without(other, own))
    assert.deepEqual(keysOf(ours), without(own, other))
  }
})

test('1 % of 10,000 logs that differ are found in two round trips, at a fraction of the rows', (context) => {
  const random = seededRandom('one percent')
  const own = Array.from({ length: 10_000 }, () => randomItem(random, 1e15))
  const other = own.map((item, i) => (i % 100 === 0 ? advanced(random, item) : item))
  const { theirs, rounds, bytes } = reconcile(own, other)
  assert.equal(theirs.length, 100)
  context.diagnostic(`${rounds} round trips, ${bytes} bytes, ${bytes / 100} a differing log`)
  assert.ok(rounds <= 2, `${rounds} round trips`)
  assert.ok(bytes < 40_000, `${bytes} bytes`)
})

test('the newest logs differ: fewer bytes still', (context) => {
  const random = seededRandom('newest')
  const own = Array.from({ length: 10_000 }, () => randomItem(random, 1e15))
  const sorted = own.toSorted((a, b) => a.clock - b.clock)
  const other = sorted.map((item, i) => (i >= 9900 ? advanced(random, item) : item))
  const { theirs, rounds, bytes } = reconcile(own, other)
  assert.equal(theirs.length, 100)
  context.diagnostic(`${rounds} round trips, ${bytes} bytes, ${bytes / 100} a differing log`)
  assert.ok(rounds <= 3 && bytes < 12_000, `${rounds} round trips, ${bytes} bytes`)
})

test('equal views take one round trip of less than 1 KiB, empty ones too', () => {
  const random = seededRandom('equal')
  const own = Array.from({ length: 5000 }, () => randomItem(random, 1e15))
  for (const items of [own, []]) {
    const { rounds, bytes, theirs, ours } = reconcile(items, [...items].reverse())
    assert.deepEqual([rounds, theirs, ours], [1, [], []])
    assert.ok(bytes < 1024, `${bytes} bytes`)
  }
})

test('who has nothing gets everything, and who has everything learns that the other has nothing', () => {
  const random = seededRandom('nothing')
  const items = Array.from({ length: 3000 }, () => randomItem(random, 50))
  const all = keysOf(items.map(({ row }) => row))
  assert.deepEqual(keysOf(reconcile([], items).theirs), all)
  assert.deepEqual(keysOf(reconcile(items, []).ours), all)
})

// --- Messages ---

const bound = (clock: number, prefix: readonly number[] = []) => ({ clock, prefix: Uint8Array.from(prefix) })
const summary = { count: 1, fingerprint: new Uint8Array(FINGERPRINT_BYTES) }

test('requests with a range or a tag too many, or ranges out of order, are refused', () => {
  const asks = (count: number): Ask[] =>
    Array.from({ length: count }, (_, i) => ({ lower: bound(i), upper: bound(i + 1), summary }))
  const tags = (count: number): Ask[] => [
    {
      lower: bound(0),
      upper: bound(1),
      tags: Array.from({ length: count }, () => new Uint8Array(TAG_BYTES)),
    },
  ]
  const codeOf = (bytes: Uint8Array) => {
    const decoded = decodeAsks(bytes)
    return decoded.ok ? 'ok' : decoded.error.code
  }
  assert.equal(codeOf(encodeAsks(asks(RECONCILE_RANGES_MAX))), 'ok')
  assert.equal(codeOf(encodeAsks(asks(RECONCILE_RANGES_MAX + 1))), 'REQUEST_INVALID')
  assert.equal(codeOf(encodeAsks(tags(RECONCILE_TAGS_MAX))), 'ok')
  assert.equal(codeOf(encodeAsks(tags(RECONCILE_TAGS_MAX + 1))), 'REQUEST_INVALID')
  const wrong: readonly unknown[] = [
    [[1, new Uint8Array(), 1, new Uint8Array(), 1, summary.fingerprint]],
    [[2, new Uint8Array(), 1, new Uint8Array(), 1, summary.fingerprint]],
    [[null, null, 1, new Uint8Array(), 1, summary.fingerprint]],
    [[0, new Uint8Array(17), 1, new Uint8Array(), 1, summary.fingerprint]],
    [[0, new Uint8Array(), 1, new Uint8Array(), -1, summary.fingerprint]],
    [[0, new Uint8Array(), 1, new Uint8Array(), SEQ_MAX + 1, summary.fingerprint]],
    [[0, new Uint8Array(), 1, new Uint8Array(), 1, new Uint8Array(15)]],
    [[0, new Uint8Array(), 1, new Uint8Array(), new Uint8Array(TAG_BYTES + 1)]],
    [[0, new Uint8Array(), 1, new Uint8Array()]],
    [[], 0],
    {},
    0,
  ]
  for (const value of wrong) assert.equal(codeOf(encodeCanonical(value as never)), 'REQUEST_INVALID')
  const [first, second] = asks(2) as [Ask, Ask]
  assert.equal(codeOf(encodeAsks([second, first])), 'REQUEST_INVALID')
})

test('answers that do not fit what was asked are none', () => {
  const ask: Ask = { lower: bound(10), upper: bound(20), summary }
  const part = (clock: number) => ({ upper: bound(clock), ...summary })
  const isTaken = (answers: readonly Answer[], asks: readonly Ask[] = [ask]) =>
    decodeAnswers(encodeAnswers(answers), asks) !== null
  assert.ok(isTaken([{ parts: [part(15), part(20)] }]))
  assert.ok(!isTaken([{ parts: [part(15), part(21)] }]), 'beyond the range')
  assert.ok(!isTaken([{ parts: [part(15), part(19)] }]), 'not all of it')
  assert.ok(!isTaken([{ parts: [part(16), part(15), part(20)] }]), 'not ascending')
  assert.ok(!isTaken([{ parts: [part(10), part(20)] }]), 'an empty part')
  assert.ok(!isTaken([{ parts: [] }]))
  const wide: Ask = { lower: bound(10), upper: bound(27), summary }
  const parts = (count: number) => Array.from({ length: count }, (_, i) => part(i < count - 1 ? 11 + i : 27))
  assert.ok(isTaken([{ parts: parts(16) }], [wide]))
  assert.ok(!isTaken([{ parts: parts(17) }], [wide]), 'more parts than a split has')
  assert.ok(!isTaken([null, null]), 'more answers than asks')
  assert.ok(!isTaken([{ rows: [], lacks: [true] }]), 'of a tag that was not given')
  const row = { logId: 'A'.repeat(22) as LogId, next: 1, chain: new Uint8Array(32) }
  const rows = (count: number): Answer => ({ rows: Array.from({ length: count }, () => row), lacks: [] })
  assert.ok(isTaken([rows(RECONCILE_ROWS_MAX)]))
  assert.ok(!isTaken([rows(RECONCILE_ROWS_MAX + 1)]))
})

test('a reply holds no more rows than the bound, and the rest is asked for again', () => {
  const random = seededRandom('many')
  const items = Array.from({ length: RECONCILE_ROWS_MAX + 500 }, () => randomItem(random, 1e15))
  const asks: Ask[] = Array.from({ length: 400 }, (_, i) => {
    return { lower: bound(i * 2.5e12), upper: bound((i + 1) * 2.5e12), tags: [] }
  })
  const answers = answerAsks(createReconcileIndex(items), asks)
  const rows = answers.flatMap((answer) => (answer && 'rows' in answer ? answer.rows : []))
  assert.ok(rows.length > RECONCILE_ROWS_MAX - RECONCILE_TAGS_MAX && rows.length <= RECONCILE_ROWS_MAX)
  assert.ok(answers.length < asks.length)
  assert.equal(reconcile([], items).theirs.length, items.length)
})

// --- Between spores ---

/** Rows of logs that nobody has to fetch: they are at both. */
function sharedRows(publicKey: Uint8Array, count: number): LogRow[] {
  return Array.from({ length: count }, (_, i) => ({
    logId: Buffer.from((i + 1).toString(16).padStart(32, '0'), 'hex').toString('base64url') as LogId,
    publicKey,
    space: 'commons' as LogRow['space'],
    epoch: Uint8Array.from(Buffer.from((i + 1).toString(16).padStart(16, '0'), 'hex')),
    next: 1,
    chain: new Uint8Array(32),
    clock: 1024 * i,
    segmentStart: 0,
    segmentBytes: 1,
    arrival: i + 1,
  }))
}

/** Opens a spore that follows `count` logs already. */
async function openFollower(net: Loopback, name: string, count: number, isReachable = true): Promise<Member> {
  const template = await net.open(name, { isReachable: false })
  const store = createMemoryStore(template.store.origin)
  const logs = sharedRows(new Uint8Array(32), count)
  const entries = logs.map(({ logId, arrival }) => {
    return { logId, seq: 0, arrival, header: new Uint8Array(), payload: null }
  })
  await store.commit({ ...emptyBatch, logs, entries })
  await template.close()
  return net.open(name, { store, isReachable })
}

const rowsSent = (net: Loopback) =>
  only(net.take(), '/heads')
    .filter(({ reply }) => reply?.status === 200)
    .map(({ reply }) => decodeHeads(reply?.body as Uint8Array)?.spaces.flatMap(({ rows }) => rows).length)

test('a spore that lost its place in a large view reconciles it, and is not sent all of it', async (context) => {
  await using net = testLoopback(context)
  const count = 2 * RECONCILE_LOGS_MIN
  const [a, b] = [await openFollower(net, 'a', count), await openFollower(net, 'b', count, false)]
  await rememberMany(a, 3)
  net.take()
  // Only what is pulled is looked at.
  net.lose = (_, { path }) => path.endsWith('/stream')
  await join(b, a.url)
  await net.clock.settle()
  assert.equal(memoriesOf(b), 3)
  assert.equal(only(net.exchanges, '/reconcile').length, 2)
  assert.deepEqual(rowsSent(net), [0])
  // From then on it has a cursor.
  await rememberMany({ ...a, name: 'a, later' }, 2)
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(b), 5)
  assert.equal(only(net.exchanges, '/reconcile').length, 2)
  assert.deepEqual(rowsSent(net).slice(0, 1), [1])
})

test('with few logs, or none yet, everything is sent', async (context) => {
  await using net = testLoopback(context)
  const a = await openFollower(net, 'a', RECONCILE_LOGS_MIN + 1)
  const few = await openFollower(net, 'few', 3, false)
  await join(few, a.url)
  await net.clock.settle()
  assert.equal(only(net.exchanges, '/reconcile').length, 0)
  const same = a.spore.federation.heads('unknown', null)
  assert.equal(same.isLost, true)
  assert.equal(a.spore.federation.heads(null, null).isLost, false)
  const cursor = decodeHeads(same.body as Uint8Array)?.cursor as string
  assert.equal(a.spore.federation.heads(cursor, null).isLost, false)
})

test('what stands behind a cursor and was missed is found by the audit of a day', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b', { isReachable: false })]
  const c = await net.open('c')
  await rememberMany(c, 2)
  await join(a, c.url)
  await net.clock.settle()
  await c.close()
  // It claims that there is nothing, and hands out the cursor behind it.
  const honest = respondFrom(a.spore.federation)
  let isLying = true
  net.serve('a', async (request) => {
    if (!isLying || !request.path.endsWith('/heads')) return honest(request)
    const { headers } = a.spore.federation.heads(null, null)
    const cursor = decodeHeads(a.spore.federation.heads(null, null).body as Uint8Array)?.cursor as string
    return { ...reply(200, encodeHeads({ cursor, more: false, spaces: [] })), headers }
  })
  await join(b, a.url)
  await net.clock.advance(60_000)
  isLying = false
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(b), 0)
  // A view that moves on is not the one that b says it knows.
  net.clock.jump(AUDIT_INTERVAL_MS + 1)
  await rememberMany({ ...a, name: 'a, later' }, 1, 'commons')
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(b), 3)
})

test('a peer that splits for ever, or answers nothing, costs a bounded number of requests', async (context) => {
  assert.ok(LOGS_MAX > RECONCILE_LOGS_MIN)
  for (const lie of ['splits', 'nothing', 'garbage'] as const) {
    await using net = testLoopback(context)
    const count = RECONCILE_LOGS_MIN + 1
    const [a, b] = [await openFollower(net, 'a', count), await openFollower(net, 'b', count, false)]
    await rememberMany(a, 1)
    const honest = respondFrom(a.spore.federation)
    net.serve('a', async (request) => {
      if (!request.path.endsWith('/reconcile')) return honest(request)
      if (lie === 'nothing') return reply(200, encodeAnswers([]))
      if (lie === 'garbage') return reply(200, new Uint8Array(100).fill(3))
      const asks = decodeAsks(request.body)
      assert.ok(asks.ok)
      return reply(200, encodeAnswers(asks.value.map(splitForEver)))
    })
    await join(b, a.url)
    await net.clock.settle()
    const asked = only(net.exchanges, '/reconcile').length
    assert.ok(asked >= 1 && asked <= RECONCILE_ROUNDS_MAX, `${lie}: ${asked} requests`)
  }
})

test('parts with more rows than the whole are no view, however evenly they are claimed', () => {
  const random = seededRandom('impossible')
  const own = Array.from({ length: 400 }, () => randomItem(random, 1e15))
  const lies: Record<string, (count: number) => number> = {
    'as many in each part': (count) => count,
    'one more each time': (count) => Math.ceil(count / 2) + 1,
  }
  for (const [lie, countOf] of Object.entries(lies)) {
    const reconciliation = createReconciliation(createReconcileIndex(own))
    let ranges = 0
    for (let round = 0; !reconciliation.isImpossible; round++) {
      assert.ok(round < 16, `${lie}: goes on after ${ranges} ranges`)
      const asks = reconciliation.asks()
      ranges += asks.length
      reconciliation.hear(
        asks.map((ask) => {
          const answer = splitForEver(ask)
          if (answer === null || !('parts' in answer)) return answer
          const count = countOf('summary' in ask ? 1000 : 48)
          return { parts: answer.parts.map((part) => ({ ...part, count })) }
        }),
      )
    }
    assert.ok(ranges < 20_000, `${lie}: ${ranges} ranges`)
  }
})

test('a view that moves on during a reconciliation is one all the same', () => {
  const random = seededRandom('moving')
  const items = Array.from({ length: 6000 }, () => randomItem(random, 1e15))
  const reconciliation = createReconciliation(createReconcileIndex(items.slice(0, 500)))
  let other = items
  const theirs = new Set<string>()
  for (let asks = reconciliation.asks(); asks.length > 0; asks = reconciliation.asks()) {
    const heard = reconciliation.hear(answerAsks(createReconcileIndex(other), asks))
    for (const row of heard.theirs) theirs.add(row.logId)
    // A fifth of all logs at once: each is now among the newest.
    other = other.map((item) =>
      random.integer(0, 4) === 0 ? { ...advanced(random, item), clock: item.clock + 1e15 } : item,
    )
    assert.ok(!reconciliation.isImpossible)
  }
  assert.ok(theirs.size > 1000, `${theirs.size} rows`)
})

test('a peer whose view was impossible is not reconciled with again before a pause', async (context) => {
  await using net = testLoopback(context)
  const count = RECONCILE_LOGS_MIN + 1
  const [a, b] = [await openFollower(net, 'a', count), await openFollower(net, 'b', count, false)]
  await rememberMany(a, 1)
  const honest = respondFrom(a.spore.federation)
  let isLying = true
  net.serve('a', async (request) => {
    if (!isLying || !request.path.endsWith('/reconcile')) return honest(request)
    const asks = decodeAsks(request.body)
    assert.ok(asks.ok)
    return reply(200, encodeAnswers(asks.value.map(splitForEver)))
  })
  net.lose = (_, { path }) => path.endsWith('/stream')
  await join(b, a.url)
  await net.clock.settle()
  const asked = only(net.exchanges, '/reconcile').length
  assert.ok(asked >= 1 && asked <= 8, `${asked} requests`)
  // It is asked for all of it instead, and gives it.
  isLying = false
  await net.clock.advance(RECONCILE_PAUSE_MS - 1000)
  assert.equal(only(net.exchanges, '/reconcile').length, asked)
  assert.equal(memoriesOf(b), 1)
})

/** Two parts of a range with rows that nobody has, as long as it can be cut. */
function splitForEver({ lower, upper }: Ask): Answer {
  const part = { count: 1000, fingerprint: new Uint8Array(FINGERPRINT_BYTES).fill(1) }
  const middle = Math.floor((lower.clock + upper.clock) / 2)
  if (middle <= lower.clock || middle >= upper.clock) return { parts: [{ ...part, upper }] }
  return {
    parts: [
      { ...part, upper: bound(middle) },
      { ...part, upper },
    ],
  }
}
