/** Meaning follows what is visible, finds within every scope, costs no more than it may, and when it fails words answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createThreadedVectorIndex } from '../../../../src/adapters/vectors/threaded-vector-index.ts'
import type { Digest } from '../../../../src/core/base/brand.ts'
import { cidToDigest } from '../../../../src/core/base/hash.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { err, ok } from '../../../../src/core/base/result.ts'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import type { SearchInput } from '../../../../src/core/protocol/api.ts'
import { type ErrorCode, type Failure, failure } from '../../../../src/core/protocol/errors.ts'
import {
  type DenseOptions,
  type DensePorts,
  QUESTIONS_UNDER_WAY_MAX,
} from '../../../../src/core/retrieval/dense.ts'
import type { Embedder } from '../../../../src/core/retrieval/embedder.ts'
import { createMemoryVectorIndex } from '../../../../src/core/retrieval/memory-vector-index.ts'
import type { VectorIndex } from '../../../../src/core/retrieval/vector-index.ts'
import { embed } from '../../../support/embedding-server.ts'
import { createLoopback, type Member } from '../../../support/loopback.ts'
import { testSeed } from '../../../support/seeded.ts'
import { unit } from '../../../support/vectors.ts'

const OPTIONS: DenseOptions = {
  entries: 'all',
  foreignCharsPerDay: 1e6,
  queryTimeoutMs: 1000,
}
const DAY_MS = 24 * 60 * 60_000

/** A model in this process, that a test can make fail, hold back or refuse. */
function createModel({ name = 'test', dimension = 64, batch = 8 } = {}) {
  const texts: string[] = []
  const model = {
    /** Documents that were sent, in order. */
    texts,
    questions: 0,
    fails: null as Failure | null,
    refuses: (_text: string): boolean => false,
    /** Waited for before documents are answered. */
    before: async (_texts: readonly string[]): Promise<void> => {},
    hangs: false,
  }
  const embedder: Embedder = {
    model: name,
    dimension: null,
    batch: { texts: batch, chars: 10_000 },
    textChars: 8000,
    async embed(asked, { purpose, timeoutMs, signal }) {
      if (purpose === 'query') model.questions++
      else {
        texts.push(...asked)
        await model.before(asked)
      }
      if (model.hangs && timeoutMs !== undefined) await new Promise(() => {})
      if (signal?.aborted) return err(failure('EMBEDDINGS_FAILED', 'given up'))
      if (model.fails) return err(model.fails)
      if (purpose === 'document' && asked.some(model.refuses)) return err(failure('EMBEDDINGS_REFUSED', 'no'))
      return ok(asked.map((text) => unit(embed(text, dimension))))
    },
    problem: null,
  }
  return Object.assign(model, { embedder })
}

type Model = ReturnType<typeof createModel>

/** Outlives the spores over it. */
function kept(index: VectorIndex = createMemoryVectorIndex()): VectorIndex {
  return Object.defineProperties(Object.create(index), {
    [Symbol.asyncDispose]: { value: async () => {} },
  }) as VectorIndex
}

const denseOf = (model: Model | null, changes: Partial<DenseOptions> = {}, vectors = kept()): DensePorts => ({
  embedder: model?.embedder ?? null,
  vectors,
  options: { ...OPTIONS, ...changes },
})

const seed = testSeed()
console.log(`SPORE_SEED=${seed}`)

async function remember({ spore }: Member, text: string, space?: string): Promise<string> {
  const remembered = await spore.remember({ text, ...(space !== undefined && { space }) })
  assert.ok(remembered.ok)
  return remembered.value.id
}

async function search({ spore }: Member, input: SearchInput) {
  const reply = await spore.search(input)
  assert.ok(reply.ok, reply.ok ? '' : reply.error.code)
  return { ...reply.value, texts: reply.value.hits.map(({ text }) => text) }
}

const vectorsOf = async (vectors: VectorIndex): Promise<readonly Digest[]> => {
  const page = await vectors.page(0)
  assert.ok(page.ok)
  return page.value.ids
}

