/** Memories of strangers: found and labelled, in no context pack unless they are asked for, whoever trusted cites them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Did, Digest } from '../../../../src/core/base/brand.ts'
import { digestToCid } from '../../../../src/core/base/hash.ts'
import type { StoredMemory } from '../../../../src/core/memory/library.ts'
import type { RememberInput } from '../../../../src/core/protocol/api.ts'
import { createStrangers } from '../../../../src/core/retrieval/strangers.ts'
import { LINEAGE_DEPTH_MAX, LINEAGE_ELEMENTS_MAX } from '../../../../src/core/trust/lineage.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'
import { digestFrom } from '../reasoning/fixtures-prompts.ts'

const MINUTE_MS = 60_000

async function remember({ spore }: Member, input: RememberInput): Promise<string> {
  const said = await spore.remember({ space: 'commons', ...input })
  assert.ok(said.ok, JSON.stringify(said))
  return said.value.id
}

/** `me` chose `friend`; `stranger` chose `me`, and `friend` chose `stranger`. */
async function neighbours(network: Loopback): Promise<{ me: Member; friend: Member; stranger: Member }> {
  const [me, friend, stranger] = [
    await network.open('me'),
    await network.open('friend'),
    await network.open('stranger'),
  ]
  for (const [from, to] of [
    [me, friend],
    [stranger, me],
    [friend, stranger],
  ] as const)
    await from.spore.addPeer(to.url)
  await network.clock.advance(MINUTE_MS)
  return { me, friend, stranger }
}

async function packed({ spore }: Member, q: string, more: object = {}): Promise<string[]> {
  const pack = await spore.contextPack({ q, budget: 1000, ...more })
  assert.ok(pack.ok)
  return pack.value.items.map(({ text }) => text).sort()
}

async function labels({ spore }: Member, q: string): Promise<Record<string, true | undefined>> {
  const found = await spore.search({ q })
  assert.ok(found.ok)
  return Object.fromEntries(found.value.hits.map(({ text, quarantined }) => [text, quarantined]))
}

describe('what a stranger remembers', () => {
  test('is found with a label, in no pack unless asked for, and no longer a stranger’s once he is chosen', async () => {
    await using network = createLoopback('strangers')
    const { me, friend, stranger } = await neighbours(network)
    await remember(me, { text: 'kettle of mine' })
    await remember(friend, { text: 'kettle of a friend' })
    const id = await remember(stranger, { text: 'kettle of a stranger' })
    await network.clock.advance(2 * MINUTE_MS)
    const all = ['kettle of a friend', 'kettle of a stranger', 'kettle of mine']
    assert.deepEqual(await labels(me, 'kettle'), {
      'kettle of mine': undefined,
      'kettle of a friend': undefined,
      'kettle of a stranger': true,
    })
    assert.deepEqual(await packed(me, 'kettle'), ['kettle of a friend', 'kettle of mine'])
    assert.deepEqual(await packed(me, 'kettle', { strangers: true }), all)
    const one = await me.spore.memory(id)
    assert.ok(one.ok && one.value.quarantined === true)
    // Where no model reads, sentences are quoted of everybody, with their names.
    const task = await me.spore.submitTask({ task: 'which kettle of a stranger?', space: 'commons' })
    const answer = task.ok ? await me.spore.task(task.value.task_id) : task
    assert.ok(answer.ok && answer.value.sources.some(({ author }) => author === stranger.did))
    await me.spore.addPeer(stranger.url)
    await network.clock.advance(MINUTE_MS)
    assert.deepEqual(await packed(me, 'kettle'), all)
    assert.deepEqual(Object.values(await labels(me, 'kettle')), [undefined, undefined, undefined])
  })

  test('is said by a friend too, once he remembers the same', async () => {
    await using network = createLoopback('same words')
    const { me, friend, stranger } = await neighbours(network)
    for (const one of [stranger, friend]) await remember(one, { text: 'kettle of both' })
    await network.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(await packed(me, 'kettle'), ['kettle of both'])
    assert.deepEqual(await labels(me, 'kettle'), { 'kettle of both': undefined })
  })

  test('takes the standing from what cites it, whoever that is of, and at whatever distance', async () => {
    await using network = createLoopback('lineage')
    const { me, friend, stranger } = await neighbours(network)
    const strange = await remember(stranger, { text: 'kettle of a stranger' })
    await network.clock.advance(2 * MINUTE_MS)
    const cited = await remember(friend, { text: 'kettle that a friend cites', sources: [strange] })
    await network.clock.advance(2 * MINUTE_MS)
    await remember(me, { text: 'kettle that I cite', sources: ['https://kettle.test/', cited] })
    await remember(me, { text: 'kettle of mine', sources: ['https://kettle.test/'] })
    assert.deepEqual(await packed(me, 'kettle'), ['kettle of mine'])
    assert.deepEqual(await labels(me, 'kettle'), {
      'kettle of mine': undefined,
      'kettle that I cite': true,
      'kettle that a friend cites': true,
      'kettle of a stranger': true,
    })
  })

  test('in a space that he was invited to is that of a member', async () => {
    await using network = createLoopback('members')
    const { me, stranger } = await neighbours(network)
    const made = await me.spore.createSpace({ name: 'team', type: 'members' })
    assert.ok(made.ok, JSON.stringify(made))
    const line = await me.spore.invite('team', {})
    assert.ok(line.ok)
    const joining = stranger.spore.joinSpace({ invitation: line.value.invitation })
    await network.clock.advance(MINUTE_MS)
    const joined = await joining
    assert.ok(joined.ok, JSON.stringify(joined))
    await network.clock.advance(2 * MINUTE_MS)
    await remember(stranger, { text: 'kettle of the team', space: 'team' })
    await network.clock.advance(3 * MINUTE_MS)
    assert.deepEqual(await packed(me, 'kettle'), ['kettle of the team'])
  })
})

