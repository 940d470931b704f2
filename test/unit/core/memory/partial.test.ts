/** Logs that are held above a gap: how they open, grow both ways and become whole, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { createMemory } from '../../../../src/core/memory/memory.ts'
import { overlapOf } from '../../../../src/core/memory/partial.ts'
import type { LogRow } from '../../../../src/core/memory/store.ts'
import { verifyStore } from '../../../../src/core/memory/verify.ts'
import { genesisOf } from '../../../../src/core/protocol/log.ts'
import { type SeededRandom, seededRandom, testSeed } from '../../../support/seeded.ts'
import { COMMONS, createReplica, decoded, NETWORK, NOW_MS, type Replica, replay } from './replica.ts'

/** Three of them fill a segment. */
const LARGE = 60_000

/** A segment or run of an author's log as it is sent, and the chain value before it. */
interface Part {
  readonly from: number
  readonly to: number
  readonly bytes: Uint8Array
  readonly chainBefore: Uint8Array
}

interface Author {
  readonly replica: Replica
  readonly logId: LogId
  /** Oldest first; the last one is what is open. */
  readonly segments: readonly Part[]
  readonly row: LogRow
}

/** An author of `count` entries, each of its own commit unless `shared`. */
async function createAuthor(name: string, count: number, length = LARGE): Promise<Author> {
  const replica = createReplica({ name })
  for (let i = 0; i < count; i++) await replica.add(`${i} ${'x'.repeat(length)}`, COMMONS, NOW_MS + i)
  return describeAuthor(replica)
}

async function describeAuthor(replica: Replica): Promise<Author> {
  const row = (await replica.store.logs())[0] as LogRow
  const { logId } = row
  const heads = [...(await replica.store.headsBefore(logId, row.next, Number.MAX_SAFE_INTEGER))].reverse()
  const segments: Part[] = []
  let [from, chainBefore] = [0, genesisOf(logId)]
  for (const head of heads) {
    const bytes = (await replica.run(logId, from, head.seq)) as Uint8Array
    segments.push({ from, to: head.seq, bytes, chainBefore })
    from = head.seq + 1
    chainBefore = head.chain
  }
  return { replica, logId, segments, row }
}

const take = async (reader: Replica, part: Part, isAbove = true) => {
  const partial = reader.memory.partials.get(decoded(part.bytes).logId)
  const common = partial && overlapOf({ from: part.from, end: part.to + 1 }, partial)
  const overlap = common ? await reader.store.entriesOf(partial.logId, common.from, common.to) : []
  return reader.receive(part.bytes, NOW_MS + 1000, {
    overlap,
    ...(isAbove && { chainBefore: part.chainBefore }),
  })
}

const codeOf = async (received: ReturnType<typeof take>) => {
  const result = await received
  return result.ok ? 'ok' : result.error.code
}

/** Everything in the store is as its bytes say. */
async function assertSound({ store, verifier }: Replica): Promise<void> {
  const { findings } = await verifyStore(store, verifier, { signal: new AbortController().signal })
  assert.deepEqual(findings, [])
}

/** The log is whole and the same as its author's, also what is kept of it. */
async function assertWhole(reader: Replica, author: Author): Promise<void> {
  const { logId, row } = author
  assert.equal(reader.memory.partials.size, 0)
  const held = reader.memory.logs.get(logId)?.row as LogRow
  const { arrival: _, ...expected } = row
  assert.deepEqual({ ...held, arrival: undefined }, { ...expected, arrival: undefined })
  assert.equal(held.arrival, reader.memory.arrival)
  assert.equal(reader.memory.logs.viewDigest([COMMONS]), author.replica.memory.logs.viewDigest([COMMONS]))
  assert.deepEqual(await reader.visible(), await author.replica.visible())
  const heads = (of: Replica) => of.store.headsBefore(logId, row.next, Number.MAX_SAFE_INTEGER)
  assert.deepEqual(await heads(reader), await heads(author.replica))
  assert.equal(reader.memory.missing, 0)
  await assertSound(reader)
}

test('a log that is taken newest first is visible as it comes, and in no view until it is whole', async () => {
  const author = await createAuthor('newest first', 20)
  assert.equal(author.segments.length, 5)
  const reader = createReplica({ name: 'reader' })
  const empty = reader.memory.logs.viewDigest([COMMONS])
  let held = 0
  for (const part of author.segments.toReversed()) {
    assert.equal(reader.memory.logs.viewDigest([COMMONS]), empty)
    const received = await take(reader, part, part.from > 0)
    assert.deepEqual(received, { ok: true, value: { fresh: part.to - part.from + 1, duplicate: 0 } })
    held += part.to - part.from + 1
    assert.equal(reader.memory.memories, held)
    assert.equal(reader.memory.missing, part.from)
    await assertSound(reader)
  }
  await assertWhole(reader, author)
})

