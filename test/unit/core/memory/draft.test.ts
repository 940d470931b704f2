/** Laws of drafts: thrown away they leave no trace, split they make the same log, and segments end where they must. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Digest, LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToBase64url, bytesToHex } from '../../../../src/core/base/bytes.ts'
import { emptyLogRow } from '../../../../src/core/memory/log-table.ts'
import { decodeHeader } from '../../../../src/core/protocol/entry.ts'
import {
  KIND_MAX,
  LOGS_MAX,
  PAYLOAD_BYTES_MAX,
  REFERENCES_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_ENTRIES_MAX,
  SEQ_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { COMMONS, createReplica, decoded, memoryEntry, NOW_MS, type Replica, unjudged } from './replica.ts'

const raw = (length: number, kind = 200) => ({
  space: COMMONS,
  kind,
  payload: new Uint8Array(length).fill(7),
  references: [],
})
const ownLogId = ({ memory }: Replica): LogId => logIdOf(memory.ownLog(COMMONS))

/** Seqs of the heads that are kept. */
async function headsOf({ store }: Replica, logId: LogId): Promise<number[]> {
  const seqs: number[] = []
  for (let at = 0; ; ) {
    const head = await store.headFrom(logId, at)
    if (!head) return seqs
    seqs.push(head.seq)
    at = head.seq + 1
  }
}

/** Everything that a store holds of its logs, comparable. */
async function contentOf({ store, memory }: Replica) {
  const entries = await store.entriesAfter(0, Number.MAX_SAFE_INTEGER)
  return {
    logs: (await store.logs()).map((row) => ({ ...row, chain: bytesToHex(row.chain) })),
    entries: entries.map(({ seq, arrival, header }) => [seq, arrival, bytesToHex(header)]),
    counts: [memory.entries, memory.memories, memory.arrival],
    view: memory.logs.viewDigest([COMMONS]),
  }
}

