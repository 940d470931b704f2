/** The index follows what is visible: own writes at once, the rest in the background, and never backwards. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { type Log, silentLog } from '../../../../src/core/base/ports.ts'
import { createLibrary } from '../../../../src/core/memory/library.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { createSpaces } from '../../../../src/core/memory/spaces.ts'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import { createWriter } from '../../../../src/core/memory/writer.ts'
import { CATCH_UP_MAX, createIndexer } from '../../../../src/core/retrieval/indexer.ts'
import { createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'
import {
  COMMONS,
  createReplica,
  memoryEntry,
  memoryPayload,
  NOW_MS,
  type Replica,
  replay,
  unjudged,
} from '../memory/replica.ts'

interface HarnessOptions {
  /** What the indexer reads instead of the store. */
  readonly read?: (store: MemoryStore) => MemoryStore
  readonly store?: MemoryStore
  readonly log?: Log
}

/** A reader, ada, with everything between the writer and the index. */
function createHarness({ read = (store) => store, store: given, log = silentLog }: HarnessOptions = {}) {
  const clock = createVirtualClock(NOW_MS)
  const { signer } = createReplica({ name: 'ada' })
  const origin = { publicKey: signer.publicKey, network: 'spore-test', epoch: new Uint8Array(8).fill(1) }
  const store = given ?? createMemoryStore(origin)
  const ada = createReplica({ name: 'ada', store })
  const { memory } = ada
  const writer = createWriter({ memory, store, clock, log })
  const library = createLibrary({
    memory,
    writer,
    store,
    spaces: createSpaces('commons'),
    trustOf: () => null,
  })
  const retriever = createRetriever()
  const indexer = createIndexer({ retriever, memory, library, store: read(store), clock, log })
  writer.onCommitted(indexer.follow)
  const remember = async (text: string): Promise<string> => {
    const [remembered] = await library.remember([{ text }])
    assert.ok(remembered?.ok)
    return remembered.value.id
  }
  const finds = (text: string): boolean => {
    const { hits } = retriever.search({ text, limit: 100, scope: {}, explain: false })
    return hits.some(({ id }) => id === idOf(text))
  }
  /** Takes what another has written behind what is here. */
  const take = async (other: Replica): Promise<void> => {
    for (const { row } of other.memory.logs.values())
      for (;;) {
        const next = memory.logs.get(row.logId)?.row.next ?? 0
        const run = next < row.next ? await other.run(row.logId, next) : null
        if (!run) break
        const taken = await writer.write((draft) => draft.receive(unjudged(run)))
        assert.ok(taken.ok && taken.value.ok)
      }
  }
  return { clock, store, memory, writer, library, retriever, indexer, remember, finds, take }
}

const idOf = (text: string): Digest => bytesToDigest(sha256(memoryPayload(text)))
const bob = (): Replica => createReplica({ name: 'bob' })
/** Different texts of one word each that nothing else has. */
const word = (number: number): string => `word${number.toString(36)}x`
const write = (replica: Replica, from: number, count: number): Promise<void> =>
  replica.write((draft) => {
    for (let i = from; i < from + count; i++) draft.append(memoryEntry(word(i)))
  })

describe('own writes', () => {
  test('are found when they are acknowledged, whatever else waits, and gone when they are retracted', async () => {
    const spore = createHarness()
    const other = bob()
    await write(other, 0, 3000)
    await spore.take(other)
    const waiting = spore.indexer.behind
    assert.ok(waiting > 1000, String(waiting))
    const id = await spore.remember('lighthouse')
    assert.ok(spore.finds('lighthouse'))
    const retracted = await spore.library.retract(id)
    assert.ok(retracted.ok)
    assert.ok(!spore.finds('lighthouse'))
    await spore.indexer.catchUp()
    assert.equal(spore.indexer.behind, 0)
    assert.ok(!spore.finds('lighthouse'), 'the add that waited did not bring it back')
    assert.equal(spore.retriever.documents, 3000)
  })

  test('are not read again where nobody waits before them', async () => {
    let reads = 0
    const spore = createHarness({
      read: (store) => ({
        ...store,
        origin: store.origin,
        entriesAfter: (after, limit) => {
          reads++
          return store.entriesAfter(after, limit)
        },
      }),
    })
    for (let i = 0; i < 5; i++) await spore.remember(word(i))
    await spore.clock.settle()
    assert.deepEqual([spore.indexer.behind, reads], [0, 0])
  })
})

