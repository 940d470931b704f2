/** The contract of the `VectorIndex` port: every adapter runs this suite, whether it compares all vectors or asks a graph. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../../src/core/base/brand.ts'
import type { Result } from '../../src/core/base/result.ts'
import type { Failure } from '../../src/core/protocol/errors.ts'
import { createMemoryVectorIndex } from '../../src/core/retrieval/memory-vector-index.ts'
import { dot } from '../../src/core/retrieval/vector.ts'
import {
  type Embedded,
  type EmbeddingProgress,
  NEIGHBOURS_MAX,
  NO_PROGRESS,
  VECTOR_DIMENSION_MAX,
  VECTOR_IDS_MAX,
  type VectorIndex,
} from '../../src/core/retrieval/vector-index.ts'
import { seededRandom, testSeed } from '../support/seeded.ts'
import { clustered, numberedId, numbersFrom, unit } from '../support/vectors.ts'

/** An index under test. */
export interface VectorIndexHarness extends AsyncDisposable {
  readonly index: VectorIndex
  /** Closes it and gives one over what it left; null where nothing outlives it. */
  readonly reopen: (() => Promise<VectorIndex>) | null
}

export const DIMENSION = 16
const OWNER = { model: 'test', dimension: null }
const progressOf = (own: number): EmbeddingProgress => ({ own, foreign: own * 2, day: 7, spentChars: 9 })

