import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import {
  SYNC_QUEUE_MAX,
  SYNC_RETRY_SECONDS,
  SYNCS_MAX,
  SYNCS_PER_CALLER_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { createSyncSlots, type SyncSlot, type SyncSlots } from '../../../../src/http/bounds/sync-slots.ts'

const caller = (name: string): Did => `did:key:z${name}` as Did
const LONG = { waitMs: 60_000, turnMs: 60_000 }

async function taken(slots: SyncSlots, name: string, isPeer = false): Promise<SyncSlot> {
  const slot = await slots.take(caller(name), isPeer)
  assert.ok(slot.ok)
  return slot.value
}
const fill = (slots: SyncSlots): Promise<SyncSlot[]> =>
  Promise.all(Array.from({ length: SYNCS_MAX }, (_, i) => taken(slots, `holder-${i}`)))

test('as many replies as may be are under way, one more is told when to come back', async () => {
  const slots = createSyncSlots({ ...LONG, waitMs: 0 })
  await fill(slots)
  const refused = await slots.take(caller('one-more'), false)
  assert.ok(!refused.ok)
  assert.deepEqual([refused.error.code, refused.error.retryAfterSeconds], ['OVERLOADED', SYNC_RETRY_SECONDS])
  assert.deepEqual([slots.underWay, slots.waiting], [SYNCS_MAX, 0])
})

test('one caller has some of them and no more', async () => {
  const slots = createSyncSlots({ ...LONG, waitMs: 0 })
  for (let i = 0; i < SYNCS_PER_CALLER_MAX; i++) await taken(slots, 'greedy')
  assert.equal((await slots.take(caller('greedy'), true)).ok, false)
  await taken(slots, 'other')
})

test('who waits gets the place of who is done, peers before strangers', async () => {
  const slots = createSyncSlots(LONG)
  const [first, second] = await fill(slots)
  const order: string[] = []
  const waiting = [
    taken(slots, 'stranger').then(() => order.push('stranger')),
    taken(slots, 'peer', true).then(() => order.push('peer')),
  ]
  first?.release()
  first?.release()
  await waiting[1]
  assert.deepEqual(order, ['peer'])
  second?.release()
  await Promise.all(waiting)
  assert.deepEqual([order, slots.underWay], [['peer', 'stranger'], SYNCS_MAX])
})

test('a full queue turns strangers away, and a stranger in it makes room for a peer', async () => {
  const slots = createSyncSlots(LONG)
  const held = await fill(slots)
  const strangers = Array.from({ length: SYNC_QUEUE_MAX }, (_, i) => slots.take(caller(`s-${i}`), false))
  assert.equal((await slots.take(caller('one-more'), false)).ok, false)
  const peer = slots.take(caller('peer'), true)
  assert.equal((await (strangers.at(-1) as (typeof strangers)[number])).ok, false)
  assert.equal(slots.waiting, SYNC_QUEUE_MAX)
  held[0]?.release()
  assert.ok((await peer).ok)
})

test('a reply that goes on makes room for who waits, the longest first', async () => {
  const slots = createSyncSlots({ ...LONG, turnMs: 0 })
  const held = await fill(slots)
  assert.ok(held.every(({ isOver }) => !isOver))
  await taken(slots, 'next')
  assert.deepEqual(
    held.map(({ isOver }) => isOver),
    [true, false, false, false],
  )
})

test('nobody gives way to a caller that waits for itself', async () => {
  const slots = createSyncSlots({ ...LONG, turnMs: 0 })
  const other = await taken(slots, 'other')
  const own = await taken(slots, 'greedy')
  for (let i = 1; i < SYNCS_PER_CALLER_MAX; i++) await taken(slots, 'greedy')
  await taken(slots, 'greedy')
  assert.deepEqual([other.isOver, own.isOver], [false, true])
})