describe('what is remembered', () => {
  test('is found by its words at once, and by its meaning when it is embedded', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const gate = Promise.withResolvers<void>()
    model.before = () => gate.promise
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, 'my automobile needs new tyres')
    const early = await search(ada, { q: 'tyres' })
    assert.deepEqual(
      [early.texts.length, early.mode, early.degraded?.code],
      [1, 'lexical', 'EMBEDDINGS_BEHIND'],
    )
    assert.equal((await search(ada, { q: 'car' })).texts.length, 0)
    gate.resolve()
    await net.clock.settle()
    const found = await search(ada, { q: 'car', explain: true })
    assert.deepEqual([found.texts, found.mode], [['my automobile needs new tyres'], 'hybrid'])
    assert.equal(found.degraded, undefined)
    assert.ok((found.hits[0]?.parts?.dense ?? 0) > 0)
    assert.equal((await search(ada, { q: 'car', mode: 'lexical' })).texts.length, 0)
    assert.equal((await search(ada, { q: 'car', without: ['dense'] })).texts.length, 0)
    const dense = await search(ada, { q: 'car', mode: 'dense', explain: true })
    assert.equal(dense.mode, 'dense')
    assert.equal(dense.hits[0]?.parts?.terms, undefined)
  })

  test('is nothing yet: then no question is sent anywhere', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const ada = await net.open('ada', { dense: denseOf(model) })
    await net.clock.settle()
    const reply = await search(ada, { q: 'car' })
    assert.deepEqual([reply.hits, reply.degraded, model.questions], [[], undefined, 0])
  })

  test('is asked about once for all pages of one question, and so many questions at a time', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, 'my automobile')
    await net.clock.settle()
    for (const limit of [10, 20, 30]) await search(ada, { q: 'car', limit })
    assert.equal(model.questions, 1)
    model.hangs = true
    const many = Array.from({ length: QUESTIONS_UNDER_WAY_MAX + 1 }, (_, i) => search(ada, { q: `car ${i}` }))
    const last = await many.at(-1)
    assert.deepEqual([last?.mode, last?.degraded?.code], ['lexical', 'EMBEDDINGS_TIMEOUT'])
    assert.equal(model.questions, 1 + QUESTIONS_UNDER_WAY_MAX)
    await net.clock.advance(OPTIONS.queryTimeoutMs)
    for (const reply of await Promise.all(many)) assert.equal(reply.mode, 'lexical')
  })

  test('has no vector any more when it is retracted, and again when it is remembered again', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    const ada = await net.open('ada', { dense: denseOf(createModel(), {}, vectors) })
    const id = await remember(ada, 'a feline sleeps')
    await net.clock.settle()
    assert.deepEqual(await vectorsOf(vectors), [cidToDigest(id)])
    assert.ok((await ada.spore.retract(id)).ok)
    await net.clock.settle()
    assert.deepEqual(await vectorsOf(vectors), [])
    assert.equal((await search(ada, { q: 'cat' })).texts.length, 0)
    await remember(ada, 'a feline sleeps')
    await net.clock.settle()
    assert.equal((await search(ada, { q: 'cat' })).texts.length, 1)
  })

  test('gets no vector where it was purged while the model was at it', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    const model = createModel()
    const ada = await net.open('ada', { dense: denseOf(model, {}, vectors) })
    const gate = Promise.withResolvers<void>()
    model.before = () => gate.promise
    const id = await remember(ada, 'a secret')
    await remember(ada, 'no secret')
    await net.clock.settle()
    assert.ok((await ada.spore.purge(id)).ok)
    gate.resolve()
    await net.clock.settle()
    assert.equal(model.texts.includes('a secret'), true)
    assert.equal((await vectorsOf(vectors)).length, 1)
  })

  test('has a vector where it is visible, and none where it is not, after any history', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    const model = createModel({ batch: 3 })
    let ada = await net.open('ada', { dense: denseOf(model, {}, vectors) })
    const visible = new Set<string>()
    const purged = new Set<string>()
    for (let step = 0; step < 120; step++) {
      const text = `note ${net.random.integer(0, 15)}`
      const [id] = [...visible].sort().slice(net.random.integer(0, 5))
      const action = net.random.integer(0, 9)
      if (action < 5) {
        const remembered = await ada.spore.remember({ text })
        if (remembered.ok) visible.add(remembered.value.id)
        else assert.equal(remembered.error.code, 'PURGED')
      } else if (action < 7 && id) {
        assert.ok((await ada.spore.retract(id)).ok)
        visible.delete(id)
      } else if (action === 7 && id && purged.size < 4) {
        assert.ok((await ada.spore.purge(id)).ok)
        visible.delete(id)
        purged.add(id)
      } else if (action === 8) {
        const store = await copied(ada)
        ada = await net.open(`ada${step}`, { key: 'ada', store, dense: denseOf(model, {}, vectors) })
      } else {
        model.fails = model.fails ? null : failure('EMBEDDINGS_FAILED', 'status 500')
        await net.clock.settle()
      }
    }
    model.fails = null
    await net.clock.advance(61_000)
    assert.deepEqual([...(await vectorsOf(vectors))].sort(), [...visible].map((id) => cidToDigest(id)).sort())
    assert.equal(ada.spore.health().embeddings?.waiting, 0)
  })

  test('is embedded once, whatever restarts in between, and what went meanwhile goes', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    const model = createModel()
    let ada = await net.open('ada', { dense: denseOf(model, {}, vectors) })
    for (let i = 0; i < 20; i++) await remember(ada, `note ${i} about the weather`)
    await net.clock.settle()
    const store = await copied(ada)
    ada = await net.open('ada2', { key: 'ada', store, dense: denseOf(model, {}, vectors) })
    await net.clock.settle()
    assert.equal(model.texts.length, 20)
    assert.equal(ada.spore.health().embeddings?.waiting, 0)
    const page = await ada.spore.memories({ limit: 1 })
    assert.ok(page.ok)
    const later = await copied(ada)
    // Without its vectors at hand: a process that ended between the two.
    ada = await net.open('ada3', { key: 'ada', store: later })
    assert.ok((await ada.spore.retract(page.value.recent[0]!.id)).ok)
    const last = await copied(ada)
    ada = await net.open('ada4', { key: 'ada', store: last, dense: denseOf(model, {}, vectors) })
    await net.clock.settle()
    assert.equal((await vectorsOf(vectors)).length, 19)
    assert.equal(model.texts.length, 20)
  })
})