describe('a draft', () => {
  const texts = fc.array(fc.constantFrom('tea', 'milk', 'salt'), { maxLength: 12, size: 'max' })

  test('that is thrown away leaves no trace', () =>
    fuzzAsync(
      fc.record({ before: texts, lost: texts, after: texts }),
      async ({ before, lost, after }) => {
        const [replica, twin] = [createReplica({ name: 'ada' }), createReplica({ name: 'ada' })]
        const other = createReplica({ name: 'bo' })
        await other.add('bread')
        const foreign = unjudged((await other.run(ownLogId(other), 0)) as Uint8Array)
        for (const text of before) for (const one of [replica, twin]) await one.add(text)
        const content = await contentOf(replica)

        const draft = replica.memory.draft(NOW_MS + 60_000)
        for (const text of lost) draft.append(memoryEntry(text))
        assert.ok(draft.receive(foreign).ok)
        draft.remember({ key: 'k', value: 'v' })
        assert.ok(draft.finish())

        assert.deepEqual(await contentOf(replica), content)
        for (const text of after) for (const one of [replica, twin]) await one.add(text)
        assert.deepEqual(
          await contentOf(replica),
          await contentOf(twin),
          'the next writes are those of a twin',
        )
        assert.ok((await replica.write((next) => next.receive(foreign))).ok)
      },
      100,
    ))

  test('makes the same log however its writes are split', () =>
    fuzzAsync(
      fc.record({
        texts: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 20 }),
        cuts: fc.array(fc.nat(20)),
      }),
      async ({ texts, cuts }) => {
        const [whole, split] = [createReplica({ name: 'ada' }), createReplica({ name: 'ada' })]
        await whole.write((draft) => {
          for (const text of texts) draft.append(memoryEntry(text))
        })
        const bounds = [0, ...cuts.filter((cut) => cut < texts.length).sort((a, b) => a - b), texts.length]
        for (const [i, from] of bounds.slice(0, -1).entries())
          await split.write((draft) => {
            for (const text of texts.slice(from, bounds[i + 1])) draft.append(memoryEntry(text))
          })
        assert.deepEqual(await contentOf(split), await contentOf(whole))
        assert.deepEqual(await headsOf(split, ownLogId(split)), await headsOf(whole, ownLogId(whole)))
      },
      200,
    ))

  test('of nothing is none', () =>
    assert.equal(createReplica({ name: 'ada' }).memory.draft(NOW_MS).finish(), null))

  test('knows what it appends and the keys it keeps', () => {
    const draft = createReplica({ name: 'ada' }).memory.draft(NOW_MS)
    const { element } = draft.append(memoryEntry('tea'))
    draft.remember({ key: 'k', value: 'v' })
    assert.ok(draft.appends(COMMONS, 1, element))
    assert.ok(!draft.appends(COMMONS, 2, element) && !draft.appends('private' as SpaceId, 1, element))
    assert.deepEqual([draft.keyOf('k'), draft.keyOf('l')], ['v', null])
  })

  test('takes more of the own log than is held as history, and writes in a new epoch from then on', async () => {
    const [replica, earlier] = [createReplica({ name: 'ada' }), createReplica({ name: 'ada' })]
    for (const text of ['tea', 'milk']) await earlier.add(text)
    const run = (await earlier.run(ownLogId(earlier), 0)) as Uint8Array
    for (const text of ['tea', 'milk']) await replica.add(text)
    assert.deepEqual(await replica.receive(run), { ok: true, value: { fresh: 0, duplicate: 2 } })
    const { epoch } = replica.store.origin
    await earlier.add('honey')
    const more = (await earlier.run(ownLogId(earlier), 2)) as Uint8Array
    const forged = unjudged(more)
    const signature = new Uint8Array(64)
    const refused = await replica.write((draft) =>
      draft.receive({ ...forged, run: { ...forged.run, signature } }),
    )
    assert.equal(refused.ok || refused.error.code, 'SIGNATURE_INVALID')
    assert.deepEqual(replica.store.origin.epoch, epoch)
    assert.deepEqual(await replica.receive(more), { ok: true, value: { fresh: 1, duplicate: 0 } })
    assert.notDeepEqual(replica.store.origin.epoch, epoch)
    const { logId, seq } = await replica.add('bread')
    assert.deepEqual([logId === ownLogId(earlier), seq], [false, 0])
  })

  test('writes after the times that it took in itself', async () => {
    const [ada, bo] = [createReplica({ name: 'ada' }), createReplica({ name: 'bo' })]
    await ada.add('tea', COMMONS, NOW_MS + 60_000)
    const run = unjudged((await ada.run(ownLogId(ada), 0)) as Uint8Array)
    await bo.write((draft) => {
      assert.ok(draft.receive(run).ok)
      draft.append(memoryEntry('milk'))
    })
    const times = [ada, bo].map((one) => bo.memory.logs.get(ownLogId(one))!.row.clock) as [number, number]
    assert.equal(times[1], times[0] + 1)
  })

  test('follows its own earlier runs: two of one log in one draft', async () => {
    const [ada, bo] = [createReplica({ name: 'ada' }), createReplica({ name: 'bo' })]
    const runs: Uint8Array[] = []
    for (let i = 0; i < 3; i++) {
      await ada.add(`memory ${i}`)
      runs.push((await ada.run(ownLogId(ada), i)) as Uint8Array)
    }
    const results = await bo.write((draft) => runs.map((run) => draft.receive(unjudged(run))))
    assert.deepEqual(
      results,
      runs.map(() => ({ ok: true, value: { fresh: 1, duplicate: 0 } })),
    )
    assert.deepEqual(await headsOf(bo, ownLogId(ada)), [2])
    assert.equal(bo.memory.logs.viewDigest([COMMONS]), ada.memory.logs.viewDigest([COMMONS]))
  })
})

