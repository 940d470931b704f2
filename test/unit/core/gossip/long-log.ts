/** A log of several segments, and spores that hold it. */
import assert from 'node:assert/strict'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { emptyBatch, type LogRow, type MemoryStore } from '../../../../src/core/memory/store.ts'
import { SEGMENT_ENTRIES_MAX } from '../../../../src/core/protocol/limits.ts'
import { encodeRun } from '../../../../src/core/protocol/run.ts'
import type { Loopback, Member, OpenOptions } from '../../../support/loopback.ts'
import { COMMONS, createReplica, memoryEntry, NOW_MS } from '../memory/replica.ts'

export interface LongLog {
  readonly row: LogRow
  readonly logId: LogId
  /** All of it. */
  readonly store: MemoryStore
  readonly entries: number
}

/** A log of `segments` sealed segments of 1,024 entries and an open one of `open`. */
export async function createLongLog(name: string, segments: number, open = 7): Promise<LongLog> {
  const author = createReplica({ name })
  const entries = segments * SEGMENT_ENTRIES_MAX + open
  for (let i = 0; i < entries; i += 1000)
    await author.write((draft) => {
      for (let j = i; j < Math.min(entries, i + 1000); j++) draft.append(memoryEntry(`${name} ${j}`, COMMONS))
    }, NOW_MS - 60_000)
  const row = (await author.store.logs())[0] as LogRow
  return { row, logId: row.logId, store: author.store, entries }
}

/** Opens a spore that holds the log, as if it had received it. */
export async function openHolder(
  net: Loopback,
  name: string,
  { row, logId, store, entries }: LongLog,
  options: OpenOptions = {},
): Promise<Member> {
  const first = await net.open(name, { isReachable: false })
  await first.store.commit({
    ...emptyBatch,
    logs: [row],
    entries: await store.entriesOf(logId, 0, entries),
    heads: await store.headsBefore(logId, entries, entries),
  })
  await first.close()
  const member = await net.open(name, { ...options, store: first.store })
  assert.equal(member.spore.health().memories, entries)
  return member
}

/** The order in which the entries of a log arrived at a spore. */
export async function arrivedSeqs({ store }: Member, logId: LogId): Promise<number[]> {
  const rows = await store.entriesAfter(0, Number.MAX_SAFE_INTEGER)
  return rows.filter((row) => row.logId === logId).map(({ seq }) => seq)
}

/** Opens a spore that holds logs from 0 on up to a segment, and from another one on to the end; what is between is missing. */
export async function openPartialHolder(
  net: Loopback,
  name: string,
  held: readonly { readonly log: LongLog; readonly below: number; readonly from: number }[],
): Promise<Member> {
  const replica = createReplica({ name: `${name} so far` })
  for (const { log, below, from } of held) {
    const heads = (await log.store.headsBefore(log.logId, log.entries, log.entries)).toReversed()
    const parts = heads.map((head, i) => ({
      first: (heads[i - 1]?.seq ?? -1) + 1,
      seq: head.seq,
      chainBefore: heads[i - 1]?.chain ?? null,
    }))
    const order = [...parts.slice(0, below), ...parts.slice(Math.max(below, from)).toReversed()]
    for (const { first, seq, chainBefore } of order) {
      const head = await log.store.headFrom(log.logId, seq)
      const entries = await log.store.entriesOf(log.logId, first, seq)
      assert.ok(head)
      const run = encodeRun({
        log: log.row,
        from: first,
        entries,
        chain: head.chain,
        signature: head.signature,
      })
      const received = await replica.receive(run, NOW_MS, { chainBefore })
      assert.ok(received.ok, received.ok ? '' : received.error.detail)
    }
  }
  const first = await net.open(name, { isReachable: false })
  const logs = await replica.store.logs()
  const heads = await Promise.all(logs.map(({ logId }) => replica.store.headsBefore(logId, 2 ** 32, 2 ** 32)))
  await first.store.commit({
    ...emptyBatch,
    logs,
    partials: (await replica.store.partials()).map((partial) => ({ logId: partial.logId, partial })),
    entries: await replica.store.entriesAfter(0, Number.MAX_SAFE_INTEGER),
    heads: heads.flat(),
  })
  await first.close()
  return net.open(name, { store: first.store })
}