/** The store of a member that is closed, as the next life opens it. */
async function copied(member: Member): Promise<MemoryStore> {
  const { store } = member
  const left = Object.create(store, {
    [Symbol.asyncDispose]: { value: async () => {} },
  }) as MemoryStore
  await member.close()
  return left
}

test('a command that only looks at a folder searches by meaning, embeds nothing, and erases what it purges', async () => {
  await using net = createLoopback(seed)
  const vectors = kept()
  const model = createModel()
  let ada = await net.open('ada', { dense: denseOf(model, {}, vectors) })
  const id = await remember(ada, 'the kitten sleeps')
  await net.clock.settle()
  const store = await copied(ada)
  ada = await net.open('ada2', { key: 'ada', store, dense: denseOf(model, { isPassive: true }, vectors) })
  await remember(ada, 'a vehicle')
  await net.clock.settle()
  assert.equal((await search(ada, { q: 'cat' })).texts.length, 1)
  assert.equal((await search(ada, { q: 'cat' })).degraded?.code, 'EMBEDDINGS_BEHIND')
  assert.deepEqual(model.texts, ['the kitten sleeps'])
  assert.ok((await ada.spore.purge(id)).ok)
  assert.equal((await vectorsOf(vectors)).length, 0)
  await ada.spore.embedded()
})

