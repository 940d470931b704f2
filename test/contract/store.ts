/**
 * The contract of the `MemoryStore` port: every adapter runs this suite. A case opens a store of its own; what is
 * durable is also read back from a second opening.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { LogId } from '../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../src/core/base/bytes.ts'
import { bytesToDigest } from '../../src/core/base/hash.ts'
import { createMemoryStore } from '../../src/core/memory/memory-store.ts'
import {
  type EntryRow,
  emptyBatch,
  type HeadRow,
  type LogRow,
  type MemoryStore,
  type PartialRow,
  type StoreBatch,
} from '../../src/core/memory/store.ts'
import { IDEMPOTENCY_KEYS_MAX } from '../../src/core/protocol/limits.ts'
import { batchArbitrary, planToBatches } from '../support/store-batches.ts'
import { testOrigin } from '../support/store-origin.ts'

/** A store under test. */
export interface StoreHarness {
  readonly store: MemoryStore
  /** Closes the store and opens what it left; null where nothing outlives the process. */
  readonly reopen: (() => Promise<MemoryStore>) | null
  /** Makes commits fail until the returned function is called; null where they cannot. */
  readonly breakWrites: (() => () => void) | null
  close(): Promise<void>
}

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const logIdOf = (n: number) => bytesToBase64url(bytes(16, n)) as LogId
const digestOf = (n: number) => bytesToDigest(bytes(32, n))

export const logRow = (n: number, changes: Partial<LogRow> = {}): LogRow => ({
  logId: logIdOf(n),
  publicKey: bytes(32, n),
  space: 'commons' as LogRow['space'],
  epoch: bytes(8, n),
  next: 0,
  chain: bytes(32, 0),
  clock: 0,
  segmentStart: 0,
  segmentBytes: 0,
  arrival: 0,
  ...changes,
})

export const entryRow = (
  n: number,
  seq: number,
  arrival: number,
  changes: Partial<EntryRow> = {},
): EntryRow => ({
  logId: logIdOf(n),
  seq,
  arrival,
  header: Uint8Array.of(n, seq, arrival & 0xff),
  payload: Uint8Array.of(1, 2, 3, seq),
  ...changes,
})

const headRow = (n: number, seq: number): HeadRow => ({
  logId: logIdOf(n),
  seq,
  chain: bytes(32, seq),
  clock: 1024 * seq,
  signature: bytes(64, n),
})

export const partialRow = (n: number, changes: Partial<PartialRow> = {}): PartialRow => ({
  logId: logIdOf(n),
  base: 4,
  baseBytes: 2560,
  chainBefore: bytes(32, 7),
  baseClock: Number.MAX_SAFE_INTEGER - 1,
  next: 2 ** 32,
  chain: bytes(32, 8),
  clock: Number.MAX_SAFE_INTEGER,
  segmentStart: 4,
  segmentBytes: 256 * 1024,
  arrival: 3,
  ...changes,
})

const batch = (changes: Partial<StoreBatch>): StoreBatch => ({ ...emptyBatch, ...changes })