test('a restart in the middle goes on where it was', async () => {
  const author = await createAuthor('restart', 20)
  const { store } = createReplica({ name: 'reader' })
  for (const part of author.segments.toReversed()) {
    const reader = createReplica({ name: 'reader', store })
    await replay(reader.memory, store)
    assert.equal(await codeOf(take(reader, part)), 'ok')
    const again = createMemory({
      signer: reader.signer,
      verifier: reader.verifier,
      network: NETWORK,
      epoch: store.origin.epoch,
      drawEpoch: () => new Uint8Array(8),
    })
    await replay(again, store)
    assert.deepEqual([...again.partials], [...reader.memory.partials])
    assert.equal(again.memories, reader.memory.memories)
    if (part.from === 0) await assertWhole(reader, author)
  }
})

test('what is new at the author grows the part above the gap, and the log is whole all the same', async () => {
  const before = await createAuthor('still writing', 14)
  const reader = createReplica({ name: 'reader' })
  const [newest, ...older] = before.segments.toReversed() as [Part, ...Part[]]
  await take(reader, newest)
  for (let i = 14; i < 24; i++) {
    await before.replica.add(`${i} ${'y'.repeat(LARGE)}`, COMMONS, NOW_MS + i)
    const run = (await before.replica.run(before.logId, i)) as Uint8Array
    assert.deepEqual(await reader.receive(run, NOW_MS + 1000), {
      ok: true,
      value: { fresh: 1, duplicate: 0 },
    })
    assert.deepEqual(await reader.receive(run, NOW_MS + 1000), {
      ok: true,
      value: { fresh: 0, duplicate: 1 },
    })
    await assertSound(reader)
  }
  for (const part of older) assert.equal(await codeOf(take(reader, part)), 'ok')
  await assertWhole(reader, await describeAuthor(before.replica))
})

test('a log of which the beginning is held gets its newest part first, and offers the beginning meanwhile', async () => {
  const author = await createAuthor('far behind', 22)
  const reader = createReplica({ name: 'reader' })
  const [first, second, ...rest] = author.segments as [Part, Part, ...Part[]]
  // The beginning ends in the middle of the second segment.
  await take(reader, first, false)
  const part = await (async () => {
    const early = createReplica({ name: 'far behind' })
    for (let i = 0; i < 6; i++) await early.add(`${i} ${'x'.repeat(LARGE)}`, COMMONS, NOW_MS + i)
    return (await early.run(author.logId, second.from)) as Uint8Array
  })()
  assert.ok((await reader.receive(part, NOW_MS + 1000)).ok)
  assert.equal(reader.memory.logs.get(author.logId)?.row.next, 6)
  const view = reader.memory.logs.viewDigest([COMMONS])
  for (const segment of rest.toReversed()) {
    assert.equal(await codeOf(take(reader, segment)), 'ok')
    assert.equal(reader.memory.logs.viewDigest([COMMONS]), view)
    assert.equal(reader.memory.logs.get(author.logId)?.row.next, 6)
    await assertSound(reader)
  }
  assert.deepEqual(await take(reader, second), { ok: true, value: { fresh: 2, duplicate: 2 } })
  await assertWhole(reader, author)
})

test('what does not fit above a gap is refused and leaves everything as it was', async () => {
  const author = await createAuthor('hostile', 20)
  const { segments } = author
  const reader = createReplica({ name: 'reader' })
  const [, second, third, fourth] = segments as [Part, Part, Part, Part, Part]
  assert.equal(await codeOf(take(reader, fourth, false)), 'SEQ_GAP', 'nobody said what is before it')
  assert.equal(await codeOf(take(reader, { ...fourth, chainBefore: new Uint8Array(32) })), 'CHAIN_MISMATCH')
  assert.equal(reader.memory.partials.size, 0)
  assert.equal(await codeOf(take(reader, fourth)), 'ok')
  const held = [...reader.memory.partials.values()]
  assert.equal(await codeOf(take(reader, second)), 'SEQ_GAP', 'a segment in between is missing')
  assert.equal(await codeOf(take(reader, { ...third, chainBefore: new Uint8Array(32) })), 'CHAIN_MISMATCH')
  assert.equal(await codeOf(take(reader, third, false)), 'SEQ_GAP')
  const end = (await author.replica.run(author.logId, third.from + 1, third.to)) as Uint8Array
  const chain = decoded((await cutBefore(author, third.from + 1)) as Uint8Array).chain
  const short = { from: third.from + 1, to: third.to, bytes: end, chainBefore: chain }
  assert.equal(await codeOf(take(reader, short)), 'SEQ_GAP', 'no segment begins in the middle of one')
  const stranger = await createAuthor('hostile stranger', 20)
  assert.equal(
    await codeOf(take(reader, stranger.segments[2] as Part)),
    'ok',
    'another log is another matter',
  )
  assert.deepEqual([...reader.memory.partials.values()].slice(0, 1), held)
  await assertSound(reader)
  assert.equal(await codeOf(take(reader, third)), 'ok')
})

