/** Checkpoints: what they remove, what is forgotten for them, and that nobody's else is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { CHECKPOINT_DEAD_MIN } from '../../../../src/core/protocol/limits.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { encodeCheckpoint, type SeqRange } from '../../../../src/core/protocol/payloads.ts'
import type { Member } from '../../../support/loopback.ts'
import { join, memoriesOf, testLoopback } from '../gossip/support.ts'
import { COMMONS, createReplica, type Replica, replay } from './replica.ts'

const logOf = (replica: Replica): LogId => logIdOf(replica.memory.ownLog(COMMONS))
const texts = async (replica: Replica) => (await replica.visible()).length

async function checkpoint(
  replica: Replica,
  ranges: readonly SeqRange[],
  epoch = replica.memory.ownLog(COMMONS).epoch,
) {
  await replica.write((draft) => {
    const payload = encodeCheckpoint({ dead: [{ epoch, ranges }] })
    draft.append({ space: COMMONS, kind: KINDS.checkpoint, payload, references: [] })
  })
}

describe('a checkpoint', () => {
  test('removes the dots in its ranges, whenever they come, and no others', async () => {
    const ada = createReplica({ name: 'ada' })
    for (const text of ['a', 'b', 'c', 'd', 'e']) await ada.add(text)
    await checkpoint(ada, [
      [0, 1],
      [3, 3],
    ])
    assert.equal(await texts(ada), 2)
    assert.equal(ada.memory.memories, 2)
    const again = createReplica({ name: 'ada', store: ada.store })
    await replay(again.memory, again.store)
    assert.equal(await texts(again), 2)
  })

  test('of one epoch removes entries of an earlier one that come later', async () => {
    const [first, second] = [createReplica({ name: 'ada' }), createReplica({ name: 'ada', epoch: 1 })]
    for (const text of ['a', 'b']) await first.add(text)
    await checkpoint(second, [[0, 0]], first.memory.ownLog(COMMONS).epoch)
    const reader = createReplica({ name: 'reader' })
    for (const one of [second, first])
      assert.ok(
        (await reader.receive((await one.run(logOf(one), 0, 1)) ?? (await one.run(logOf(one), 0))!)).ok,
      )
    assert.equal(reader.memory.memories, 1)
  })

  test('that names its own future is carried and removes nothing', async () => {
    for (const range of [
      [0, 1],
      [1, 1],
      [0, 2 ** 32 - 1],
      [5, 6],
    ] as const) {
      const ada = createReplica({ name: 'ada' })
      await ada.add('a')
      await checkpoint(ada, [range])
      for (let i = 0; i < 6; i++) await ada.add(`later ${i}`)
      assert.equal(ada.memory.memories, 7, `${range}`)
    }
  })

  test('of another author removes nothing, whatever it names', async () => {
    const [ada, eve] = [createReplica({ name: 'ada' }), createReplica({ name: 'eve' })]
    await ada.add('a')
    await eve.add('e')
    await checkpoint(eve, [[0, 0]], ada.memory.ownLog(COMMONS).epoch)
    const reader = createReplica({ name: 'reader' })
    assert.ok((await reader.receive((await ada.run(logOf(ada), 0))!)).ok)
    assert.ok((await reader.receive((await eve.run(logOf(eve), 0, 1))!)).ok)
    assert.ok(reader.memory.dotsOf((await ada.visible())[0]!.id).length === 1)
  })

  test('leaves retractions in its ranges as they are', async () => {
    const ada = createReplica({ name: 'ada' })
    await ada.add('a')
    await ada.add('b')
    const { epoch } = ada.memory.ownLog(COMMONS)
    await ada.retract([{ epoch, seqs: [0] }])
    await checkpoint(ada, [[2, 2]])
    assert.equal(ada.memory.memories, 1)
  })
})

async function addAndRetract(member: Member, count: number): Promise<void> {
  const ids: string[] = []
  for (let from = 0; from < count; from += 500) {
    const inputs = Array.from({ length: Math.min(500, count - from) }, (_, i) => ({
      text: `a memory that is not to stay, number ${from + i}, ${'with quite some text behind it '.repeat(8)}`,
      space: 'commons',
    }))
    for (const one of await member.spore.rememberMany(inputs)) if (one.ok) ids.push(one.value.id)
  }
  assert.equal(ids.length, count)
  await Promise.all(ids.map(async (id) => assert.ok((await member.spore.retract(id)).ok)))
}

const payloadBytes = async (member: Member): Promise<number> =>
  (await member.store.entriesAfter(0, 100_000)).reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0)
const kindsOf = async (member: Member, kind: number): Promise<number> => {
  const { decodeHeader } = await import('../../../../src/core/protocol/entry.ts')
  const rows = await member.store.entriesAfter(0, 100_000)
  return rows.filter(({ header }) => {
    const decoded = decodeHeader(header)
    return decoded.ok && decoded.value.kind === kind
  }).length
}

describe('compaction', () => {
  test(`writes a checkpoint behind ${CHECKPOINT_DEAD_MIN} removed entries, and none before`, async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    await addAndRetract(a, CHECKPOINT_DEAD_MIN)
    await net.clock.settle()
    assert.equal(await kindsOf(a, KINDS.checkpoint), 0)
    await addAndRetract(a, 1)
    await net.clock.settle()
    assert.equal(await kindsOf(a, KINDS.checkpoint), 1)
    await addAndRetract(a, CHECKPOINT_DEAD_MIN)
    await net.clock.settle()
    assert.equal(await kindsOf(a, KINDS.checkpoint), 1)
  })

  test('forgets what is dead here and at peers, and a joiner gets headers only', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await join(a, b.url)
    await a.spore.remember({ text: 'this one stays', space: 'commons' })
    net.lose = () => true
    await addAndRetract(a, CHECKPOINT_DEAD_MIN + 1)
    await net.clock.settle()
    net.lose = null
    assert.ok((await payloadBytes(a)) < 200_000, 'no text is left')
    await net.clock.advance(60_000)
    assert.equal(memoriesOf(b), 1)
    assert.equal(await payloadBytes(b), await payloadBytes(a))
    const joiner = await net.open('joiner')
    net.take()
    await join(joiner, b.url)
    await net.clock.settle()
    assert.equal(memoriesOf(joiner), 1)
    const bytes = net
      .take()
      .filter(({ request }) => request.path.endsWith('/pull'))
      .reduce((sum, { reply }) => sum + (reply?.body.length ?? 0), 0)
    context.diagnostic(`${bytes / (CHECKPOINT_DEAD_MIN + 1)} bytes a removed entry and its retraction`)
    assert.equal(joiner.spore.federation.heads(null, null).stamp, a.spore.federation.heads(null, null).stamp)
  })

  test('goes on after a restart where it was', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    await addAndRetract(a, CHECKPOINT_DEAD_MIN)
    const { store } = a
    await a.close()
    const again = await net.open('a', { store })
    await addAndRetract(again, 1)
    await net.clock.settle()
    assert.equal(await kindsOf(again, KINDS.checkpoint), 1)
    const before = await payloadBytes(again)
    await again.close()
    const third = await net.open('a', { store })
    await net.clock.settle()
    assert.equal(await payloadBytes(third), before)
    assert.equal(await kindsOf(third, KINDS.checkpoint), 1)
  })
})