export function value<T>(result: Result<T, Failure>): T {
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.detail}`)
  return result.value
}

export const codeOf = (result: Result<unknown, Failure>): string => (result.ok ? 'ok' : result.error.code)

/** Puts many, some at a time. */
export async function putAll(index: VectorIndex, items: readonly Embedded[], at = 500): Promise<void> {
  for (let from = 0; from < items.length; from += at)
    value(await index.put(items.slice(from, from + at), progressOf(from)))
}

/** What comparing all of them finds. */
export async function exactly(items: readonly Embedded[], query: Embedded['vector'], count: number) {
  const twin = createMemoryVectorIndex()
  value(await twin.open(OWNER))
  value(await twin.put(items, NO_PROGRESS))
  return value(await twin.nearest(query, count)).ids
}

/** Share of the right neighbours that were found. */
export const recallOf = (found: readonly Digest[], right: readonly Digest[]): number =>
  right.filter((id) => found.includes(id)).length / right.length

export function vectorIndexContract(name: string, open: () => Promise<VectorIndexHarness>): void {
  const some = clustered(1, { count: 300, dimension: DIMENSION, centres: 12 })

  test(`${name}: finds the closest first, with their cosines`, async () => {
    await using harness = await open()
    const { index } = harness
    assert.deepEqual(value(await index.open(OWNER)), NO_PROGRESS)
    await putAll(index, some)
    const next = numbersFrom(2)
    for (let i = 0; i < 20; i++) {
      const { id, vector } = some[Math.floor(next() * some.length)]!
      const found = value(await index.nearest(vector, 10))
      assert.equal(found.ids[0], id)
      assert.ok(Math.abs(found.cosines[0]! - 1) < 1e-3)
      assert.ok(found.isComplete)
      assert.deepEqual(
        [...found.cosines].sort((a, b) => b - a),
        found.cosines,
      )
      assert.ok(recallOf(found.ids, await exactly(some, vector, 10)) >= 0.9)
    }
  })

  test(`${name}: gives fewer where there are fewer, and no more than the most`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    const query = some[0]!.vector
    assert.deepEqual(value(await index.nearest(query, 10)).ids, [])
    await putAll(index, some.slice(0, 5))
    assert.equal(value(await index.nearest(query, 10)).ids.length, 5)
    const many = clustered(3, { count: NEIGHBOURS_MAX + 100, dimension: DIMENSION, centres: 5 })
    await putAll(index, many)
    assert.equal(value(await index.nearest(query, NEIGHBOURS_MAX + 1)).ids.length, NEIGHBOURS_MAX)
  })

  test(`${name}: forgets what is removed, and finds what is put again as it is now`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    const gone = some.filter((_, i) => i % 3 === 0)
    value(
      await index.remove(
        gone.map(({ id }) => id),
        false,
      ),
    )
    const left = new Set(some.filter((_, i) => i % 3 !== 0).map(({ id }) => id))
    assert.equal(index.status.vectors, left.size)
    for (const { vector } of gone.slice(0, 20))
      for (const id of value(await index.nearest(vector, 10)).ids) assert.ok(left.has(id))
    // Each with the vector of another: slots are used again.
    const moved = gone.map(({ id }, i) => ({ id, vector: gone[(i + 1) % gone.length]!.vector }))
    await putAll(index, moved)
    assert.equal(index.status.vectors, some.length)
    for (const { id, vector } of moved.slice(0, 20)) {
      const found = value(await index.nearest(vector, 3))
      assert.ok(found.ids.includes(id))
      assert.ok(found.cosines[found.ids.indexOf(id)]! > 0.999)
    }
    assert.deepEqual(codeOf(await index.remove([numberedId(99_999)], false)), 'ok')
  })

  test(`${name}: tells which ids are missing, and lists those that are there, page by page`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    const asked = [numberedId(5), numberedId(70_000), numberedId(6), numberedId(70_001)]
    assert.deepEqual(value(await index.missing(asked)), [asked[1], asked[3]])
    const listed: Digest[] = []
    for (let from: number | null = 0; from !== null; ) {
      const page: { ids: readonly Digest[]; next: number | null } = value(await index.page(from))
      assert.ok(page.ids.length <= VECTOR_IDS_MAX)
      listed.push(...page.ids)
      from = page.next
    }
    assert.deepEqual(listed.sort(), some.map(({ id }) => id).sort())
  })

  test(`${name}: compares just the ids that are named`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    const inside = some.filter((_, i) => i % 50 === 0)
    const query = some[7]!.vector
    const ids = inside.map(({ id }) => id)
    const found = value(await index.scan(query, [...ids, numberedId(80_000)], 4))
    assert.deepEqual(found.ids, await exactly(inside, query, 4))
  })

  test(`${name}: refuses vectors that cannot be compared, and keeps what it has`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    const wrong = [
      ['another dimension', new Float32Array(DIMENSION + 1).fill(1 / Math.sqrt(DIMENSION + 1)), 'CHANGED'],
      ['no numbers', new Float32Array(DIMENSION).fill(Number.NaN), 'FAILED'],
      ['infinite ones', new Float32Array(DIMENSION).fill(Number.POSITIVE_INFINITY), 'FAILED'],
      ['no direction', new Float32Array(DIMENSION), 'FAILED'],
    ] as const
    for (const [what, vector, code] of wrong) {
      assert.equal(
        codeOf(await index.put([{ id: numberedId(1), vector }], NO_PROGRESS)),
        `EMBEDDINGS_${code}`,
        what,
      )
      assert.equal(codeOf(await index.nearest(vector, 3)), `EMBEDDINGS_${code}`, what)
      assert.equal(codeOf(await index.scan(vector, [numberedId(1)], 3)), `EMBEDDINGS_${code}`, what)
    }
    assert.equal(index.status.vectors, some.length)
    assert.equal(value(await index.nearest(some[1]!.vector, 1)).ids[0], numberedId(1))
  })

  test(`${name}: takes vectors as long as they may be, and none that is longer`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    const long = (length: number) => [
      { id: numberedId(1), vector: unit(Array.from({ length }, (_, i) => (i % 7) + 1)) },
    ]
    assert.equal(codeOf(await index.put(long(VECTOR_DIMENSION_MAX + 1), NO_PROGRESS)), 'EMBEDDINGS_FAILED')
    value(await index.put(long(VECTOR_DIMENSION_MAX), NO_PROGRESS))
    assert.equal(index.status.dimension, VECTOR_DIMENSION_MAX)
  })

  test(`${name}: a reset drops everything and takes another model`, async () => {
    await using harness = await open()
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    value(await index.reset({ model: 'other', dimension: null }))
    assert.equal(index.status.vectors, 0)
    const others = clustered(5, { count: 20, dimension: 8, centres: 3 })
    await putAll(index, others)
    assert.equal(value(await index.nearest(others[3]!.vector, 1)).ids[0], others[3]!.id)
    assert.deepEqual([index.status.model, index.status.dimension], ['other', 8])
  })

  test(`${name}: after any history it answers as one that was filled with what is left`, async () => {
    const seed = testSeed()
    console.log(`SPORE_SEED=${seed}`)
    const random = seededRandom(seed)
    await using harness = await open()
    let { index } = harness
    value(await index.open(OWNER))
    const left = new Map<Digest, Embedded>()
    const pick = (count: number) => Array.from({ length: count }, () => some[random.integer(0, 299)]!)
    for (let step = 0; step < 40; step++) {
      const ids = pick(random.integer(1, 60)).map(({ id }) => id)
      const action = random.integer(0, 9)
      if (action < 5) {
        // Ids with vectors of others among them.
        const items = ids.map((id) => ({ id, vector: pick(1)[0]!.vector }))
        value(await index.put(items, progressOf(step)))
        for (const item of items) left.set(item.id, item)
      } else if (action < 9) {
        value(await index.remove(ids, action === 8))
        for (const id of ids) left.delete(id)
      } else if (harness.reopen) {
        index = await harness.reopen()
        value(await index.open(OWNER))
      }
      const page = value(await index.page(0))
      assert.deepEqual([...page.ids].sort(), [...left.keys()].sort(), `step ${step}`)
      const query = pick(1)[0]!.vector
      const found = value(await index.nearest(query, 10))
      const right = await exactly([...left.values()], query, 10)
      assert.equal(found.ids.length, right.length)
      for (const [i, id] of found.ids.entries()) {
        const cosine = dot(query, left.get(id)!.vector, 0)
        assert.ok(Math.abs(found.cosines[i]! - cosine) < 1e-3, `step ${step}: a cosine of another vector`)
      }
      // Equal vectors have no order that a graph would know: it is how close they are that counts.
      const worst = Math.min(1, ...right.map((id) => dot(query, left.get(id)!.vector, 0)))
      const near = found.cosines.filter((cosine) => cosine >= worst - 1e-3).length
      assert.ok(near >= 0.8 * right.length, `step ${step}: ${near} of ${right.length}`)
    }
  })

  test(`${name}: is what it was when it is opened again, and refuses another model`, async (context) => {
    await using harness = await open()
    const { reopen } = harness
    if (!reopen) return context.skip('nothing outlives it')
    value(await harness.index.open(OWNER))
    await putAll(harness.index, some)
    value(await harness.index.remove([some[3]!.id], false))
    value(await harness.index.put([], progressOf(77)))
    let index = await reopen()
    assert.deepEqual(value(await index.open(OWNER)), progressOf(77))
    assert.equal(index.status.vectors, some.length - 1)
    for (const { id, vector } of some.slice(4, 24))
      assert.equal(value(await index.nearest(vector, 1)).ids[0], id)
    assert.deepEqual(value(await index.missing([some[3]!.id, some[4]!.id])), [some[3]!.id])
    index = await reopen()
    const other = await index.open({ model: 'other', dimension: null })
    assert.ok(!other.ok && other.error.code === 'EMBEDDINGS_CHANGED')
    assert.match(other.error.detail, /"test".*"other".*spore reindex/)
    index = await reopen()
    assert.equal(codeOf(await index.open({ model: 'test', dimension: 99 })), 'EMBEDDINGS_CHANGED')
    value(await index.reset({ model: 'other', dimension: null }))
    await putAll(index, clustered(5, { count: 20, dimension: 8, centres: 3 }))
    index = await reopen()
    value(await index.open({ model: 'other', dimension: null }))
    assert.equal(index.status.vectors, 20)
  })
}
