/** What rests on what an author wrote: found in whatever order it arrived, and purged with it to the last byte. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Did, Digest, HybridTime, LogId } from '../../../../src/core/base/brand.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { findDescendants, OWN_SHOWN_MAX } from '../../../../src/core/memory/descendants.ts'
import type { Memory } from '../../../../src/core/memory/memory.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { sealedValue } from '../../../../src/core/memory/sealed-value.ts'
import type { EntryRow, MemoryStore } from '../../../../src/core/memory/store.ts'
import { encodeHeader } from '../../../../src/core/protocol/entry.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { decodeContribution } from '../../../../src/core/protocol/task-payloads.ts'
import { createMind } from '../../../../src/sim/model.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'

const CANARY = 'the canary sings at midnight'
const SECRET = 'midnight'

async function remember({ spore }: Member, text: string, sources: readonly string[] = []): Promise<string> {
  const said = await spore.remember({ text, space: 'commons', sources: [...sources] })
  assert.ok(said.ok, JSON.stringify(said))
  return said.value.id
}

/** The payloads that a store has, as text. */
async function bytesOf(store: MemoryStore): Promise<string> {
  const rows = await store.entriesAfter(0, 10_000)
  return Buffer.concat(rows.flatMap(({ payload }) => (payload ? [payload] : []))).toString('latin1')
}

/** `me`, with a model, chose both; `bad` wrote a canary, and everybody rests on it. */
async function infected(network: Loopback, store?: MemoryStore) {
  const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
    createMind(
      {
        name: 'test/m',
        family: 'm',
        think: () => ({ answer: `at ${SECRET}`, quotes: [{ memory: 1, text: CANARY }] }),
      },
      { clock },
    ),
  ]
  const me = await network.open('me', { models, ...(store && { store }) })
  const bad = await network.open('bad')
  const friend = await network.open('friend')
  for (const one of [bad, friend]) await me.spore.addPeer(one.url)
  await friend.spore.addPeer(bad.url)
  await network.clock.advance(30_000)
  const source = await remember(bad, CANARY)
  await network.clock.advance(30_000)
  const cited = await remember(friend, `A friend writes: it is at ${SECRET}.`, [source])
  await remember(friend, 'A friend writes of something else.')
  await network.clock.advance(30_000)
  const task = await me.spore.submitTask({
    task: 'When does the canary sing?',
    space: 'commons',
    effort: 'quick',
  })
  assert.ok(task.ok)
  await network.clock.advance(60_000)
  const own = await remember(me, `My summary: ${SECRET}.`, [cited])
  await remember(me, 'My own note.')
  return { me, bad, friend, own, task: task.value.task_id }
}