/** `open` gives an empty store for `testOrigin` every time. */
export function testStoreContract(name: string, open: () => Promise<StoreHarness>): void {
  const check = (behaviour: string, body: (harness: StoreHarness, context: TestContext) => Promise<void>) =>
    test(`${name}: ${behaviour}`, async (context) => {
      const harness = await open()
      try {
        await body(harness, context)
      } finally {
        await harness.close()
      }
    })

  /** Runs the same reads on the store and, where it is durable, on what a second opening finds. */
  const checkBoth = (behaviour: string, write: Body, read: Body) =>
    check(behaviour, async ({ store, reopen }) => {
      await write(store)
      await read(store)
      if (reopen) await read(await reopen())
    })
  type Body = (store: MemoryStore) => Promise<void>

  checkBoth(
    'says whose it is',
    async () => {},
    async (store) => {
      assert.deepEqual(plain(store.origin), plain(testOrigin))
    },
  )

  checkBoth(
    'an empty store answers every read with nothing',
    async (store) => store.commit(emptyBatch),
    async (store) => {
      assert.deepEqual(await store.logs(), [])
      assert.deepEqual(await store.partials(), [])
      assert.deepEqual(await store.forks(), [])
      assert.deepEqual(await store.headsBefore(logIdOf(1), 10, 10), [])
      assert.deepEqual(await store.entriesAfter(0, 10), [])
      assert.deepEqual(await store.entriesOf(logIdOf(1), 0, 10), [])
      assert.deepEqual(await store.entriesAt([]), [])
      assert.deepEqual(await store.entriesAt([{ logId: logIdOf(1), seq: 0 }]), [null])
      assert.equal(await store.headFrom(logIdOf(1), 0), null)
      assert.equal(await store.key('k'), null)
      assert.equal(await store.value('v'), null)
    },
  )

  const odd = batch({
    logs: [logRow(1, { next: 4, clock: Number.MAX_SAFE_INTEGER, segmentStart: 2 ** 32 - 1, arrival: 4 })],
    entries: [
      entryRow(1, 0, 1, { payload: null }),
      entryRow(1, 1, 2, { payload: new Uint8Array(0), header: new Uint8Array(0) }),
      entryRow(1, 2, 3, { payload: Uint8Array.from({ length: 256 }, (_, i) => i) }),
      entryRow(1, 3, 4, { payload: bytes(80 * 1024, 0xff), header: bytes(2560, 0xfe) }),
    ],
    heads: [{ ...headRow(1, 3), clock: Number.MAX_SAFE_INTEGER }],
    forks: [{ logId: logIdOf(9), seq: 2 ** 32 - 1, proof: bytes(33_000, 5) }],
    keys: [
      { key: 'a\0b', value: '{"id":"ü 💡"}' },
      { key: '', value: '' },
    ],
    values: [
      { name: 'peers', value: bytes(100_000, 3) },
      { name: 'empty', value: new Uint8Array(0) },
    ],
  })
  checkBoth(
    'what was committed is read back bit for bit, also what is empty, null or at a limit',
    async (store) => store.commit(odd),
    async (store) => {
      assert.deepEqual(plain(await store.logs()), plain(odd.logs))
      assert.deepEqual(plain(await store.entriesAfter(0, 10)), plain(odd.entries))
      assert.deepEqual(plain(await store.entriesOf(logIdOf(1), 0, 10)), plain(odd.entries))
      assert.deepEqual(plain(await store.headFrom(logIdOf(1), 0)), plain(odd.heads[0]))
      assert.deepEqual(plain(await store.forks()), plain(odd.forks))
      for (const { key, value } of odd.keys) assert.equal(await store.key(key), value)
      for (const { name, value } of odd.values) assert.deepEqual(plain(await store.value(name)), plain(value))
    },
  )

  checkBoth(
    'entries come in the order of their arrival, from behind a number, up to a limit',
    async (store) => {
      await store.commit(
        batch({
          logs: [logRow(2, { next: 1 }), logRow(1, { next: 1 })],
          entries: [entryRow(2, 0, 1), entryRow(1, 0, 2)],
        }),
      )
      await store.commit(batch({ entries: [entryRow(1, 1, 3), entryRow(2, 1, 4), entryRow(1, 2, 5)] }))
    },
    async (store) => {
      const arrivals = async (after: number, limit: number) =>
        (await store.entriesAfter(after, limit)).map((entry) => entry.arrival)
      assert.deepEqual(await arrivals(0, 100), [1, 2, 3, 4, 5])
      assert.deepEqual(await arrivals(0, 2), [1, 2])
      assert.deepEqual(await arrivals(2, 2), [3, 4])
      assert.deepEqual(await arrivals(4, Number.POSITIVE_INFINITY), [5])
      assert.deepEqual(await arrivals(5, 10), [])
      assert.deepEqual(await arrivals(0, 0), [])
      const third = (await store.entriesAfter(2, 1))[0]
      assert.deepEqual(plain(third), plain(entryRow(1, 1, 3)))
    },
  )

  checkBoth(
    'a range of one log holds both its ends and nothing of another log',
    async (store) => {
      const entries = [0, 1, 2, 3].flatMap((seq) => [
        entryRow(1, seq, 2 * seq + 1),
        entryRow(2, seq, 2 * seq + 2),
      ])
      await store.commit(batch({ logs: [logRow(1, { next: 4 }), logRow(2, { next: 4 })], entries }))
    },
    async (store) => {
      const seqs = async (from: number, to: number) =>
        (await store.entriesOf(logIdOf(1), from, to)).map((entry) => {
          assert.equal(entry.logId, logIdOf(1))
          return entry.seq
        })
      assert.deepEqual(await seqs(0, 3), [0, 1, 2, 3])
      assert.deepEqual(await seqs(1, 2), [1, 2])
      assert.deepEqual(await seqs(2, 2), [2])
      assert.deepEqual(await seqs(3, 100), [3])
      assert.deepEqual(await seqs(4, 9), [])
      assert.deepEqual(await seqs(2, 1), [])
    },
  )

  checkBoth(
    'dots are answered one for one, with null where there is no entry',
    async (store) =>
      store.commit(
        batch({ logs: [logRow(1, { next: 2 })], entries: [entryRow(1, 0, 1), entryRow(1, 1, 2)] }),
      ),
    async (store) => {
      const dots = [
        { logId: logIdOf(1), seq: 1 },
        { logId: logIdOf(1), seq: 2 },
        { logId: logIdOf(3), seq: 0 },
        { logId: logIdOf(1), seq: 0 },
        { logId: logIdOf(1), seq: 1 },
      ]
      const found = await store.entriesAt(dots)
      assert.deepEqual(
        found.map((entry) => entry?.seq ?? null),
        [1, null, null, 0, 1],
      )
    },
  )

  checkBoth(
    'a log given again replaces what was known of it',
    async (store) => {
      await store.commit(batch({ logs: [logRow(1), logRow(2)] }))
      await store.commit(
        batch({ logs: [logRow(1, { next: 3, chain: bytes(32, 4), clock: 5, segmentBytes: 6 })] }),
      )
    },
    async (store) => {
      const logs = [...(await store.logs())].sort((a, b) => (a.logId < b.logId ? -1 : 1))
      const expected = [
        logRow(1, { next: 3, chain: bytes(32, 4), clock: 5, segmentBytes: 6 }),
        logRow(2),
      ].sort((a, b) => (a.logId < b.logId ? -1 : 1))
      assert.deepEqual(plain(logs), plain(expected))
    },
  )

  checkBoth(
    'headFrom gives the least kept head at or above a position; dropped heads are gone',
    async (store) => {
      await store.commit(
        batch({
          logs: [logRow(1, { next: 10 }), logRow(2, { next: 10 })],
          heads: [headRow(1, 3), headRow(1, 5), headRow(1, 9), headRow(2, 4)],
        }),
      )
      // In one batch heads are put before they are dropped; dropping what is not there changes nothing.
      await store.commit(
        batch({
          heads: [headRow(1, 7)],
          dropHeads: [
            { logId: logIdOf(1), seq: 5 },
            { logId: logIdOf(1), seq: 7 },
            { logId: logIdOf(2), seq: 5 },
          ],
        }),
      )
    },
    async (store) => {
      const seqFrom = async (n: number, atLeast: number) =>
        (await store.headFrom(logIdOf(n), atLeast))?.seq ?? null
      assert.equal(await seqFrom(1, 0), 3)
      assert.equal(await seqFrom(1, 3), 3)
      assert.equal(await seqFrom(1, 4), 9)
      assert.equal(await seqFrom(1, 9), 9)
      assert.equal(await seqFrom(1, 10), null)
      assert.equal(await seqFrom(2, 0), 4)
      assert.equal(await seqFrom(2, 5), null)
      assert.deepEqual(plain(await store.headFrom(logIdOf(1), 9)), plain(headRow(1, 9)))
    },
  )

  checkBoth(
    'a log held above a gap is read back, replaced and dropped, and its gap is no entry',
    async (store) => {
      await store.commit(
        batch({
          logs: [logRow(1, { next: 1 }), logRow(2), logRow(3)],
          partials: [
            { logId: logIdOf(1), partial: partialRow(1, { base: 5 }) },
            { logId: logIdOf(2), partial: partialRow(2) },
            { logId: logIdOf(3), partial: null },
          ],
          entries: [entryRow(1, 0, 1), entryRow(1, 5, 2), entryRow(1, 6, 3)],
        }),
      )
      await store.commit(
        batch({
          partials: [
            { logId: logIdOf(1), partial: partialRow(1) },
            { logId: logIdOf(2), partial: null },
          ],
          entries: [entryRow(1, 4, 4)],
        }),
      )
    },
    async (store) => {
      assert.deepEqual(plain(await store.partials()), plain([partialRow(1)]))
      const seqs = async (from: number, to: number) =>
        (await store.entriesOf(logIdOf(1), from, to)).map(({ seq }) => seq)
      assert.deepEqual(await seqs(0, 100), [0, 4, 5, 6])
      assert.deepEqual(await seqs(1, 3), [])
      assert.deepEqual(await store.entriesAt([{ logId: logIdOf(1), seq: 2 }]), [null])
      assert.deepEqual(plain((await store.entriesAfter(3, 5))[0]), plain(entryRow(1, 4, 4)))
    },
  )

  checkBoth(
    'headsBefore gives the kept heads below a position, the greatest first, up to a limit',
    async (store) =>
      store.commit(
        batch({ logs: [logRow(1), logRow(2)], heads: [2, 7, 4, 9].map((seq) => headRow(1, seq)) }),
      ),
    async (store) => {
      const seqs = async (before: number, limit: number) =>
        (await store.headsBefore(logIdOf(1), before, limit)).map(({ seq }) => seq)
      assert.deepEqual(await seqs(10, 10), [9, 7, 4, 2])
      assert.deepEqual(await seqs(9, 2), [7, 4])
      assert.deepEqual(await seqs(2, 10), [])
      assert.deepEqual(await seqs(2 ** 32, Number.POSITIVE_INFINITY), [9, 7, 4, 2])
      assert.deepEqual(await store.headsBefore(logIdOf(2), 10, 10), [])
      assert.deepEqual(plain((await store.headsBefore(logIdOf(1), 3, 1))[0]), plain(headRow(1, 2)))
    },
  )

  checkBoth(
    'payloads are forgotten and brought back without another change of their entries',
    async (store) => {
      await store.commit(
        batch({ logs: [logRow(1, { next: 3 })], entries: [0, 1, 2].map((seq) => entryRow(1, seq, seq + 1)) }),
      )
      const forget = [0, 1].map((seq) => ({ logId: logIdOf(1), seq, payload: null }))
      await store.commit(batch({ payloads: forget }))
      const payloads = [
        { logId: logIdOf(1), seq: 1, payload: bytes(5, 9) },
        { logId: logIdOf(1), seq: 77, payload: bytes(5, 9) },
      ]
      await store.commit(batch({ payloads }))
    },
    async (store) => {
      const expected = [
        entryRow(1, 0, 1, { payload: null }),
        entryRow(1, 1, 2, { payload: bytes(5, 9) }),
        entryRow(1, 2, 3),
      ]
      assert.deepEqual(plain(await store.entriesAfter(0, 10)), plain(expected))
      assert.deepEqual(plain(await store.entriesOf(logIdOf(1), 0, 10)), plain(expected))
    },
  )

  checkBoth(
    'a new epoch is the one of its origin from then on',
    async (store) => {
      await store.commit(batch({ epoch: bytes(8, 0xee) }))
      await store.commit(batch({}))
    },
    async (store) => {
      assert.deepEqual(plain(store.origin), plain({ ...testOrigin, epoch: bytes(8, 0xee) }))
    },
  )

  checkBoth(
    'a fork proven lower replaces the one before; it needs no log',
    async (store) => {
      await store.commit(batch({ forks: [{ logId: logIdOf(8), seq: 5, proof: bytes(4, 1) }] }))
      await store.commit(batch({ forks: [{ logId: logIdOf(8), seq: 3, proof: bytes(4, 2) }] }))
    },
    async (store) => {
      assert.deepEqual(plain(await store.forks()), plain([{ logId: logIdOf(8), seq: 3, proof: bytes(4, 2) }]))
      assert.deepEqual(
        plain(await store.fork(logIdOf(8))),
        plain({ logId: logIdOf(8), seq: 3, proof: bytes(4, 2) }),
      )
      assert.equal(await store.fork(logIdOf(7)), null)
    },
  )

  checkBoth(
    'a digest is denied until it is allowed again',
    async (store) => {
      const deny = (n: number, isDenied: boolean) => ({ digest: digestOf(n), isDenied })
      await store.commit(batch({ denied: [deny(1, true), deny(2, true), deny(2, true), deny(9, false)] }))
      await store.commit(batch({ denied: [deny(1, false), deny(3, true)] }))
      await store.scrub()
    },
    async (store) => assert.deepEqual([...(await store.denied())].sort(), [digestOf(2), digestOf(3)].sort()),
  )

  checkBoth(
    'a named value is replaced, and deleted by null',
    async (store) => {
      await store.commit(
        batch({
          values: [
            { name: 'a', value: bytes(2, 1) },
            { name: 'b', value: bytes(2, 2) },
            { name: 'c', value: null },
          ],
        }),
      )
      await store.commit(
        batch({
          values: [
            { name: 'a', value: null },
            { name: 'b', value: bytes(3, 3) },
          ],
        }),
      )
    },
    async (store) => {
      assert.equal(await store.value('a'), null)
      assert.deepEqual(plain(await store.value('b')), plain(bytes(3, 3)))
      assert.equal(await store.value('c'), null)
    },
  )

  checkBoth(
    `of ${IDEMPOTENCY_KEYS_MAX} + 1 keys the oldest is forgotten, and one given again is not the oldest`,
    async (store) => {
      const keys = Array.from({ length: IDEMPOTENCY_KEYS_MAX }, (_, i) => ({
        key: `key ${i}`,
        value: `value ${i}`,
      }))
      await store.commit(batch({ keys }))
      assert.equal(await store.key('key 0'), 'value 0')
      await store.commit(batch({ keys: [{ key: 'key 0', value: 'again' }] }))
      assert.equal(await store.key('key 1'), 'value 1')
      await store.commit(batch({ keys: [{ key: 'one more', value: 'new' }] }))
    },
    async (store) => {
      assert.equal(await store.key('one more'), 'new')
      assert.equal(await store.key('key 0'), 'again')
      assert.equal(await store.key('key 1'), null)
      assert.equal(await store.key('key 2'), 'value 2')
      assert.equal(await store.key(`key ${IDEMPOTENCY_KEYS_MAX - 1}`), `value ${IDEMPOTENCY_KEYS_MAX - 1}`)
    },
  )

  check('a commit that fails changes nothing, and the store goes on', async (harness, context) => {
    const { store, reopen, breakWrites } = harness
    if (!breakWrites) return context.skip('its commits cannot fail')
    const first = batch({
      logs: [logRow(1, { next: 1, arrival: 1 })],
      entries: [entryRow(1, 0, 1)],
      keys: [{ key: 'k', value: '1' }],
      values: [{ name: 'v', value: bytes(1, 1) }],
    })
    await store.commit(first)
    const repair = breakWrites()
    const refused = batch({
      logs: [logRow(1, { next: 2, arrival: 2 }), logRow(2)],
      entries: [entryRow(1, 1, 2, { payload: bytes(80_000, 1) })],
      heads: [headRow(1, 1)],
      forks: [{ logId: logIdOf(1), seq: 1, proof: bytes(1, 1) }],
      keys: [{ key: 'k', value: '2' }],
      values: [{ name: 'v', value: null }],
    })
    await assert.rejects(store.commit(refused), { name: 'SporeError', code: 'STORE_WRITE_FAILED' })

    const unchanged = async (read: MemoryStore) => {
      assert.deepEqual(plain(await read.logs()), plain(first.logs))
      assert.deepEqual(plain(await read.entriesAfter(0, 10)), plain(first.entries))
      assert.equal(await read.headFrom(logIdOf(1), 0), null)
      assert.deepEqual(await read.forks(), [])
      assert.equal(await read.key('k'), '1')
      assert.deepEqual(plain(await read.value('v')), plain(bytes(1, 1)))
    }
    await unchanged(store)
    repair()
    await unchanged(store)
    await store.commit(batch({ logs: [logRow(1, { next: 2, arrival: 2 })], entries: [entryRow(1, 1, 2)] }))
    const after = async (read: MemoryStore) =>
      assert.deepEqual(
        (await read.entriesAfter(0, 10)).map((entry) => entry.arrival),
        [1, 2],
      )
    await after(store)
    if (reopen) await after(await reopen())
  })

  check('any history reads like the in-memory twin', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batchArbitrary, { maxLength: 8 }), fc.nat(8), async (plans, reopenAt) => {
        const harness = await open()
        try {
          const twin = createMemoryStore(testOrigin)
          let store = harness.store
          const batches = planToBatches(plans)
          for (const [index, next] of batches.entries()) {
            if (index === reopenAt && harness.reopen) store = await harness.reopen()
            await store.commit(next)
            await twin.commit(next)
          }
          await assertSameReads(store, twin, batches)
          if (harness.reopen) await assertSameReads(await harness.reopen(), twin, batches)
        } finally {
          await harness.close()
        }
      }),
      { numRuns: 40, verbose: 1 },
    )
  })
}

