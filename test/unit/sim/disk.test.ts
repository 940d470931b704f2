/** The simulated disk: the store's contract, and what a crash leaves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyBatch, type MemoryStore, type StoreBatch } from '../../../src/core/memory/store.ts'
import { createDisk, type DiskConditions, type SimDisk } from '../../../src/sim/disk.ts'
import { createRandom } from '../../../src/sim/random.ts'
import { createScheduler, type Scheduler } from '../../../src/sim/scheduler.ts'
import { entryRow, logRow, testStoreContract } from '../../contract/store.ts'
import { testOrigin } from '../../support/store-origin.ts'

interface Bench {
  readonly scheduler: Scheduler
  readonly disk: SimDisk
  readonly conditions: DiskConditions
  readonly durable: StoreBatch[]
}

function createBench(seed: string): Bench {
  const scheduler = createScheduler()
  const conditions: DiskConditions = { syncMs: 10, failure: 0, slowRead: 0 }
  const durable: StoreBatch[] = []
  const disk = createDisk(testOrigin, {
    scheduler,
    random: createRandom(seed),
    conditions,
    onDurable: (batch) => void durable.push(batch),
    note: () => {},
  })
  return { scheduler, disk, conditions, durable }
}

const never = () => false

/** A store whose answers come although nobody else lets time pass. */
function driven(store: MemoryStore, scheduler: Scheduler): MemoryStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        const answer: Promise<unknown> = value.apply(target, args)
        answer.catch(() => {})
        await scheduler.drive(never)
        return answer
      }
    },
  })
}

testStoreContract('simulated disk', async () => {
  const { scheduler, disk, conditions } = createBench('contract')
  conditions.slowRead = 0.3
  const open = async (): Promise<MemoryStore> => driven(await disk.mount({ isOver: false }), scheduler)
  return {
    store: await open(),
    reopen: open,
    breakWrites() {
      conditions.failure = 1
      return () => {
        conditions.failure = 0
      }
    },
    close: async () => {},
  }
})

/** A log of `count` entries, one commit each. */
const batches = (count: number): StoreBatch[] =>
  Array.from({ length: count }, (_, i) => ({
    ...emptyBatch,
    logs: [logRow(1, { next: i + 1, arrival: i + 1 })],
    entries: [entryRow(1, i, i + 1)],
  }))

test('what was acknowledged survives every crash; of the rest a beginning does', async () => {
  const ends = new Set<number>()
  for (let seed = 0; seed < 60; seed++) {
    const { scheduler, disk, durable } = createBench(`crash ${seed}`)
    const life = { isOver: false }
    const store = await disk.mount(life)
    let acknowledged = 0
    // Three acknowledged one after the other, three under way when the power goes.
    const all = batches(6)
    for (const batch of all.slice(0, 3)) {
      void store.commit(batch).then(() => acknowledged++)
      await scheduler.drive(never)
    }
    for (const batch of all.slice(3)) void store.commit(batch).then(() => acknowledged++)
    await scheduler.drive(() => acknowledged > 3 || seed % 2 === 0)
    life.isOver = true
    disk.crash()
    const rows = await (await disk.mount({ isOver: false })).entriesAfter(0, 10)
    assert.ok(rows.length >= acknowledged, `${rows.length} of ${acknowledged}`)
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      rows.map((_, seq) => seq),
    )
    assert.equal(durable.length, rows.length)
    ends.add(rows.length)
  }
  assert.ok(ends.has(3) && ends.has(6) && ends.size >= 3, `only ${[...ends]} came out of 60 crashes`)
})

test('a failed commit acknowledges nothing, and a store that was closed in good order has nothing of it', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const { scheduler, disk, conditions, durable } = createBench(`fail ${seed}`)
    const store = driven(await disk.mount({ isOver: false }), scheduler)
    const [first, second] = batches(2) as [StoreBatch, StoreBatch]
    await store.commit(first)
    conditions.failure = 1
    await assert.rejects(store.commit(second), { code: 'STORE_WRITE_FAILED' })
    assert.equal((await store.entriesAfter(0, 10)).length, 1)
    const reopened = await disk.mount({ isOver: false })
    assert.equal((await reopened.entriesAfter(0, 10)).length, 1)
    assert.equal(durable.length, 1)
  }
})

test('what a failed commit left may come to light in a crash, unless another was written over it', async () => {
  const counts = new Set<number>()
  for (let seed = 0; seed < 60; seed++) {
    const { scheduler, disk, conditions } = createBench(`ghost ${seed}`)
    const store = driven(await disk.mount({ isOver: false }), scheduler)
    const [first, second] = batches(2) as [StoreBatch, StoreBatch]
    await store.commit(first)
    conditions.failure = 1
    await assert.rejects(store.commit(second))
    disk.crash()
    counts.add((await (await disk.mount({ isOver: false })).entriesAfter(0, 10)).length)
  }
  assert.deepEqual([...counts].sort(), [1, 2])
})
