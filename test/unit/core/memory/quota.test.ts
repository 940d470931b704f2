/** Quotas and eviction: what is kept of others, what one more does, and that own entries are never refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createEviction } from '../../../../src/core/memory/eviction.ts'
import { encodeForkProof } from '../../../../src/core/memory/fork.ts'
import { emptyLogRow } from '../../../../src/core/memory/log-table.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { SHARE_MIN } from '../../../../src/core/memory/quota.ts'
import { judgeRun } from '../../../../src/core/memory/run-check.ts'
import { createWriter } from '../../../../src/core/memory/writer.ts'
import { leafOf } from '../../../../src/core/protocol/entry.ts'
import {
  AUTHOR_LOGS_MAX,
  FORKS_AUTHOR_MAX,
  FORKS_EMPTY_MAX,
  FORKS_MAX,
  LOGS_MAX,
  LOGS_RESERVED,
  REMOVAL_WEIGHT,
  SEGMENT_BYTES_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { extendChain, genesisOf, headBytes, logIdOf } from '../../../../src/core/protocol/log.ts'
import { decodeRun } from '../../../../src/core/protocol/run.ts'
import { COMMONS, createReplica, NETWORK, NOW_MS, type Replica } from './replica.ts'

const logOf = (replica: Replica) => logIdOf(replica.memory.ownLog(COMMONS))
const sizeOf = (replica: Replica) => replica.memory.usage.total
const codeOf = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? 'ok' : result.error?.code)

/** Gives one what is new of the other. */
async function give(to: Replica, from: Replica): Promise<string | undefined> {
  const next = to.memory.logs.get(logOf(from))?.row.next ?? 0
  return codeOf(await to.receive((await from.run(logOf(from), next)) as Uint8Array))
}

/** One with an entry, and what it takes. */
async function writer(name: string, text = 'tea'): Promise<Replica> {
  const replica = createReplica({ name })
  await replica.add(text)
  return replica
}

test('an author has a quota in each space: one byte more is refused, others go on', async () => {
  const [bo, cy] = [await writer('bo'), await writer('cy')]
  const ada = createReplica({ name: 'ada', quotas: { authorBytes: sizeOf(bo) } })
  assert.equal(await give(ada, bo), 'ok')
  await bo.add('m')
  assert.equal(await give(ada, bo), 'QUOTA_EXCEEDED')
  assert.equal(ada.memory.entries, 1)
  assert.equal(ada.memory.logs.get(logOf(bo))?.row.next, 1)
  assert.equal(await give(ada, cy), 'ok')
  const tight = createReplica({ name: 'ada', quotas: { authorBytes: sizeOf(cy) - 1 } })
  assert.equal(await give(tight, cy), 'QUOTA_EXCEEDED')
})

test('of some authors more is kept, of some less, and one byte more is refused of each', async () => {
  for (const share of [SHARE_MIN, 1, 2, 4]) {
    const bo = await writer('bo', 'x'.repeat(1000))
    const authorBytes = sizeOf(bo) / share
    const shareOf = () => share
    const ada = createReplica({ name: 'ada', shareOf, quotas: { authorBytes } })
    assert.equal(await give(ada, bo), 'ok', String(share))
    const tight = createReplica({ name: 'ada', shareOf, quotas: { authorBytes: authorBytes - 1 } })
    assert.equal(await give(tight, bo), 'QUOTA_EXCEEDED', String(share))
    await bo.add('m')
    assert.equal(await give(ada, bo), 'QUOTA_EXCEEDED', String(share))
  }
  // Nobody has less than the least, nor is asked about before he has that.
  const bo = await writer('bo')
  let asked = 0
  const shareOf = () => {
    asked++
    return 0
  }
  const ada = createReplica({ name: 'ada', shareOf, quotas: { authorBytes: sizeOf(bo) / SHARE_MIN } })
  assert.equal(await give(ada, bo), 'ok')
  assert.equal(asked, 0)
  await bo.add('m')
  assert.equal(await give(ada, bo), 'QUOTA_EXCEEDED')
  assert.ok(asked > 0)
})