describe('a failing model', () => {
  const broken: Readonly<Record<string, ErrorCode>> = {
    fails: 'EMBEDDINGS_FAILED',
    hangs: 'EMBEDDINGS_TIMEOUT',
  }
  for (const [what, code] of Object.entries(broken))
    test(`that ${what} leaves a search to the words, in every mode, and the reply says so`, async () => {
      await using net = createLoopback(seed)
      const model = createModel()
      const ada = await net.open('ada', { dense: denseOf(model) })
      await remember(ada, 'the vehicle is red')
      await net.clock.settle()
      if (what === 'hangs') model.hangs = true
      else model.fails = failure('EMBEDDINGS_FAILED', 'status 500')
      for (const mode of [undefined, 'hybrid', 'dense'] as const) {
        const searching = search(ada, { q: 'vehicle', ...(mode && { mode }) })
        await net.clock.advance(OPTIONS.queryTimeoutMs)
        const reply = await searching
        assert.deepEqual([reply.texts.length, reply.mode, reply.degraded?.code], [1, 'lexical', code])
      }
      const packing = ada.spore.contextPack({ q: 'vehicle', budget: 500 })
      await net.clock.advance(OPTIONS.queryTimeoutMs)
      const pack = await packing
      assert.ok(pack.ok && pack.value.items.length === 1 && pack.value.degraded?.code === code)
    })

  test('keeps nothing waiting for ever: what waits is embedded when it answers again', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    model.fails = failure('EMBEDDINGS_FAILED', 'status 503')
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, 'drizzle all day')
    await net.clock.settle()
    const { embeddings } = ada.spore.health()
    assert.deepEqual([embeddings?.vectors, embeddings?.problem?.code], [0, 'EMBEDDINGS_FAILED'])
    model.fails = null
    await net.clock.advance(31_000)
    assert.equal((await search(ada, { q: 'rain' })).texts.length, 1)
    assert.equal(ada.spore.health().embeddings?.problem, null)
  })

  test('that refuses one text embeds all others, and is not asked again', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    model.refuses = (text) => text.includes('unspeakable')
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, 'hello')
    await net.clock.settle()
    const items = Array.from({ length: 16 }, (_, i) => ({ text: i === 5 ? 'unspeakable' : `speakable ${i}` }))
    await ada.spore.rememberMany(items)
    await net.clock.settle()
    const { embeddings } = ada.spore.health()
    assert.deepEqual([embeddings?.vectors, embeddings?.refused, embeddings?.waiting], [16, 1, 0])
    const asked = model.texts.length
    await net.clock.advance(3_600_000)
    assert.equal(model.texts.length, asked)
  })

  test('that refuses a text for its length gets the first half of it, or of that', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    model.refuses = (text) => text.length > 2500
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, `kitten ${'and so on '.repeat(2000)}`)
    await net.clock.settle()
    assert.equal((await search(ada, { q: 'cat' })).texts.length, 1)
    assert.deepEqual(
      model.texts.map(({ length }) => length > 2500),
      [true, true, false],
    )
    assert.equal(ada.spore.health().embeddings?.refused, 0)
  })

  test('that refuses everything from the start has wrong settings: nothing is given up', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    model.refuses = () => true
    const ada = await net.open('ada', { dense: denseOf(model) })
    await remember(ada, 'one')
    await remember(ada, 'two')
    await net.clock.settle()
    const { embeddings } = ada.spore.health()
    assert.deepEqual([embeddings?.refused, embeddings?.problem?.code], [0, 'EMBEDDINGS_REFUSED'])
    model.refuses = () => false
    await net.clock.advance(31_000)
    assert.equal(ada.spore.health().embeddings?.vectors, 2)
  })
})

describe('a model that is another one now', () => {
  test('is not mixed with the old vectors: words answer and say why, until everything is embedded anew', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    let ada = await net.open('ada', { dense: denseOf(createModel({ name: 'old' }), {}, vectors) })
    await remember(ada, 'the physician came')
    await net.clock.settle()
    const store = await copied(ada)
    const model = createModel({ name: 'new', dimension: 32 })
    ada = await net.open('ada2', { key: 'ada', store, dense: denseOf(model, {}, vectors) })
    await net.clock.settle()
    const reply = await search(ada, { q: 'physician' })
    assert.deepEqual(
      [reply.texts.length, reply.mode, reply.degraded?.code],
      [1, 'lexical', 'EMBEDDINGS_CHANGED'],
    )
    assert.equal(ada.spore.health().embeddings?.problem?.code, 'EMBEDDINGS_CHANGED')
    assert.equal(model.texts.length, 0)
    assert.ok((await ada.spore.reindex()).ok)
    await net.clock.settle()
    assert.deepEqual((await search(ada, { q: 'doctor' })).texts, ['the physician came'])
    assert.equal(ada.spore.health().embeddings?.dimension, 32)
  })

  test('is noticed by the length of its vectors too', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    let ada = await net.open('ada', { dense: denseOf(createModel(), {}, vectors) })
    await remember(ada, 'one')
    await net.clock.settle()
    const store = await copied(ada)
    ada = await net.open('ada2', {
      key: 'ada',
      store,
      dense: denseOf(createModel({ dimension: 8 }), {}, vectors),
    })
    await remember(ada, 'two')
    await net.clock.settle()
    assert.equal(ada.spore.health().embeddings?.problem?.code, 'EMBEDDINGS_CHANGED')
    assert.ok((await ada.spore.reindex()).ok)
    await net.clock.settle()
    assert.equal(ada.spore.health().embeddings?.vectors, 2)
  })

  test('is none: meaning cannot be asked for, and what is purged loses the vector that it had', async () => {
    await using net = createLoopback(seed)
    const vectors = kept()
    let ada = await net.open('ada', { dense: denseOf(createModel(), {}, vectors) })
    const id = await remember(ada, 'one')
    await remember(ada, 'two')
    await net.clock.settle()
    const store = await copied(ada)
    ada = await net.open('ada2', { key: 'ada', store, dense: denseOf(null, {}, vectors) })
    const reply = await ada.spore.search({ q: 'one', mode: 'dense' })
    assert.ok(!reply.ok && reply.error.code === 'EMBEDDINGS_OFF')
    const plain = await search(ada, { q: 'one' })
    assert.deepEqual([plain.mode, plain.degraded], ['lexical', undefined])
    assert.equal((await search(ada, { q: 'one', mode: 'hybrid' })).degraded?.code, 'EMBEDDINGS_OFF')
    const refused = await ada.spore.reindex()
    assert.ok(!refused.ok && refused.error.code === 'EMBEDDINGS_OFF')
    assert.ok((await ada.spore.purge(id)).ok)
    assert.equal((await vectorsOf(vectors)).length, 1)
  })

  for (const model of [null, createModel({ name: 'new' })])
    test(`is ${model ? 'new' : 'none'}: what was purged while its vector was out of reach loses it at the start`, async () => {
      await using net = createLoopback(seed)
      const vectors = kept()
      let ada = await net.open('ada', { dense: denseOf(createModel(), {}, vectors) })
      const id = await remember(ada, 'one')
      await remember(ada, 'two')
      await net.clock.settle()
      ada = await net.open('ada2', { key: 'ada', store: await copied(ada) })
      assert.ok((await ada.spore.purge(id)).ok)
      assert.equal((await vectorsOf(vectors)).length, 2)
      const store = await copied(ada)
      ada = await net.open('ada3', { key: 'ada', store, dense: denseOf(model, {}, vectors) })
      await net.clock.settle()
      assert.equal((await vectorsOf(vectors)).length, 1)
      assert.equal(ada.spore.health().embeddings?.vectors, 1)
    })
})

