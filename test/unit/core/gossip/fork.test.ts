/** Equivocating authors between real spores: everybody ends with the same proofs, view and valid part. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { emptyBatch } from '../../../../src/core/memory/store.ts'
import { decodeFrames, isForkProof } from '../../../../src/core/protocol/frame.ts'
import { decodeHeads, encodePull } from '../../../../src/core/protocol/messages.ts'
import type { Loopback, Member } from '../../../support/loopback.ts'
import { life, logIdOfLife, tell } from './equivocator.ts'
import { join, memoriesOf, only, remember, testLoopback } from './support.ts'

const ROUND_MS = 10_000

const stampOf = ({ spore }: Member): string => spore.federation.heads(null, null).stamp
const textsOf = async ({ spore }: Member): Promise<string[]> => {
  const page = await spore.memories({ limit: 100 })
  assert.ok(page.ok)
  return page.value.recent.map(({ text }) => text).sort()
}
async function assertSame(members: readonly Member[], texts: readonly string[]): Promise<void> {
  const [first] = members as [Member]
  for (const member of members) {
    assert.deepEqual(await textsOf(member), [...texts].sort(), member.name)
    assert.equal(stampOf(member), stampOf(first), `view of ${member.name}`)
    const forkPoints = async (of: Member) =>
      (await of.store.forks()).map(({ logId, seq }) => `${logId} ${seq}`).sort()
    assert.deepEqual(await forkPoints(member), await forkPoints(first))
  }
}

async function members(net: Loopback, count: number): Promise<Member[]> {
  const all: Member[] = []
  for (let i = 0; i < count; i++) all.push(await net.open(`spore-${i}`))
  for (const member of all.slice(1)) await join(member, (all[0] as Member).url)
  for (const member of all) for (const other of all) if (member !== other) await join(member, other.url)
  await net.clock.settle()
  return all
}

const common = ['one', 'two', 'three']

test('two branches told to different spores are proven, and all end with what came before', async (context) => {
  await using net = testLoopback(context)
  const all = await members(net, 4)
  const left = await life('mallory', [...common, 'left'])
  const right = await life('mallory', [...common, 'right', 'more right'])
  net.lose = () => true
  await tell(all[0] as Member, left)
  await tell(all[1] as Member, left)
  await tell(all[2] as Member, right)
  await net.clock.settle()
  net.lose = null
  await net.clock.advance(10 * ROUND_MS)
  await assertSame(all, common)
  assert.deepEqual(
    (await (all[3] as Member).store.forks()).map(({ logId, seq }) => [logId, seq]),
    [[logIdOfLife(left), 3]],
  )
})

test('after a fork nothing is asked for again: rounds are 204', async (context) => {
  await using net = testLoopback(context)
  const all = await members(net, 3)
  await tell(all[0] as Member, await life('mallory', [...common, 'left']))
  await net.clock.settle()
  await tell(all[1] as Member, await life('mallory', [...common, 'right']))
  await net.clock.advance(10 * ROUND_MS)
  net.take()
  await net.clock.advance(10 * ROUND_MS)
  const sent = net.take()
  assert.ok(only(sent, '/heads').length > 5)
  assert.ok(only(sent, '/heads').every(({ reply }) => reply?.status === 204))
  assert.equal(only(sent, '/pull').length + only(sent, '/push').length, 0)
})

test('a run that is pushed and disagrees proves the fork at once, and the proof is spread without a pull', async (context) => {
  await using net = testLoopback(context)
  const all = await members(net, 3)
  await tell(all[0] as Member, await life('mallory', [...common, 'left']))
  await net.clock.advance(1000)
  net.lose = (_, { path }) => path.endsWith('/heads') || path.endsWith('/pull')
  const reply = await tell(all[1] as Member, await life('mallory', [...common, 'right']))
  assert.deepEqual(
    reply.failures.map(({ code }) => code),
    ['LOG_FORKED'],
  )
  await net.clock.advance(1000)
  await assertSame(all, common)
})

test('the index forgets what a proof made invalid', async (context) => {
  await using net = testLoopback(context)
  const [a] = await members(net, 1)
  assert.ok(a)
  await tell(a, await life('mallory', [...common, 'the left wing']))
  const before = await a.spore.search({ q: 'wing' })
  assert.equal(before.ok && before.value.hits.length, 1)
  await tell(a, await life('mallory', [...common, 'the right wing']))
  const after = await a.spore.search({ q: 'wing' })
  assert.equal(after.ok && after.value.hits.length, 0)
})

test('branches that part many segments ago are followed back to where they do', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = (await members(net, 2)) as [Member, Member]
  const texts = (from: number, count: number, name: string) =>
    Array.from({ length: count }, (_, i) => `${name} ${from + i}`)
  const shared = texts(0, 1500, 'both')
  const left = await life('mallory', [...shared, ...texts(1500, 5000, 'left')], 'one')
  const right = await life('mallory', [...shared, ...texts(1500, 3000, 'right')], 'one')
  net.lose = () => true
  await tell(a, left)
  await tell(b, right)
  await net.clock.settle()
  net.lose = null
  net.take()
  await net.clock.advance(3 * ROUND_MS)
  assert.deepEqual(
    (await a.store.forks()).map(({ seq }) => seq),
    [1500],
  )
  assert.equal(stampOf(a), stampOf(b))
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [1500, 1500])
  const pulls = only(net.take(), '/pull')
  assert.ok(pulls.length <= 12, `${pulls.length} pulls`)
})

test('a lower fork than the one that is known lowers the fork point everywhere', async (context) => {
  await using net = testLoopback(context)
  const all = await members(net, 3)
  await tell(all[0] as Member, await life('mallory', [...common, 'left']))
  await tell(all[0] as Member, await life('mallory', [...common, 'right']))
  await net.clock.advance(5 * ROUND_MS)
  await assertSame(all, common)
  net.take()
  await tell(all[2] as Member, await life('mallory', ['one', 'another two']))
  await net.clock.advance(5 * ROUND_MS)
  await assertSame(all, ['one'])
})

test('who holds a branch below the base of a proof is found out too', async (context) => {
  await using net = testLoopback(context)
  const all = (await members(net, 4)) as [Member, Member, Member, Member]
  const [a, b, c, d] = all
  net.lose = () => true
  // Two of one branch prove each other at 4; the others hold what parted at 1.
  await tell(a, await life('mallory', ['one', 'x', 'y', 'z', 'left']))
  await tell(a, await life('mallory', ['one', 'x', 'y', 'z', 'right']))
  await tell(b, await life('mallory', ['one', 'u', 'v', 'w', 'q', 'r']))
  await tell(c, await life('mallory', ['one', 'u']))
  await net.clock.settle()
  net.lose = null
  await net.clock.advance(10 * ROUND_MS)
  await assertSame([a, b, c, d], ['one'])
})

test('a fork at the first entry leaves an empty log whose proof everybody has, a newcomer too', async (context) => {
  await using net = testLoopback(context)
  const all = await members(net, 2)
  await tell(all[0] as Member, await life('mallory', ['left']))
  await tell(all[0] as Member, await life('mallory', ['right']))
  await net.clock.advance(3 * ROUND_MS)
  const newcomer = await net.open('newcomer')
  await join(newcomer, (all[1] as Member).url)
  await net.clock.settle()
  await assertSame([...all, newcomer], [])
  const [row] = decodeHeads(newcomer.spore.federation.heads(null, null).body as Uint8Array)!.spaces[0]!.rows
  assert.deepEqual([row?.next, row?.forkPoint], [0, 0])
})

test('a proof for an old log comes behind the cursor of who has read all', async (context) => {
  await using net = testLoopback(context)
  const [a] = (await members(net, 1)) as [Member]
  await tell(a, await life('mallory', [...common, 'left']))
  await remember(a, 'something later')
  const read = (since: string | null) =>
    decodeHeads(a.spore.federation.heads(since, null).body as Uint8Array)!
  const isRead = (since: string) => a.spore.federation.heads(since, null).body === null
  const { cursor } = read(null)
  assert.ok(isRead(cursor))
  await tell(a, await life('mallory', [...common, 'right']))
  const behind = read(cursor)
  assert.deepEqual(
    behind.spaces.flatMap(({ rows }) => rows.map(({ next, forkPoint }) => [next, forkPoint])),
    [[3, 3]],
  )
  assert.ok(isRead(behind.cursor))
})

test('a pull of a forked log gives its proof first, then what is valid', async (context) => {
  await using net = testLoopback(context)
  const [a] = (await members(net, 1)) as [Member]
  const left = await life('mallory', [...common, 'left'])
  await tell(a, left)
  await tell(a, await life('mallory', [...common, 'right']))
  const pulled = a.spore.federation.pull(encodePull([{ logId: logIdOfLife(left), from: 0, to: null }]), a.did)
  assert.ok(pulled.ok)
  const kinds: boolean[] = []
  for await (const frame of pulled.value)
    for (const body of decodeFrames(frame, zlibCompression)) kinds.push(body.ok && isForkProof(body.value))
  assert.equal(kinds[0], true)
  assert.ok(kinds.length > 1 && !kinds.slice(1).includes(true))
})

test('a spore that nobody can reach gives and gets proofs by its own requests', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const [inside, other] = [
    await net.open('inside', { isReachable: false }),
    await net.open('other', { isReachable: false }),
  ]
  await tell(inside, await life('mallory', [...common, 'left']))
  await tell(other, await life('mallory', [...common, 'right']))
  await join(inside, hub.url)
  await join(other, hub.url)
  await net.clock.advance(10 * ROUND_MS)
  await assertSame([hub, inside, other], common)
})

test('a restart keeps fork points and views', async (context) => {
  await using net = testLoopback(context)
  const [a] = (await members(net, 1)) as [Member]
  await tell(a, await life('mallory', ['one', 'x', 'left']))
  await tell(a, await life('mallory', ['one', 'x', 'right']))
  const stamp = stampOf(a)
  const texts = await textsOf(a)
  const { store } = a
  await a.close()
  const again = await net.open('spore-0', { store })
  assert.equal(stampOf(again), stamp)
  assert.deepEqual(await textsOf(again), texts)
})

test('two processes with one key and a copied store prove it to each other, and lose nothing', async (context) => {
  await using net = testLoopback(context)
  const [hub] = (await members(net, 1)) as [Member]
  const original = await net.open('original')
  await remember(original, 'before the copy')
  await remember(original, 'to be forgotten')
  const copy = createMemoryStore(original.store.origin)
  await copy.commit({
    ...emptyBatch,
    logs: await original.store.logs(),
    entries: await original.store.entriesAfter(0, 100),
    heads: [(await original.store.headFrom((await original.store.logs())[0]!.logId, 0))!],
  })
  const twin = await net.open('twin', { store: copy, key: 'original' })
  assert.equal(twin.did, original.did)
  await join(original, hub.url)
  await remember(original, 'by the original')
  const page = await original.spore.memories({ limit: 10 })
  const forgotten = page.ok && page.value.recent.find(({ text }) => text === 'to be forgotten')
  assert.ok(forgotten && (await original.spore.retract(forgotten.id)).ok)
  await net.clock.settle()
  await join(twin, hub.url)
  await remember(twin, 'by the twin')
  await net.clock.advance(10 * ROUND_MS)
  const expected = ['before the copy', 'by the original', 'by the twin']
  await assertSame([hub, original, twin], expected)
  const epochs = [original, twin].map(({ store }) => Buffer.from(store.origin.epoch).toString('hex'))
  assert.notEqual(epochs[0], epochs[1])
  await remember(original, 'and on it goes')
  await net.clock.advance(3 * ROUND_MS)
  await assertSame([hub, original, twin], [...expected, 'and on it goes'])
})
