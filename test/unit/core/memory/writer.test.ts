/** Group commit and the library on it: nothing is acknowledged that is not durable, nothing is written twice. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createLibrary } from '../../../../src/core/memory/library.ts'
import type { Applied } from '../../../../src/core/memory/memory.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { createSpaces } from '../../../../src/core/memory/spaces.ts'
import type { MemoryStore, StoreBatch } from '../../../../src/core/memory/store.ts'
import { createWriter } from '../../../../src/core/memory/writer.ts'
import type { RememberInput } from '../../../../src/core/protocol/api.ts'
import { SporeError } from '../../../../src/core/protocol/errors.ts'
import {
  APPLY_QUEUE_BYTES_MAX,
  APPLY_QUEUE_MAX,
  ITEMS_MAX,
  RETRACTION_DOTS_MAX,
  TEXT_BYTES_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { decodeRetract } from '../../../../src/core/protocol/payloads.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { createReplica, memoryEntry, NOW_MS, type Replica, replay } from './replica.ts'

/** A store whose commits are counted, can be held back, and can fail. */
function createTestStore() {
  const real = createMemoryStore({
    publicKey: createReplica({ name: 'ada' }).signer.publicKey,
    network: 'spore-test',
    epoch: new Uint8Array(8).fill(1),
  })
  const commits: StoreBatch[] = []
  const control = { failing: false, gate: null as Promise<void> | null, durable: 0 }
  const store: MemoryStore = {
    ...real,
    origin: real.origin,
    async commit(batch) {
      commits.push(batch)
      await control.gate
      if (control.failing) throw new SporeError('STORE_WRITE_FAILED', 'the disk is full')
      await real.commit(batch)
      control.durable += batch.entries.length
    },
  }
  return { store, commits, control }
}