describe('texts of others', () => {
  /** Ada, and Bob who has written to the commons before she could embed anything. */
  async function together(
    net: ReturnType<typeof createLoopback>,
    texts: readonly string[],
    dense: DensePorts,
  ) {
    const bob = await net.open('bob')
    for (const text of texts) await remember(bob, text)
    const ada = await net.open('ada', { dense, seeds: [bob.url] })
    await net.clock.advance(30_000)
    assert.equal(ada.spore.health().memories, texts.length)
    return { ada, bob }
  }

  test('are sent where the operator says so, and own ones first', async () => {
    for (const [entries, expected] of [
      ['own', 1],
      ['open', 4],
      ['all', 4],
    ] as const) {
      await using net = createLoopback(`${seed}/${entries}`)
      const model = createModel()
      const gate = Promise.withResolvers<void>()
      model.before = () => gate.promise
      const ready = denseOf(model, { entries })
      const { ada } = await together(net, ['bob 1', 'bob 2', 'bob 3'], ready)
      await remember(ada, 'ada')
      gate.resolve()
      await net.clock.advance(1000)
      assert.equal(ada.spore.health().embeddings?.vectors, expected, entries)
      assert.equal(ada.spore.health().embeddings?.waiting, 0)
    }
  })

  test('cost no more characters a day than they may, own ones go on, and the rest comes the next day', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`.padEnd(100, ' bob'))
    const { ada } = await together(net, texts, denseOf(model, { foreignCharsPerDay: 350 }))
    const spent = () => model.texts.filter((text) => text.includes('bob')).length
    assert.equal(spent(), 3)
    const { embeddings } = ada.spore.health()
    assert.deepEqual([embeddings?.isBudgetSpent, embeddings?.foreignCharsToday], [true, 300])
    await remember(ada, 'my own vehicle')
    await net.clock.settle()
    assert.equal((await search(ada, { q: 'car' })).texts[0], 'my own vehicle')
    assert.equal(spent(), 3)
    for (const expected of [6, 9, 10]) {
      net.clock.jump(DAY_MS)
      await net.clock.advance(11 * 60_000)
      assert.equal(spent(), expected)
    }
  })

  test('cost no more where they are looked at again, for others have said the same and took it back', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`.padEnd(100, ' bob'))
    const bob = await net.open('bob')
    const eve = await net.open('eve', { seeds: [bob.url] })
    const echoed: string[] = []
    for (const text of texts) {
      await remember(bob, text)
      echoed.push(await remember(eve, text))
    }
    const ada = await net.open('ada', {
      dense: denseOf(model, { foreignCharsPerDay: 350 }),
      seeds: [bob.url, eve.url],
    })
    await net.clock.advance(30_000)
    assert.equal(model.texts.length, 3)
    for (const id of echoed) assert.ok((await eve.spore.retract(id)).ok)
    await net.clock.advance(30_000)
    assert.equal(ada.spore.health().memories, 10)
    assert.equal(model.texts.length, 3)
    net.clock.jump(DAY_MS)
    await net.clock.advance(11 * 60_000)
    assert.equal(model.texts.length, 6)
  })

  test('are counted on after a restart', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const vectors = kept()
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`.padEnd(100, ' bob'))
    const dense = denseOf(model, { foreignCharsPerDay: 350 }, vectors)
    const { ada } = await together(net, texts, dense)
    const store = await copied(ada)
    const again = await net.open('ada2', { key: 'ada', store, dense })
    await net.clock.advance(60_000)
    assert.equal(model.texts.length, 3)
    assert.equal(again.spore.health().embeddings?.foreignCharsToday, 300)
  })

  test('of an author who is muted are not sent, and lose their vectors', async () => {
    await using net = createLoopback(seed)
    const model = createModel()
    const vectors = kept()
    const { ada, bob } = await together(net, ['bob 1', 'bob 2'], denseOf(model, {}, vectors))
    assert.equal((await vectorsOf(vectors)).length, 2)
    const targets = [{ kind: 'author' as const, value: bob.did }]
    const ruled = await ada.spore.moderation.rule({ action: 'mute', targets, force: true }, 'test')
    assert.ok(ruled.ok, JSON.stringify(ruled))
    await net.clock.advance(1000)
    assert.equal((await vectorsOf(vectors)).length, 0)
    await remember(bob, 'bob 3')
    await net.clock.advance(30_000)
    assert.equal(model.texts.includes('bob 3'), false)
  })
})

describe('a scope', () => {
  const kinds: Readonly<Record<string, () => VectorIndex>> = {
    'comparing all': createMemoryVectorIndex,
    'by the graph': () => createThreadedVectorIndex({ folder: null, log: silentLog, exactMax: 100 }),
  }
  for (const [kind, make] of Object.entries(kinds))
    test(`holds half, a twentieth or a thousandth of all, and the closest inside are found as if there were no others, ${kind}`, async () => {
      await using net = createLoopback(seed)
      await using vectors = make()
      const model = createModel({ batch: 500 })
      const ada = await net.open('ada', { dense: denseOf(model, {}, kept(vectors)) })
      const words = [
        'river',
        'mountain',
        'kitten',
        'engine',
        'violin',
        'bread',
        'storm',
        'window',
        'garden',
        'letter',
      ]
      const items = Array.from({ length: 4000 }, (_, i) => ({
        text: `${words[i % 10]} ${words[(i >> 2) % 10]} number ${i} ${i.toString(5).replace(/\d/g, (d) => 'abcde'[Number(d)]!)}`,
        tags: [`half ${i % 2}`, `twentieth ${i % 20}`, `thousandth ${i % 1000}`],
      }))
      for (let at = 0; at < items.length; at += 1000)
        for (const one of await ada.spore.rememberMany(items.slice(at, at + 1000))) assert.ok(one.ok)
      await ada.spore.embedded()
      assert.equal(ada.spore.health().embeddings?.vectors, items.length)
      const query = unit(embed('cat storm', 64))
      const cosine = (text: string) => unit(embed(text, 64)).reduce((sum, n, i) => sum + n * query[i]!, 0)
      for (const tag of ['half 1', 'twentieth 7', 'thousandth 123']) {
        const reply = await search(ada, {
          q: 'cat storm',
          tags: [tag],
          mode: 'dense',
          fold: false,
          limit: 10,
        })
        assert.deepEqual([reply.mode, reply.degraded], ['dense', undefined])
        const inside = items.filter(({ tags }) => tags.includes(tag)).map(({ text }) => cosine(text))
        const best = inside.sort((a, b) => b - a).slice(0, 10)
        assert.equal(reply.texts.length, Math.min(10, best.length), tag)
        for (const [i, text] of reply.texts.entries())
          assert.ok(Math.abs(cosine(text) - best[i]!) < 1e-5, `${tag}: ${text}`)
        assert.ok(reply.hits.every(({ tags }) => tags.includes(tag)))
      }
    })
})