test('however much is kept of an author, his space and the store have their bounds', async () => {
  const bo = await writer('bo', 'x'.repeat(60_000))
  for (let i = 0; i < 9; i++) await bo.add(`${i} ${'x'.repeat(60_000)}`)
  for (const bound of ['spaceBytes', 'storeBytes'] as const) {
    const quotas = { authorBytes: sizeOf(bo), [bound]: sizeOf(bo) - SEGMENT_BYTES_MAX - 1 }
    const ada = createReplica({ name: 'ada', shareOf: () => 4, quotas })
    const codes: unknown[] = []
    while (codes.at(-1) === undefined || codes.at(-1) === 'ok') {
      if (ada.memory.logs.get(logOf(bo))?.row.next === bo.memory.logs.get(logOf(bo))?.row.next) break
      codes.push(await give(ada, bo))
    }
    assert.equal(codes.at(-1), 'QUOTA_EXCEEDED', bound)
  }
})

test('what several runs of one commit take counts together', async () => {
  const bo = await writer('bo')
  const ada = createReplica({ name: 'ada', quotas: { authorBytes: 2 * sizeOf(bo) - 1 } })
  const judged = async (epoch: number) => {
    const twin = createReplica({ name: 'bo', epoch })
    await twin.add('tea')
    const run = decodeRun((await twin.run(logOf(twin), 0)) as Uint8Array)
    assert.ok(run.ok)
    return judgeRun(run.value, emptyLogRow(run.value.log), { network: NETWORK, verifier: ada.verifier })
  }
  const [first, second] = [await judged(0), await judged(1)]
  const codes = await ada.write((draft) => [draft.receive(first), draft.receive(second)].map(codeOf))
  assert.deepEqual(codes, ['ok', 'QUOTA_EXCEEDED'])
})

test('a space and the store have quotas; own entries are never refused for them', async () => {
  const [bo, cy] = [await writer('bo', 'x'.repeat(60_000)), await writer('cy')]
  for (let i = 0; i < 3; i++) await bo.add(`${i} ${'x'.repeat(60_000)}`)
  // A run may come on top, until something is evicted.
  const filler = await writer('eve', 'y'.repeat(60_000))
  const all = sizeOf(bo) + sizeOf(filler) + sizeOf(cy) - SEGMENT_BYTES_MAX
  for (const bound of ['spaceBytes', 'storeBytes'] as const) {
    const tight = createReplica({ name: 'ada', quotas: { [bound]: all - 1 } })
    for (const each of [bo, filler]) assert.equal(await give(tight, each), 'ok')
    assert.equal(await give(tight, cy), 'QUOTA_EXCEEDED')
    for (let i = 0; i < 10; i++) await tight.add(`own ${i}`)
    assert.equal(tight.memory.memories, 15)
    // Its own log comes back from peers whatever the quota, after its disk was lost.
    const again = createReplica({ name: 'ada', epoch: 7, quotas: { [bound]: 1 } })
    assert.ok((await again.receive((await tight.run(logOf(tight), 0)) as Uint8Array)).ok)
    const ada = createReplica({ name: 'ada', quotas: { [bound]: all } })
    for (const each of [bo, filler, cy]) assert.equal(await give(ada, each), 'ok')
  }
})

test('usage follows what is stored and forgotten, and replaying the store gives the same', async () => {
  const bo = await writer('bo')
  const ada = createReplica({ name: 'ada' })
  await give(ada, bo)
  await ada.add('milk')
  const { usage } = ada.memory
  const before = {
    total: usage.total,
    space: usage.ofSpace(COMMONS),
    bo: usage.of(bo.memory.self, COMMONS)?.bytes,
  }
  assert.equal(before.total, before.space)
  assert.equal(before.bo, sizeOf(bo))
  const again = createReplica({ name: 'ada', store: ada.store })
  again.memory.load(await ada.store.logs(), [])
  for (const row of await ada.store.entriesAfter(0, 100)) again.memory.replay(row)
  assert.equal(again.memory.usage.total, before.total)
  const [row] = await ada.store.entriesOf(logOf(bo), 0, 0)
  await ada.write((draft) => draft.forgetPayload(row!))
  assert.equal(usage.total, before.total - row!.payload!.length)
})