describe('a purge of an author with descendants', () => {
  test('is shown before it is done: how many, and which of them are own', async () => {
    await using network = createLoopback('preview')
    const { me, bad, own } = await infected(network)
    const before = await bytesOf(me.store)
    const shown = await me.spore.purgeAuthor({ author: bad.did, descendants: true, preview: true })
    assert.ok(shown.ok)
    const { preview } = shown.value
    // His memory; that of a friend and mine that cite it; my answer to the task, its synthesis and its memory.
    assert.deepEqual([preview?.purged, preview?.entries, preview?.descendants, preview?.own], [6, 6, 5, 4])
    assert.deepEqual(preview?.ownShown.map(({ kind }) => kind).sort(), [
      'contribution',
      'memory',
      'memory',
      'synthesis',
    ])
    assert.ok(preview?.ownShown.some(({ id }) => id === own))
    assert.equal(await bytesOf(me.store), before, 'nothing is purged')
    const alone = await me.spore.purgeAuthor({ author: bad.did, preview: true })
    assert.ok(alone.ok)
    assert.deepEqual([alone.value.preview?.purged, alone.value.preview?.descendants], [1, 0])
  })

  test('leaves no byte of it, and what rests on nothing of his stays', async () => {
    await using network = createLoopback('descendants')
    const { me, bad, task } = await infected(network)
    assert.ok((await bytesOf(me.store)).includes(SECRET))
    const purged = await me.spore.purgeAuthor({ author: bad.did, descendants: true })
    assert.deepEqual(purged.ok && [purged.value.purged, purged.value.entries], [6, 6])
    assert.ok(!(await bytesOf(me.store)).includes(SECRET))
    const page = await me.spore.memories({ limit: 10 })
    assert.deepEqual(page.ok && page.value.recent.map(({ text }) => text).sort(), [
      'A friend writes of something else.',
      'My own note.',
    ])
    const view = await me.spore.task(task)
    assert.deepEqual(view.ok && [view.value.answer, view.value.contributions], [null, []])
    const again = await me.spore.purgeAuthor({ author: bad.did, descendants: true })
    assert.equal(!again.ok && again.error.code, 'AUTHOR_UNKNOWN')
    // What is written of it from now on is not known to be its descendant: it is a new text.
    assert.equal(me.spore.health().purged, 6)
  })

  test('takes answers along that were sealed and never shown', async () => {
    await using network = createLoopback('sealed')
    const models = (clock: Parameters<typeof createMind>[1]['clock']) =>
      ['quick', 'slow'].map((family) =>
        createMind(
          {
            name: `test/${family}`,
            family,
            delayMs: family === 'slow' ? 60_000 : 10,
            think: () => ({ answer: `at ${SECRET}`, quotes: [{ memory: 1, text: CANARY }] }),
          },
          { clock },
        ),
      )
    const me = await network.open('me', { models })
    const bad = await network.open('bad')
    await me.spore.addPeer(bad.url)
    await network.clock.advance(30_000)
    await remember(bad, CANARY)
    await network.clock.advance(30_000)
    const question = {
      task: 'When does the canary sing?',
      space: 'commons',
      effort: 'quick',
      deadline: 20,
    } as const
    assert.ok((await me.spore.submitTask(question)).ok)
    await network.clock.advance(1_000)
    const sealed = async (): Promise<number> => {
      const rows = await me.store.entriesAfter(0, 1_000)
      const seals = rows.flatMap(({ payload }) => (payload ? (decodeContribution(payload)?.seal ?? []) : []))
      const kept = await Promise.all(seals.map((seal) => me.store.value(sealedValue(seal))))
      return kept.filter((value) => value !== null).length
    }
    assert.equal(await sealed(), 1)
    assert.ok((await me.spore.purgeAuthor({ author: bad.did })).ok)
    assert.equal(await sealed(), 0)
    await network.clock.advance(60_000)
    assert.ok(!(await bytesOf(me.store)).includes(SECRET), 'nor is it shown later')
  })

  test('that was cut off goes on after the next start, with the same ones', async () => {
    await using network = createLoopback('cut off')
    const { me, bad } = await infected(network)
    const { store } = me
    let commits = 0
    const failing = {
      ...store,
      get origin() {
        return store.origin
      },
      commit: async (batch: Parameters<typeof store.commit>[0]) => {
        if (batch.payloads.length === 0) return store.commit(batch)
        if (commits++ > 0) throw new Error('the power failed')
        // Of the first page one payload is dropped.
        return store.commit({ ...batch, payloads: batch.payloads.slice(0, 1) })
      },
    }
    await me.close()
    const cut = await network.open('me', { store: failing as typeof store })
    await cut.spore.purgeAuthor({ author: bad.did, descendants: true })
    await cut.close()
    assert.ok((await bytesOf(store)).includes(SECRET), 'some of it is still there')
    const again = await network.open('me', { store })
    assert.ok(!(await bytesOf(again.store)).includes(SECRET))
    assert.deepEqual([await store.value('purge/pending'), await store.value('purge/descent')], [null, null])
    assert.equal(again.spore.health().purged, 6)
    // A value that is none stops no start.
    await again.close()
    await store.commit({ ...EMPTY_BATCH, values: [{ name: 'purge/descent', value: encodeCanonical(7) }] })
    const third = await network.open('me', { store })
    assert.equal(await store.value('purge/descent'), null)
    assert.equal(third.spore.health().purged, 6)
  })
})