describe('what others bring', () => {
  test('does not wait for the index, which gives way while it comes and follows when it is quiet', async () => {
    const spore = createHarness()
    const other = bob()
    await write(other, 0, 4000)
    await spore.take(other)
    await spore.clock.settle()
    const behind = spore.indexer.behind
    assert.ok(behind > 3000, `${behind} wait: a sync is not what the index makes of it`)
    await spore.clock.advance(100)
    assert.ok(spore.indexer.behind < behind, 'it goes on in between')
    assert.ok(spore.indexer.behind > 2000, 'with a small share of the time')
    await spore.clock.advance(1000)
    assert.equal(spore.indexer.behind, 0)
    assert.ok(spore.finds(word(0)) && spore.finds(word(3999)))
  })

  test(`is waited for by a search where no more than ${CATCH_UP_MAX} entries wait`, async () => {
    for (const [count, isFound] of [
      [CATCH_UP_MAX, true],
      [CATCH_UP_MAX + 1, false],
    ] as const) {
      const first = createHarness()
      const other = bob()
      await write(other, 0, count)
      await first.take(other)
      // The background of this one is never started: what is found was waited for.
      const spore = createHarness({ store: first.store })
      await replay(spore.memory, spore.store)
      assert.equal(spore.indexer.behind, count)
      await spore.indexer.catchUpLittle()
      assert.equal(spore.indexer.behind, isFound ? 0 : count)
      assert.equal(spore.finds(word(count - 1)), isFound)
    }
  })

  test('vanishes from the index when it is retracted there', async () => {
    const spore = createHarness()
    const other = bob()
    const { seq, logId } = await other.add('lighthouse')
    await spore.take(other)
    await spore.indexer.catchUp()
    assert.ok(spore.finds('lighthouse'))
    const { epoch } = other.memory.logs.get(logId)!.row
    await other.retract([{ epoch, seqs: [seq] }])
    await spore.take(other)
    await spore.indexer.catchUp()
    assert.ok(!spore.finds('lighthouse'))
    assert.equal(spore.retriever.documents, 0)
  })

  test('is indexed after a start, which waits for none of it', async () => {
    const first = createHarness()
    const other = bob()
    await write(other, 0, 500)
    await first.take(other)
    await first.remember('lighthouse')
    const again = createHarness({ store: first.store })
    await replay(again.memory, first.store)
    assert.deepEqual([again.indexer.behind, again.retriever.documents], [501, 0])
    again.indexer.start()
    await again.clock.settle()
    assert.deepEqual([again.indexer.behind, again.retriever.documents], [0, 501])
  })

  test('is not passed over where it is stored and not yet visible', async () => {
    const [reading, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const gates = { read: reading.promise as Promise<void> | null, commit: null as Promise<void> | null }
    const store = createHarness().store
    const spore = createHarness({
      store: {
        ...store,
        origin: store.origin,
        async commit(batch) {
          await store.commit(batch)
          await gates.commit
        },
      },
      read: (of) => ({
        ...of,
        origin: of.origin,
        async entriesAfter(after, limit) {
          await gates.read
          return of.entriesAfter(after, limit)
        },
      }),
    })
    const other = bob()
    await write(other, 0, 1)
    await spore.take(other)
    gates.commit = stored.promise
    await write(other, 1, 1)
    const taking = spore.take(other)
    await spore.clock.settle()
    reading.resolve()
    await spore.clock.settle()
    assert.deepEqual([spore.memory.arrival, spore.finds(word(0)), spore.finds(word(1))], [1, true, false])
    stored.resolve()
    await taking
    await spore.clock.advance(1000)
    assert.deepEqual([spore.memory.arrival, spore.finds(word(1))], [2, true])
  })
})

describe('the index', () => {
  test('comes to what is visible, in whatever order adds, retractions, slices and own writes fall', () =>
    fuzzAsync(
      fc.array(
        fc.oneof(
          fc.record({ is: fc.constantFrom('own', 'foreign', 'retract', 'unremember'), text: fc.nat(4) }),
          fc.record({ is: fc.constantFrom('slice', 'quiet'), text: fc.constant(0) }),
        ),
        { maxLength: 25 },
      ),
      async (steps) => {
        const spore = createHarness()
        const other = bob()
        const running: Promise<unknown>[] = []
        for (const { is, text } of steps) {
          if (is === 'own') running.push(spore.remember(word(text)))
          if (is === 'unremember') {
            const id = await spore.remember(word(text))
            running.push(spore.library.retract(id))
          }
          if (is === 'foreign') {
            await other.add(word(text))
            running.push(spore.take(other))
          }
          if (is === 'retract') {
            const dots = other.memory.ownDots(1, (await other.add(word(text))).element)
            const { epoch } = other.memory.ownLog(COMMONS)
            await other.retract([{ epoch, seqs: dots.map(({ seq }) => seq).sort((a, b) => a - b) }])
            running.push(spore.take(other))
          }
          if (is === 'slice') running.push(spore.indexer.catchUp())
          if (is === 'quiet') await spore.clock.advance(1000)
        }
        await Promise.all(running)
        await spore.clock.advance(1000)
        assert.equal(spore.indexer.behind, 0)
        assert.equal(spore.retriever.documents, spore.memory.memories)
        for (let text = 0; text < 5; text++) {
          const isVisible = spore.memory.dotCountOf(idOf(word(text))) > 0
          assert.equal(spore.finds(word(text)), isVisible, word(text))
        }
      },
      150,
    ))

  test('ends with the spore, and says what broke it', async () => {
    const errors: string[] = []
    const log: Log = { ...silentLog, error: (message) => void errors.push(message) }
    const spore = createHarness({
      log,
      read: (store) => ({
        ...store,
        origin: store.origin,
        entriesAfter: async () => {
          throw new Error('a page is damaged')
        },
      }),
    })
    const other = bob()
    await write(other, 0, 2)
    await spore.take(other)
    await spore.clock.settle()
    assert.deepEqual(errors, ['indexing broke'])
    await spore.indexer.catchUpLittle()
    assert.equal(errors.length, 2, 'a search goes on with what is there')
    await spore.indexer.stop()
    await spore.indexer.catchUp()
    assert.equal(spore.indexer.behind, 2)
  })
})