test('what a retraction names counts for what it takes in memory', async () => {
  const bo = await writer('bo')
  const before = sizeOf(bo)
  const { epoch } = bo.memory.ownLog(COMMONS)
  await bo.retract([{ epoch, seqs: Array.from({ length: 1000 }, (_, i) => i) }])
  const [row] = await bo.store.entriesOf(logOf(bo), 1, 1)
  assert.equal(sizeOf(bo) - before, row!.header.length + REMOVAL_WEIGHT * row!.payload!.length)
  const ada = createReplica({ name: 'ada', quotas: { authorBytes: sizeOf(bo) - 1 } })
  assert.equal(codeOf(await ada.receive((await bo.run(logOf(bo), 0)) as Uint8Array)), 'QUOTA_EXCEEDED')
  const roomy = createReplica({ name: 'ada', quotas: { authorBytes: sizeOf(bo) } })
  assert.equal(codeOf(await roomy.receive((await bo.run(logOf(bo), 0)) as Uint8Array)), 'ok')
})

test('an author has so many logs, then one more is refused, and others have theirs', async () => {
  const ada = createReplica({ name: 'ada' })
  const { publicKey } = createReplica({ name: 'bo' }).signer
  for (let i = 0; i <= AUTHOR_LOGS_MAX; i++) {
    const epoch = Buffer.alloc(8)
    epoch.writeUInt32BE(i)
    const bo = createReplica({ name: 'bo', store: createMemoryStore({ publicKey, network: NETWORK, epoch }) })
    await bo.add('tea')
    assert.equal(await give(ada, bo), i < AUTHOR_LOGS_MAX ? 'ok' : 'LOGS_FULL')
  }
  assert.equal(await give(ada, await writer('cy')), 'ok')
})

test('places for logs are kept for peers: a stranger meets the bound before them', async () => {
  const [bo, cy] = [await writer('bo'), await writer('cy')]
  const ada = createReplica({ name: 'ada', isPeer: (author) => author === cy.memory.self })
  const of = createReplica({ name: 'dee' }).memory.ownLog(COMMONS)
  const rows = Array.from({ length: LOGS_MAX - LOGS_RESERVED }, (_, i) => ({
    ...emptyLogRow(of),
    logId: `log ${i}` as LogId,
  }))
  ada.memory.load(rows, [])
  assert.equal(await give(ada, bo), 'LOGS_FULL')
  assert.equal(await give(ada, cy), 'ok')
})

/** A proof that an author forks a log of which it says nothing else, at its first entry. */
function forkOf(replica: Replica, epoch: number): Uint8Array {
  const log = { ...replica.memory.ownLog(COMMONS), epoch: Buffer.alloc(8) }
  log.epoch.writeUInt32BE(epoch)
  const logId = logIdOf(log)
  const base = genesisOf(logId)
  const branch = (byte: number) => {
    const leaf = leafOf(Uint8Array.of(byte))
    const head = { logId, seq: 0, chain: extendChain(base, leaf), clock: 1 }
    return { leaves: [leaf], clock: 1, signature: replica.signer.sign(headBytes(NETWORK, head)) }
  }
  return encodeForkProof({ log, seq: 0, base, branches: [branch(1), branch(2)] })
}

test('an author has so many forks, then one more is refused; own ones are not', async () => {
  const ada = createReplica({ name: 'ada' })
  const bo = createReplica({ name: 'bo' })
  for (let i = 0; i < FORKS_AUTHOR_MAX; i++) assert.ok((await ada.takeFork(forkOf(bo, i))).ok)
  assert.equal(codeOf(await ada.takeFork(forkOf(bo, FORKS_AUTHOR_MAX))), 'QUOTA_EXCEEDED')
  // What is known is no news, and not refused.
  assert.equal(codeOf(await ada.takeFork(forkOf(bo, 0))), 'ok')
  assert.equal(ada.memory.usage.forks, FORKS_AUTHOR_MAX)
  for (let i = 0; i <= FORKS_AUTHOR_MAX; i++) assert.ok((await ada.takeFork(forkOf(ada, i))).ok)
})