describe('what a memory rests on', () => {
  const ME = 'did:key:zMe' as Did
  const STRANGER = 'did:key:zStranger' as Did
  const idOf = (name: string): Digest => digestFrom(name)

  /** Memories by name, each with the names that it cites; those that begin with `strange` are a stranger's. */
  function over(cites: Readonly<Record<string, readonly string[]>>) {
    const memories = new Map<Digest, StoredMemory>()
    for (const [name, sources] of Object.entries(cites))
      memories.set(idOf(name), {
        id: idOf(name),
        payload: {
          text: name,
          tags: [],
          thread: null,
          position: null,
          speaker: null,
          sources: sources.map((one) => digestToCid(idOf(one))),
        },
        dots: [{ author: name.startsWith('strange') ? STRANGER : ME }],
      } as unknown as StoredMemory)
    let reads = 0
    const library = {
      read: async (ids: readonly Digest[]) => {
        reads += ids.length
        return ids.map((id) => memories.get(id) ?? null)
      },
    }
    const { are } = createStrangers({ library, isQuarantined: (author) => author === STRANGER })
    const isStrange = async (name: string) =>
      (await are([{ memory: memories.get(idOf(name)) as StoredMemory }]))[0]
    return { isStrange, reads: () => reads }
  }

  test('may go in circles, and name what is not here', async () => {
    const { isStrange, reads } = over({ a: ['b', 'a'], b: ['c', 'gone'], c: ['a', 'b'] })
    assert.deepEqual([await isStrange('a'), reads()], [false, 3])
    const circle = over({ a: ['b'], b: ['a', 'strange'], strange: ['a'] })
    assert.deepEqual([await circle.isStrange('a'), await circle.isStrange('b')], [true, true])
  })

  test(`is followed over ${LINEAGE_DEPTH_MAX} memories; what goes on is a stranger’s`, async () => {
    const chain = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [`m${i}`, i + 1 < length ? [`m${i + 1}`] : []]))
    assert.equal(await over(chain(LINEAGE_DEPTH_MAX + 1)).isStrange('m0'), false)
    assert.equal(await over(chain(LINEAGE_DEPTH_MAX + 2)).isStrange('m0'), true)
  })

  test(`is at most ${LINEAGE_ELEMENTS_MAX} memories, more is a stranger’s`, async () => {
    const wide = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => `n${i}`)
      return over({ root: names, ...Object.fromEntries(names.map((name) => [name, []])) })
    }
    assert.equal(await wide(LINEAGE_ELEMENTS_MAX - 1).isStrange('root'), false)
    assert.equal(await wide(LINEAGE_ELEMENTS_MAX).isStrange('root'), true)
  })
})