function createHarness() {
  const { store, commits, control } = createTestStore()
  const replica = createReplica({ name: 'ada', store })
  const { memory } = replica
  const clock = { now: () => NOW_MS, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
  const writer = createWriter({ memory, store, clock, log: silentLog })
  const library = createLibrary({
    memory,
    writer,
    store,
    spaces: createSpaces('commons'),
    trustOf: () => null,
  })
  const remember = async (input: RememberInput) => (await library.remember([input]))[0]!
  return { replica, store, commits, control, writer, library, remember, memory }
}

const codeOf = (result: { ok: boolean; error?: { code: string } }): string | null =>
  result.ok ? null : (result.error?.code ?? null)
const entriesOf = async ({ store }: Pick<Replica, 'store'>) =>
  (await store.entriesAfter(0, Number.MAX_SAFE_INTEGER)).length

describe('the writer', () => {
  test('acknowledges a write, and tells listeners, only after its commit', async () => {
    const { writer, control, memory } = createHarness()
    const open = Promise.withResolvers<void>()
    control.gate = open.promise
    const heard: Applied[] = []
    writer.onCommitted((applied) => void heard.push(...applied))
    let isAcknowledged = false
    const write = writer
      .write((draft) => draft.append(memoryEntry('tea')))
      .then((result) => {
        isAcknowledged = true
        return result
      })
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([isAcknowledged, heard.length, memory.memories, control.durable], [false, 0, 0, 0])
    open.resolve()
    assert.ok((await write).ok)
    assert.deepEqual([heard.length, memory.memories, control.durable], [1, 1, 1])
  })

  test('lets writes that arrive together share one commit, in their order', async () => {
    const { writer, commits, store } = createHarness()
    const texts = Array.from({ length: 100 }, (_, i) => `memory ${i}`)
    const written = await Promise.all(
      texts.map((text) => writer.write((draft) => draft.append(memoryEntry(text)))),
    )
    assert.equal(commits.length, 1)
    assert.deepEqual(
      written.map((result) => result.ok && result.value.seq),
      texts.map((_, i) => i),
    )
    assert.equal(await entriesOf({ store }), 100)
    assert.equal(commits[0]?.heads.length, 1, 'one signature for all of them')
  })

  for (const [what, count, bytes] of [
    ['so many', APPLY_QUEUE_MAX, 1],
    ['so many bytes', 32, APPLY_QUEUE_BYTES_MAX / 32],
  ] as const)
    test(`lets ${what} runs of others wait; with one more the oldest goes, and no own write does`, async () => {
      const { writer, control } = createHarness()
      const open = Promise.withResolvers<void>()
      control.gate = open.promise
      const first = writer.write((draft) => draft.append(memoryEntry('on its way to the disk')))
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
      const own = writer.write((draft) => draft.append(memoryEntry('own')))
      const foreign = Array.from({ length: count }, (_, i) => writer.writeForeign(bytes, () => i))
      const last = writer.write((draft) => draft.append(memoryEntry('own, too')))
      const more = [writer.writeForeign(1, () => 'one more'), writer.writeForeign(0, () => 'none more')]
      assert.equal(codeOf(await foreign[0]!), 'OVERLOADED')
      open.resolve()
      const codes = (await Promise.all([first, own, last, ...foreign.slice(2), more[0]!])).map(codeOf)
      assert.deepEqual([...new Set(codes)], [null])
      assert.equal(codeOf(await foreign[1]!), what === 'so many' ? 'OVERLOADED' : null)
      await writer.drain()
      // The next ones have the whole room again.
      const again = Array.from({ length: count }, (_, i) => writer.writeForeign(bytes, () => i))
      assert.ok((await Promise.all(again)).every(({ ok }) => ok))
    })

  test('after a commit that failed is as before, and writes again', () =>
    fuzzAsync(
      fc.array(
        fc.record({
          texts: fc.array(fc.constantFrom('tea', 'milk', 'salt', 'rye'), { minLength: 1, maxLength: 4 }),
          fails: fc.boolean(),
        }),
        {
          maxLength: 8,
        },
      ),
      async (rounds) => {
        const { writer, control, store, memory, replica } = createHarness()
        let durable = 0
        for (const { texts, fails } of rounds) {
          control.failing = fails
          const before = [memory.arrival, memory.memories, await entriesOf({ store })]
          const view = memory.logs.viewDigest(['commons' as never])
          const results = await Promise.all(
            texts.map((text) => writer.write((draft) => draft.append(memoryEntry(text)))),
          )
          for (const result of results) assert.equal(codeOf(result), fails ? 'STORE_WRITE_FAILED' : null)
          if (fails) {
            assert.deepEqual([memory.arrival, memory.memories, await entriesOf({ store })], before)
            assert.equal(memory.logs.viewDigest(['commons' as never]), view)
          } else durable += texts.length
          assert.equal(memory.entries, durable)
        }
        await writer.drain()
        // What is on the disk is what the engine says: nothing of a failed write is in the chain.
        const again = createReplica({ name: 'ada', store })
        await replay(again.memory, store)
        assert.equal(again.memory.damaged, 0)
        assert.deepEqual(await again.visible(), await replica.visible())
        const log = [...again.memory.logs.values()][0]?.row
        const run = log && (await again.run(log.logId, 0))
        if (run) assert.ok((await createReplica({ name: 'bo' }).receive(run)).ok, 'a peer can follow the log')
      },
      60,
    ))

  test('keeps values and keys of a failed commit out, too', async () => {
    const { writer, control, store } = createHarness()
    control.failing = true
    await writer.write((draft) => {
      draft.remember({ key: 'k', value: 'v' })
      draft.setValue('name', new Uint8Array(1))
    })
    assert.deepEqual([await store.key('k'), await store.value('name')], [null, null])
  })
})

describe('remembering', () => {
  test('100 times at once with one key writes one entry', async () => {
    const { remember, store } = createHarness()
    const results = await Promise.all(Array.from({ length: 100 }, () => remember({ text: 'tea', key: 'k' })))
    assert.equal(results.filter((one) => one.ok && !one.value.duplicate).length, 1)
    assert.equal(new Set(results.map((one) => one.ok && one.value.id)).size, 1)
    assert.equal(await entriesOf({ store }), 1)
  })

  test('100 times at once without a key writes one entry', async () => {
    const { remember, store } = createHarness()
    const results = await Promise.all(Array.from({ length: 100 }, () => remember({ text: 'tea' })))
    assert.equal(results.filter((one) => one.ok && !one.value.duplicate).length, 1)
    assert.equal(await entriesOf({ store }), 1)
  })

  test('with a key that came with other content conflicts, at once and later, and writes nothing', async () => {
    const { remember, store } = createHarness()
    const others: RememberInput[] = [
      { text: 'milk', key: 'k' },
      { text: 'tea', key: 'k', tags: ['hot'] },
      { text: 'tea', key: 'k', space: 'private' },
      { text: 'tea', key: 'k', thread: 't' },
      { text: 'tea', key: 'k', speaker: 'ada' },
      { text: 'tea', key: 'k', sources: ['a.md'] },
    ]
    const [first, ...atOnce] = await Promise.all([{ text: 'tea', key: 'k' }, ...others].map(remember))
    assert.equal(codeOf(first!), null)
    for (const result of [...atOnce, ...(await Promise.all(others.map(remember)))])
      assert.equal(codeOf(result), 'KEY_CONFLICT')
    assert.equal(await entriesOf({ store }), 1)
  })

  test('with a key whose first write is still under way waits for it', async () => {
    const { remember, control, store } = createHarness()
    const open = Promise.withResolvers<void>()
    control.gate = open.promise
    const first = remember({ text: 'tea', key: 'k' })
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    const second = [remember({ text: 'milk', key: 'k' }), remember({ text: 'tea', key: 'k' })]
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    open.resolve()
    assert.equal(codeOf(await first), null)
    assert.deepEqual((await Promise.all(second)).map(codeOf), ['KEY_CONFLICT', null])
    assert.equal(await entriesOf({ store }), 1)
  })

  test('with a key of a write that failed starts anew', async () => {
    const { remember, control, store } = createHarness()
    control.failing = true
    assert.equal(codeOf(await remember({ text: 'tea', key: 'k' })), 'STORE_WRITE_FAILED')
    control.failing = false
    const again = await remember({ text: 'milk', key: 'k' })
    assert.deepEqual(again.ok && again.value.duplicate, false)
    assert.equal(await entriesOf({ store }), 1)
  })

  test('the same in two spaces writes two entries, the same in one space one', async () => {
    const { remember, store, library } = createHarness()
    const spaces = ['commons', 'private', 'commons', 'private']
    const results = []
    for (const space of spaces) results.push(await remember({ text: 'tea', space }))
    assert.deepEqual(
      results.map((one) => one.ok && one.value.duplicate),
      [false, false, true, true],
    )
    assert.equal(await entriesOf({ store }), 2)
    const id = results[0]?.ok ? results[0].value.id : ''
    const view = await library.get(id)
    assert.deepEqual(view.ok && view.value.dots.map(({ space }) => space).sort(), ['commons', 'private'])
  })

  test('again after a retraction is a new dot', async () => {
    const { remember, library, memory } = createHarness()
    const first = await remember({ text: 'tea' })
    const id = first.ok ? first.value.id : ''
    const retracted = await library.retract(id)
    assert.deepEqual(retracted.ok && retracted.value, { id, retracted: 1, visible: false })
    assert.equal(memory.memories, 0)
    assert.equal(codeOf(await library.retract(id)), 'MEMORY_NOT_FOUND')
    const again = await remember({ text: 'tea' })
    assert.deepEqual(again.ok && again.value, { id, duplicate: false })
    assert.equal(memory.memories, 1)
  })

  test('refuses one byte, and one item, more than allowed', async () => {
    const { remember, library } = createHarness()
    assert.equal(codeOf(await remember({ text: 'x'.repeat(TEXT_BYTES_MAX) })), null)
    assert.equal(codeOf(await remember({ text: 'x'.repeat(TEXT_BYTES_MAX + 1) })), 'TEXT_TOO_LARGE')
    assert.equal(codeOf(await remember({ text: `${'é'.repeat(TEXT_BYTES_MAX / 2)}x` })), 'TEXT_TOO_LARGE')
    assert.equal(codeOf(await remember({ text: ' \n' })), 'TEXT_EMPTY')
    assert.equal(codeOf(await remember({ text: '\ud800' })), 'TEXT_ILL_FORMED')
    const sources = Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(1000, '/'))
    assert.equal(codeOf(await remember({ text: 'x'.repeat(TEXT_BYTES_MAX), sources })), 'ENTRY_TOO_LARGE')
    const items = Array.from({ length: ITEMS_MAX + 1 }, (_, i) => ({ text: `${i}` }))
    assert.ok((await library.remember(items.slice(1))).every(({ ok }) => ok))
    await assert.rejects(library.remember(items), /items/)
  })

  test('retracts more dots than one retraction names with several', async () => {
    const { writer, library, store, memory } = createHarness()
    await writer.write((draft) => {
      for (let i = 0; i <= RETRACTION_DOTS_MAX; i++) draft.append(memoryEntry('tea'))
    })
    const { recent } = await library
      .page({ limit: 1 })
      .then((page) => (page.ok ? page.value : { recent: [] }))
    const retracted = await library.retract(recent[0]?.id ?? '')
    assert.ok(retracted.ok && !retracted.value.visible)
    assert.equal(retracted.value.retracted, RETRACTION_DOTS_MAX + 1)
    assert.equal(memory.memories, 0)
    const rows = await store.entriesAfter(RETRACTION_DOTS_MAX + 1, 10)
    assert.deepEqual(
      rows.map(({ payload }) =>
        decodeRetract(payload!)?.dots.reduce((sum, { seqs }) => sum + seqs.length, 0),
      ),
      [RETRACTION_DOTS_MAX, 1],
    )
  })
})