/** Every read of the port, over all that a history could have touched. */
async function assertSameReads(store: MemoryStore, twin: MemoryStore, batches: readonly StoreBatch[]) {
  const same = async <T>(read: (from: MemoryStore) => Promise<T>) =>
    assert.deepEqual(plain(await read(store)), plain(await read(twin)))
  const byId = (rows: readonly { logId: string }[]) => [...rows].sort((a, b) => (a.logId < b.logId ? -1 : 1))
  await same(async (from) => byId(await from.logs()))
  await same(async (from) => byId(await from.forks()))
  await same(async (from) => byId(await from.partials()))
  await same(async (from) => from.origin)
  await same((from) => from.entriesAfter(0, 1000))
  await same((from) => from.entriesAfter(3, 4))
  for (const { logId } of await twin.logs()) {
    await same((from) => from.entriesOf(logId, 0, 1000))
    await same((from) => from.entriesOf(logId, 1, 2))
    await same((from) => from.entriesAt([0, 1, 5, 50].map((seq) => ({ logId, seq }))))
    for (const atLeast of [0, 1, 3, 8]) await same((from) => from.headFrom(logId, atLeast))
    await same((from) => from.headsBefore(logId, 6, 3))
  }
  for (const { key } of batches.flatMap(({ keys }) => keys)) await same((from) => from.key(key))
  for (const { name } of batches.flatMap(({ values }) => values)) await same((from) => from.value(name))
}

/** Bytes as hex, so that a Buffer and a Uint8Array of the same content compare equal and differ readably. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
  return value
}