const EMPTY_BATCH = {
  logs: [],
  partials: [],
  entries: [],
  heads: [],
  dropHeads: [],
  forks: [],
  keys: [],
  values: [],
  payloads: [],
  denied: [],
  epoch: null,
} as unknown as Parameters<MemoryStore['commit']>[0]

describe('what rests on an author’s words', () => {
  const BAD = 'did:key:zBad' as Did
  const ME = 'did:key:zMe' as Did
  const LOG = Buffer.alloc(16).toString('base64url') as LogId
  const digestOf = (name: string): Digest => Buffer.from(name.padEnd(32, '.')).toString('base64url') as Digest

  /** Entries in the order of their arrival: `name:author>references`, as headers in a store. */
  async function found(lines: readonly string[], bounds: object = {}) {
    const rows = lines.map((line, i): EntryRow => {
      const [name, by, rest = ''] = line.split(/[:>]/) as [string, string, string?]
      const references = rest.split(' ').filter(Boolean).map(digestOf)
      const said = { kind: KINDS.memory, clock: i as HybridTime, payloadLength: 1, payload: digestOf(name) }
      const header = encodeHeader({ ...said, logId: LOG, seq: i, references })
      return {
        logId: by as LogId,
        seq: i,
        arrival: i + 1,
        header,
        payload: new Uint8Array(1),
      } as unknown as EntryRow
    })
    const store = createMemoryStore({} as never)
    await store.commit({ ...EMPTY_BATCH, entries: rows })
    const memory = {
      self: ME,
      isDenied: () => false,
      logs: new Map([
        ['bad', { author: BAD }],
        ['me', { author: ME }],
      ]),
    } as unknown as Memory
    let pages = 0
    const clock = { sleep: async () => void pages++ }
    const descent = await findDescendants(BAD, { memory, store, clock: clock as never }, bounds)
    if (!descent.ok) return descent.error.code
    const names = lines.map((line) => line.slice(0, line.indexOf(':')))
    return {
      names: names.filter((name) => descent.value.elements.has(digestOf(name))).sort(),
      pages,
      ...descent.value.preview,
    }
  }

  test('goes in circles, over many hands, and takes nobody else’s along', async () => {
    const all = await found(['a:bad', 'b:me>a c', 'c:me>b', 'd:me>x', 'x:me', 'e:me>c d', 'f:me>f'])
    assert.ok(typeof all === 'object')
    assert.deepEqual([all.names, all.descendants, all.own], [['a', 'b', 'c', 'e'], 3, 3])
  })

  test('is found in whatever order it arrived', async () => {
    const length = 60
    const chain = Array.from({ length }, (_, i) => `n${i}:me>${i === 0 ? 'a' : `n${i - 1}`}`)
    const zigzag = chain.map((_, i) => chain[i % 2 === 0 ? i / 2 : length - (i + 1) / 2] as string)
    for (const order of [chain, chain.toReversed(), zigzag]) {
      const all = await found([...order, 'a:bad'])
      assert.ok(typeof all === 'object')
      assert.deepEqual([all.names.length, all.ownShown.length], [length + 1, OWN_SHOWN_MAX])
    }
  })

  test('is bounded in number and in passes', async () => {
    const lines = ['a:bad', 'b:me>a', 'c:me>b', 'd:me>c']
    assert.ok(typeof (await found(lines, { elementsMax: 4 })) === 'object')
    assert.equal(await found(lines, { elementsMax: 3 }), 'PURGE_TOO_LARGE')
    const worst = ['d:me>c', 'b:me>a', 'c:me>b', 'a:bad']
    assert.ok(typeof (await found(worst, { passesMax: 3 })) === 'object')
    assert.equal(await found(worst, { passesMax: 1 }), 'PURGE_TOO_LARGE')
  })
})
