/** A spore whose index was kept answers searches before its store is read, where nothing else can be visible than was. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { systemRandom } from '../../../../src/adapters/random.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { err } from '../../../../src/core/base/result.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import { createMemorySnapshots } from '../../../../src/core/retrieval/snapshots.ts'
import { createSpore, openSpore, type Spore } from '../../../../src/core/spore.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const nowhere = failure('PEER_UNREACHABLE', 'there is nobody')

/** A folder in memory: a store, and what is kept beside it. */
function createHome() {
  const seed = new Uint8Array(32).fill(5)
  const { publicKey } = createSigner(seed)
  const store = createMemoryStore({ publicKey, network: 'spore-test', epoch: new Uint8Array(8) })
  const options = { defaultSpace: 'private', pullIntervalMs: 10_000, keptMin: 1 }
  const snapshots = createMemorySnapshots()
  const ports = (of: MemoryStore) => ({
    clock: createVirtualClock(1_795_219_200_000),
    random: systemRandom,
    log: silentLog,
    store: of,
    transport: {
      admit: () => err(nowhere),
      send: async () => err(nowhere),
      stream: async () => err(nowhere),
    },
    compression: zlibCompression,
    snapshots,
    seed,
  })
  return {
    store,
    snapshots,
    open: (): Promise<Spore> => createSpore(options, ports(store)),
    /** On its way: the entries are not read before `read` is called. */
    begin() {
      const { promise: mayRead, resolve: read } = Promise.withResolvers<void>()
      const slow: MemoryStore = {
        ...store,
        origin: store.origin,
        async entriesAfter(after, limit) {
          await mayRead
          return store.entriesAfter(after, limit)
        },
      }
      return { ...openSpore(options, ports(slow)), read }
    },
  }
}

const idsOf = async (spore: Spore, q: string): Promise<string[]> => {
  const reply = await spore.search({ q })
  assert.ok(reply.ok)
  return reply.value.hits.map(({ text }) => text)
}

/** Whether something has come after the event loop turned a while without it. */
async function hasCome(work: Promise<unknown>): Promise<boolean> {
  let is = false
  void work.then(() => {
    is = true
  })
  for (let i = 0; i < 200 && !is; i++) await turn()
  return is
}

async function written(spore: Spore): Promise<string[]> {
  const ids: string[] = []
  for (const text of ['the lamp of the lighthouse', 'a lamp in the kitchen', 'the harbour at night']) {
    const remembered = await spore.remember({ text })
    assert.ok(remembered.ok)
    ids.push(remembered.value.id)
  }
  return ids
}

describe('a spore that is opened again', () => {
  test('answers searches before its store is read', async () => {
    const home = createHome()
    const first = await home.open()
    await written(first)
    const before = await idsOf(first, 'lamp of the lighthouse')
    await first[Symbol.asyncDispose]()
    const { spore, opened, read } = home.begin()
    assert.deepEqual(await idsOf(spore, 'lamp of the lighthouse'), before)
    assert.equal(before.length, 2)
    assert.ok(!(await hasCome(opened)))
    read()
    await opened
    assert.deepEqual(await idsOf(spore, 'lamp of the lighthouse'), before)
    assert.equal(spore.health().indexing.behind, 0)
    await spore[Symbol.asyncDispose]()
  })

  for (const [what, change] of [
    ['an entry came', async (spore: Spore) => void (await spore.remember({ text: 'one lamp more' }))],
    ['a memory was retracted', async (spore: Spore, [id]: string[]) => void (await spore.retract(id!))],
    ['a memory was purged', async (spore: Spore, [id]: string[]) => void (await spore.purge(id!))],
  ] as const)
    test(`lets them wait where ${what} after its index was kept`, async () => {
      const home = createHome()
      const first = await home.open()
      const ids = await written(first)
      await first[Symbol.asyncDispose]()
      // Killed: it is never disposed.
      const killed = await home.open()
      await change(killed, ids)
      const expected = await idsOf(killed, 'lamp of the lighthouse')
      const { spore, opened, read } = home.begin()
      const found = idsOf(spore, 'lamp of the lighthouse')
      assert.ok(!(await hasCome(found)))
      read()
      await opened
      assert.deepEqual(await found, expected)
      await spore[Symbol.asyncDispose]()
    })

  test('says what hinders it, and can be disposed', async () => {
    const home = createHome()
    const first = await home.open()
    await written(first)
    await first[Symbol.asyncDispose]()
    home.store.entriesAfter = async () => {
      throw new Error('a page is damaged')
    }
    const { spore, opened, read } = home.begin()
    read()
    await assert.rejects(opened, /a page is damaged/)
    await spore[Symbol.asyncDispose]()
  })
})