describe('segments', () => {
  /** Gives every run of a log to a new replica and compares what both keep of it. */
  async function checkAtReceiver(from: Replica): Promise<void> {
    const logId = ownLogId(from)
    const to = createReplica({ name: 'receiver' })
    const next = from.memory.logs.get(logId)?.row.next as number
    for (let at = 0; at < next; ) {
      const run = (await from.run(logId, at)) as Uint8Array
      const received = await to.receive(run)
      assert.ok(received.ok, JSON.stringify(received))
      at += received.value.fresh
    }
    assert.deepEqual(await headsOf(to, logId), await headsOf(from, logId))
    const { arrival: _, ...row } = from.memory.logs.get(logId)!.row
    const { arrival: __, ...received } = to.memory.logs.get(logId)!.row
    assert.deepEqual(received, row)
  }

  for (const [how, size] of [
    ['in one draft', SEGMENT_ENTRIES_MAX + 1],
    ['in drafts of 100', 100],
    ['in drafts of one', 1],
  ] as const)
    test(`end at ${SEGMENT_ENTRIES_MAX} entries, written ${how}; their heads and the newest stay`, async () => {
      const replica = createReplica({ name: 'ada' })
      for (let at = 0; at <= SEGMENT_ENTRIES_MAX; at += size)
        await replica.write((draft) => {
          for (let i = at; i < Math.min(at + size, SEGMENT_ENTRIES_MAX + 1); i++) draft.append(raw(1))
        })
      assert.deepEqual(await headsOf(replica, ownLogId(replica)), [
        SEGMENT_ENTRIES_MAX - 1,
        SEGMENT_ENTRIES_MAX,
      ])
      const row = replica.memory.logs.get(ownLogId(replica))!.row
      assert.deepEqual([row.next, row.segmentStart], [SEGMENT_ENTRIES_MAX + 1, SEGMENT_ENTRIES_MAX])
      const first = decoded((await replica.run(ownLogId(replica), 0)) as Uint8Array)
      assert.equal(first.count, SEGMENT_ENTRIES_MAX, 'a run is cut at the segment')
      await checkAtReceiver(replica)
    })

  for (const more of [0, 1])
    test(`of ${SEGMENT_BYTES_MAX} bytes ${more === 0 ? 'are full' : 'end before one byte more'}`, async () => {
      const replica = createReplica({ name: 'ada' })
      for (let i = 0; i < 3; i++) await replica.write((draft) => draft.append(raw(PAYLOAD_BYTES_MAX)))
      const held = replica.memory.logs.get(ownLogId(replica))!.row.segmentBytes
      // The last header is as long as that of an entry whose payload length takes three bytes too.
      const probe = createReplica({ name: 'ada' }).memory.draft(NOW_MS)
      probe.append(raw(10_000))
      const headerBytes = probe.finish()!.batch.entries[0]!.header.length
      const left = SEGMENT_BYTES_MAX - held - headerBytes + more
      await replica.write((draft) => draft.append(raw(left)))
      const row = replica.memory.logs.get(ownLogId(replica))!.row
      assert.deepEqual(
        [row.segmentStart, row.segmentBytes],
        more === 0 ? [0, SEGMENT_BYTES_MAX] : [3, headerBytes + left],
      )
      assert.deepEqual(await headsOf(replica, ownLogId(replica)), more === 0 ? [3] : [2, 3])
      await checkAtReceiver(replica)
    })
})

describe('bounds of what is written and taken', () => {
  const draft = () => createReplica({ name: 'ada' }).memory.draft(NOW_MS)

  test('an own payload of one byte more, a reference more, a kind more are bugs', () => {
    draft().append(raw(PAYLOAD_BYTES_MAX))
    assert.throws(() => draft().append(raw(PAYLOAD_BYTES_MAX + 1)), /PAYLOAD_BYTES_MAX/)
    const reference = bytesToBase64url(new Uint8Array(32)) as Digest
    const references = Array.from({ length: REFERENCES_MAX }, () => reference)
    draft().append({ ...raw(1), references })
    assert.throws(
      () => draft().append({ ...raw(1), references: [...references, reference] }),
      /REFERENCES_MAX/,
    )
    draft().append(raw(1, KIND_MAX))
    for (const kind of [KIND_MAX + 1, -1, 1.5]) assert.throws(() => draft().append(raw(1, kind)), /KIND_MAX/)
  })

  test('a log ends with seq 2³² − 1', () => {
    const replica = createReplica({ name: 'ada' })
    const row = emptyLogRow(replica.memory.ownLog(COMMONS))
    replica.memory.load([{ ...row, next: SEQ_MAX, segmentStart: SEQ_MAX - 1, clock: 1, arrival: 1 }], [])
    const last = replica.memory.draft(NOW_MS)
    last.append(raw(1))
    const result = last.finish()
    const header = decodeHeader(result?.batch.entries[0]?.header as Uint8Array)
    assert.equal(header.ok && header.value.seq, SEQ_MAX)
    replica.memory.apply(result!)
    assert.throws(() => replica.memory.draft(NOW_MS).append(raw(1)), /new epoch/)
  })

  test('LOGS_MAX logs are followed, one more is refused, known ones go on', async () => {
    const [ada, bo, cy] = ['ada', 'bo', 'cy'].map((name) => createReplica({ name })) as [
      Replica,
      Replica,
      Replica,
    ]
    for (const one of [bo, cy]) await one.add('tea')
    // Of another author: those of one have a bound of their own.
    const of = createReplica({ name: 'dee' }).memory.ownLog(COMMONS)
    const rows = Array.from({ length: LOGS_MAX - 1 }, (_, i) => ({
      ...emptyLogRow(of),
      logId: `log ${i}` as LogId,
    }))
    ada.memory.load(rows, [])
    assert.ok((await ada.receive((await bo.run(ownLogId(bo), 0)) as Uint8Array)).ok)
    assert.equal(ada.memory.logs.size, LOGS_MAX)
    const refused = await ada.receive((await cy.run(ownLogId(cy), 0)) as Uint8Array)
    assert.equal(refused.ok || refused.error.code, 'LOGS_FULL')
    await bo.add('milk')
    assert.ok((await ada.receive((await bo.run(ownLogId(bo), 1)) as Uint8Array)).ok)
  })
})