test('so many forks are kept in all, and fewer of logs of which nothing is held', async () => {
  const ada = createReplica({ name: 'ada' })
  const { usage, logs } = ada.memory
  const fork = (i: number, isHeld: boolean): void => {
    const publicKey = Buffer.alloc(32)
    publicKey.writeUInt32BE(i)
    const log = { publicKey, space: COMMONS, epoch: new Uint8Array(8) }
    logs.set(emptyLogRow(log))
    usage.fork(logs.get(logIdOf(log))!, 300, isHeld)
  }
  for (let i = 0; i < FORKS_EMPTY_MAX - 1; i++) fork(i, false)
  const [bo, cy] = [createReplica({ name: 'bo' }), await writer('cy')]
  assert.equal(codeOf(await ada.takeFork(forkOf(bo, 0))), 'ok')
  assert.equal(codeOf(await ada.takeFork(forkOf(bo, 1))), 'QUOTA_EXCEEDED')
  for (let i = FORKS_EMPTY_MAX; i < FORKS_MAX; i++) fork(i, true)
  assert.equal(usage.forks, FORKS_MAX)
  assert.equal(await give(ada, cy), 'ok')
  assert.equal(codeOf(await ada.takeFork(forkOf(cy, 0))), 'QUOTA_EXCEEDED')
})

test('the oldest payloads of whoever takes most make room, and who takes little keeps everything', async () => {
  const [bo, cy] = [createReplica({ name: 'bo' }), createReplica({ name: 'cy' })]
  for (let i = 0; i < 5; i++) await cy.add(`cy ${i}`)
  const ada = createReplica({ name: 'ada', quotas: { storeBytes: 40_000 } })
  const clock = { now: () => NOW_MS, sleep: async () => {} }
  const { memory, store } = ada
  const tick = createWriter({ memory, store, clock, log: silentLog })
  const eviction = createEviction({ memory, store, writer: tick, clock, log: silentLog })
  const purged: string[] = []
  tick.onCommitted((_applied, _forks, news) => void purged.push(...news.purged))
  tick.onCommitted(eviction.follow)
  await give(ada, cy)
  for (let i = 0; i < 60; i++) {
    await bo.add(`bo ${i} ${'x'.repeat(1000)}`)
    assert.equal(await give(ada, bo), 'ok', `${i}`)
    await tick.write((draft) => draft.setValue('tick', Uint8Array.of(i)))
    while (memory.usage.total > 40_000) await turn()
  }
  const held = async (of: Replica) =>
    (await store.entriesOf(logOf(of), 0, 100)).map(({ payload }) => payload !== null)
  const ofBo = await held(bo)
  assert.equal(ofBo.length, 60)
  assert.deepEqual(
    ofBo,
    ofBo.toSorted((a, b) => Number(a) - Number(b)),
    'the oldest go first',
  )
  assert.ok((await held(cy)).every(Boolean))
  assert.ok(memory.usage.total <= 40_000)
  assert.equal(memory.usage.evictions, ofBo.filter((is) => !is).length)
  assert.equal(new Set(purged).size, memory.usage.evictions)
  assert.equal(memory.memories, 65 - memory.usage.evictions)
  // It goes on to count against its author, and the log stands in views as before.
  assert.equal(
    memory.usage.of(bo.memory.self, COMMONS)!.evicted + memory.usage.of(bo.memory.self, COMMONS)!.bytes,
    sizeOf(bo),
  )
  assert.equal(memory.logs.viewDigest([COMMONS]).length, 64)
  assert.equal(memory.absent.size, 0)
  await eviction.stop()
})