/** The run that ends right before `seq`, as the author gave it out when it had written no more. */
async function cutBefore({ replica }: Author, seq: number): Promise<Uint8Array | null> {
  const entries = await replica.store.entriesAfter(0, seq)
  const early = createReplica({ name: 'hostile' })
  for (const [i] of entries.entries()) await early.add(`${i} ${'x'.repeat(LARGE)}`, COMMONS, NOW_MS + i)
  const { logId } = entries[0] as { logId: LogId }
  const from = (await early.store.headUpTo(logId, seq - 2))?.seq ?? -1
  return early.run(logId, from + 1, seq - 1)
}

test('a part that was opened in the middle of a segment becomes whole by the log that grows through it', async () => {
  const author = await createAuthor('misled', 24)
  const early = createReplica({ name: 'misled' })
  const runs: Part[] = []
  let chainBefore: Uint8Array = genesisOf(author.logId)
  for (let i = 0; i < 24; i++) {
    await early.add(`${i} ${'x'.repeat(LARGE)}`, COMMONS, NOW_MS + i)
    const bytes = (await early.run(author.logId, i)) as Uint8Array
    runs.push({ from: i, to: i, bytes, chainBefore })
    chainBefore = decoded(bytes).chain
  }
  const reader = createReplica({ name: 'reader' })
  // Entry 10 stands in the middle of a segment; whoever heard every push has the head before it.
  for (const run of runs.slice(10, 19)) assert.equal(await codeOf(take(reader, run)), 'ok')
  await assertSound(reader)
  const below = author.segments.find(({ from, to }) => from < 10 && to >= 10) as Part
  assert.equal(await codeOf(take(reader, below)), 'SEQ_GAP')
  for (const part of author.segments) {
    assert.equal(await codeOf(take(reader, part, false)), 'ok')
    await assertSound(reader)
  }
  assert.deepEqual(
    (await reader.store.entriesAfter(0, 100)).map(({ seq }) => seq).sort((a, b) => a - b),
    Array.from({ length: 24 }, (_, seq) => seq),
  )
  const { arrival: _, ...expected } = author.row
  const row = reader.memory.logs.get(author.logId)?.row as LogRow
  const { arrival, ...held } = row
  assert.deepEqual(held, expected)
  assert.equal(arrival, reader.memory.arrival)
  assert.equal(reader.memory.partials.size, 0)
  assert.deepEqual(await reader.visible(), await author.replica.visible())
})

test('the other branch of a log does not grow through what is held above its gap', async () => {
  const author = await createAuthor('forking', 20)
  const other = createReplica({ name: 'forking' })
  for (let i = 0; i < 20; i++)
    await other.add(`${i} ${(i < 9 ? 'x' : 'z').repeat(LARGE)}`, COMMONS, NOW_MS + i)
  const branch = await describeAuthor(other)
  const reader = createReplica({ name: 'reader' })
  for (const part of author.segments.slice(3).toReversed())
    assert.equal(await codeOf(take(reader, part)), 'ok')
  const codes: string[] = []
  for (const part of branch.segments) codes.push(await codeOf(take(reader, part, false)))
  assert.deepEqual(codes, ['ok', 'ok', 'ok', 'CHAIN_MISMATCH', 'ok'])
  assert.equal(await codeOf(take(reader, branch.segments[3] as Part)), 'CHAIN_MISMATCH')
})

test('whatever comes in whatever order, the log becomes whole and the same', async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  for (let round = 0; round < 12; round++) await playRound(random, round)
})

async function playRound(random: SeededRandom, round: number): Promise<void> {
  const replica = createReplica({ name: `random ${round}` })
  const count = random.integer(1, 30)
  for (let i = 0; i < count; i++)
    await replica.add(`${i} ${'r'.repeat(random.integer(1, LARGE))}`, COMMONS, NOW_MS + i)
  const author = await describeAuthor(replica)
  let reader = createReplica({ name: 'reader' })
  const isWhole = () => reader.memory.logs.get(author.logId)?.row.next === author.row.next
  for (let step = 0; step < 1000 && !isWhole(); step++) {
    const part = author.segments[random.integer(0, author.segments.length - 1)] as Part
    await take(reader, part, random.integer(0, 1) === 1)
    if (random.integer(0, 9) === 0) {
      const { store } = reader
      reader = createReplica({ name: 'reader', store })
      await replay(reader.memory, store)
    }
    if (random.integer(0, 9) === 0) await assertSound(reader)
  }
  await assertWhole(reader, author)
}
