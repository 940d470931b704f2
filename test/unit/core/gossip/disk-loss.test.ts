/** A spore that lost its disk, or was given back an old one, and kept its key (fault S8): nothing is lost, and nothing forks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { emptyBatch, type MemoryStore } from '../../../../src/core/memory/store.ts'
import { verifyStore } from '../../../../src/core/memory/verify.ts'
import { FIRST_ROUND_MAX_MS } from '../../../../src/core/protocol/limits.ts'
import type { Loopback, Member } from '../../../support/loopback.ts'
import { join, memoriesOf, remember, rememberMany, testLoopback } from './support.ts'

/** What a copy of the disk would hold. */
async function copyStore(store: MemoryStore): Promise<MemoryStore> {
  const copy = createMemoryStore(store.origin)
  const logs = await store.logs()
  const heads = await Promise.all(logs.map(({ logId, next }) => store.headsBefore(logId, next, next)))
  const entries = await store.entriesAfter(0, Number.MAX_SAFE_INTEGER)
  await copy.commit({ ...emptyBatch, logs, entries, heads: heads.flat() })
  return copy
}

/** No log is forked anywhere, and every store is sound. */
async function assertUnforked(...members: readonly Member[]): Promise<void> {
  for (const { store } of members) {
    assert.deepEqual(await store.forks(), [])
    const { findings } = await verifyStore(store, createVerifier(), { signal: new AbortController().signal })
    assert.deepEqual(findings, [])
  }
}

async function assertEqual(net: Loopback, a: Member, b: Member): Promise<void> {
  await net.clock.advance(60_000)
  const [ofA, ofB] = [a, b].map(({ spore }) => spore.federation.heads(null, null).stamp)
  assert.equal(ofA, ofB)
}

test('own memories come back from a peer before the first write, which goes to a new epoch', async (context) => {
  await using net = testLoopback(context)
  const [before, b] = [await net.open('a'), await net.open('b')]
  await rememberMany(before, 20)
  await join(before, b.url)
  await net.clock.advance(1000)
  await before.close()
  const a = await net.open('a', { seeds: [b.url] })
  assert.equal(a.did, before.did)
  // Said again before the disk came back: it is the same memory, not a second one.
  const again = await a.spore.remember({ text: 'memory 3 of a in commons', space: 'commons' })
  assert.ok(again.ok && again.value.duplicate)
  assert.equal(memoriesOf(a), 20)
  await remember(a, 'after the loss')
  await assertEqual(net, a, b)
  await assertUnforked(a, b)
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [21, 21])
  const own = (await b.store.logs()).filter(
    ({ publicKey }) => Buffer.compare(publicKey, a.signer.publicKey) === 0,
  )
  assert.equal(own.length, 2)
})

test('own memories of an epoch that was lost are retracted from everywhere', async (context) => {
  await using net = testLoopback(context)
  const [before, b] = [await net.open('a'), await net.open('b')]
  await rememberMany(before, 5)
  await join(before, b.url)
  await net.clock.advance(1000)
  await before.close()
  const a = await net.open('a', { seeds: [b.url] })
  await net.clock.advance(1000)
  const page = await a.spore.memories({ limit: 10 })
  assert.ok(page.ok)
  const retracted = await a.spore.retract(page.value.recent[0]?.id as string)
  assert.ok(retracted.ok && !retracted.value.visible)
  await assertEqual(net, a, b)
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [4, 4])
  await a.close()
  const later = await net.open('a', { store: a.store, seeds: [b.url] })
  assert.equal(memoriesOf(later), 4)
  await assertUnforked(later, b)
})

test('a disk that was rolled back gets what it lost, and does not fork its own log', async (context) => {
  await using net = testLoopback(context)
  const [before, b] = [await net.open('a'), await net.open('b')]
  await join(before, b.url)
  await rememberMany(before, 10)
  const backup = await copyStore(before.store)
  await rememberMany({ ...before, name: 'a, later' }, 7)
  await net.clock.advance(1000)
  assert.equal(memoriesOf(b), 17)
  await before.close()

  const a = await net.open('a', { store: backup, seeds: [b.url] })
  await remember(a, 'after the backup')
  assert.notDeepEqual(backup.origin.epoch, before.store.origin.epoch)
  await assertEqual(net, a, b)
  assert.deepEqual([memoriesOf(a), memoriesOf(b)], [18, 18])
  await assertUnforked(a, b)

  // A restart stays in the new epoch and opens no other.
  const { epoch } = a.store.origin
  await a.close()
  const later = await net.open('a', { store: a.store, seeds: [b.url] })
  await remember(later, 'after the restart')
  await assertEqual(net, later, b)
  assert.deepEqual(later.store.origin.epoch, epoch)
  assert.deepEqual([memoriesOf(later), memoriesOf(b)], [19, 19])
  await assertUnforked(later, b)
})

test('peers read on behind a disk that was rolled back', async (context) => {
  await using net = testLoopback(context)
  const [before, b, c] = [
    await net.open('a'),
    await net.open('b'),
    await net.open('c', { isReachable: false }),
  ]
  await rememberMany(before, 10)
  const backup = await copyStore(before.store)
  await rememberMany({ ...before, name: 'a, later' }, 30)
  await join(before, b.url)
  // It reads from a alone, and remembers how far.
  await join(c, before.url)
  await net.clock.advance(30_000)
  await before.close()
  const a = await net.open('a', { store: backup, seeds: [b.url] })
  await rememberMany({ ...a, name: 'a, after' }, 3)
  await net.clock.advance(120_000)
  assert.deepEqual([a, b, c].map(memoriesOf), [43, 43, 43])
  await assertUnforked(a, b, c)
})

test('without an answer of its peers a spore writes after a bounded time', async (context) => {
  await using net = testLoopback(context)
  const b = await net.open('b')
  net.silent.add('b')
  const a = await net.open('a', { seeds: [b.url] })
  const writing = a.spore.remember({ text: 'nobody there', space: 'commons' })
  await net.clock.advance(FIRST_ROUND_MAX_MS - 1)
  assert.equal(memoriesOf(a), 0)
  await net.clock.advance(2)
  assert.ok((await writing).ok)
})

test('peers that are gone hold up nothing', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a', { seeds: ['https://nobody.test', 'https://nowhere.test'] })
  await remember(a, 'at once')
  assert.equal(memoriesOf(a), 1)
})
