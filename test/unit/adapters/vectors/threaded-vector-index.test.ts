/** The thread of the vectors keeps the contract of the port, comparing all and by the graph, and whatever happens to its files. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createThreadedVectorIndex } from '../../../../src/adapters/vectors/threaded-vector-index.ts'
import {
  GRAPH_FILE,
  UNBUILT_COMPARED_MAX,
  VECTOR_FILE,
} from '../../../../src/adapters/vectors/vector-engine.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { NO_PROGRESS, type VectorIndex } from '../../../../src/core/retrieval/vector-index.ts'
import {
  codeOf,
  DIMENSION,
  exactly,
  putAll,
  recallOf,
  type VectorIndexHarness,
  value,
  vectorIndexContract,
} from '../../../contract/vector-index.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { clustered, numberedId } from '../../../support/vectors.ts'

interface Kind {
  readonly exactMax?: number
  readonly isGraphAllowed?: boolean
  readonly isInMemory?: boolean
}

interface FolderHarness extends VectorIndexHarness {
  readonly folder: string
  readonly reopen: () => Promise<VectorIndex>
}

async function harnessOf({ isInMemory = false, ...kind }: Kind = {}): Promise<FolderHarness> {
  const folder = temporaryFolder()
  const make = () =>
    createThreadedVectorIndex({ folder: isInMemory ? null : folder.path, log: silentLog, ...kind })
  let index = make()
  return {
    folder: folder.path,
    get index() {
      return index
    },
    async reopen() {
      await index[Symbol.asyncDispose]()
      index = make()
      return index
    },
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

const GRAPH: Kind = { exactMax: 64 }
const OWNER = { model: 'test', dimension: null }
const some = clustered(11, { count: 400, dimension: DIMENSION, centres: 20 })

vectorIndexContract('comparing all', () => harnessOf())
vectorIndexContract('by the graph', () => harnessOf(GRAPH))
vectorIndexContract('without the package', () => harnessOf({ ...GRAPH, isGraphAllowed: false }))
vectorIndexContract('by the graph, without files', async () => ({
  ...(await harnessOf({ ...GRAPH, isInMemory: true })),
  reopen: null,
}))

/** Lets the thread build what waits: it does between calls. */
async function built(index: VectorIndex): Promise<void> {
  do value(await index.missing([]))
  while (index.status.unbuilt > 0)
}

describe('the graph', () => {
  test('finds ≥ 95 % of the ten closest of clustered vectors, through growth, and says that it is built', async () => {
    await using harness = await harnessOf(GRAPH)
    const { index } = harness
    value(await index.open(OWNER))
    // More than there is room for at first.
    const many = clustered(13, { count: 3000, dimension: 32, centres: 100 })
    await putAll(index, many)
    assert.equal(index.status.kind, 'hnsw')
    await built(index)
    const queries = clustered(13, { count: 3100, dimension: 32, centres: 100 }).slice(3000)
    let recall = 0
    for (const { vector } of queries)
      recall += recallOf(value(await index.nearest(vector, 10)).ids, await exactly(many, vector, 10))
    assert.ok(recall / queries.length >= 0.95, `recall ${recall / queries.length}`)
  })

  test('answers in full while it is being built', async () => {
    await using harness = await harnessOf(GRAPH)
    const { index } = harness
    value(await index.open(OWNER))
    const many = clustered(13, { count: 3000, dimension: 32, centres: 100 })
    const { vector, id } = many[2900]!
    // Asked before it is built: it is next in the queue.
    const [put, near] = await Promise.all([index.put(many, NO_PROGRESS), index.nearest(vector, 10)])
    value(put)
    const found = value(near)
    assert.ok(index.status.unbuilt > 0, 'it is not built yet')
    assert.equal(found.ids[0], id)
    assert.ok(recallOf(found.ids, await exactly(many, vector, 10)) >= 0.9)
  })

  test('says that not all were compared where more wait for it than are compared', async () => {
    await using harness = await harnessOf(GRAPH)
    const { index } = harness
    value(await index.open(OWNER))
    const many = clustered(17, { count: UNBUILT_COMPARED_MAX + 1000, dimension: 4, centres: 30 })
    // Asked before anything is built: it is next in the queue.
    const [put, found] = await Promise.all([index.put(many, NO_PROGRESS), index.nearest(many[5]!.vector, 1)])
    value(put)
    assert.equal(value(found).isComplete, false)
  })

  test('is saved when it is closed, and loaded instead of built', async () => {
    await using harness = await harnessOf(GRAPH)
    value(await harness.index.open(OWNER))
    await putAll(harness.index, some)
    await built(harness.index)
    const index = await harness.reopen()
    value(await index.open(OWNER))
    assert.deepEqual([index.status.kind, index.status.unbuilt], ['hnsw', 0])
  })

  test('can be closed while it is built, and its files are read by nobody else', async () => {
    await using harness = await harnessOf(GRAPH)
    const errors: string[] = []
    const log = { ...silentLog, error: (message: string) => void errors.push(message) }
    const index = createThreadedVectorIndex({ folder: harness.folder, log, exactMax: 64 })
    value(await index.open(OWNER))
    value(await index.put(clustered(13, { count: 3000, dimension: 32, centres: 100 }), NO_PROGRESS))
    await index[Symbol.asyncDispose]()
    assert.deepEqual(errors, [])
    const again = await harness.reopen()
    value(await again.open(OWNER))
    await built(again)
    await harness.reopen()
    for (const name of [VECTOR_FILE, GRAPH_FILE, `${GRAPH_FILE}.notes`])
      assert.equal(statSync(join(harness.folder, name)).mode & 0o777, 0o600, name)
  })

  test('that cannot be saved is said, and asked all the same', async () => {
    await using harness = await harnessOf(GRAPH)
    const { index } = harness
    value(await index.open(OWNER))
    mkdirSync(join(harness.folder, `${GRAPH_FILE}.draft`))
    await putAll(index, some)
    await built(index)
    value(await index.missing([]))
    assert.match(index.status.note ?? '', /could not be saved/)
    assert.equal(value(await index.nearest(some[3]!.vector, 1)).ids[0], some[3]!.id)
  })

  test('begins anew where most of it was removed', async () => {
    await using harness = await harnessOf(GRAPH)
    const { index } = harness
    value(await index.open(OWNER))
    await putAll(index, some)
    await built(index)
    const gone = some.slice(0, 300).map(({ id }) => id)
    value(await index.remove(gone, false))
    await built(index)
    for (const { id, vector } of some.slice(300, 320))
      assert.equal(value(await index.nearest(vector, 1)).ids[0], id)
  })
})

/** Each leaves the vectors or the graph in another state than it was written in. */
const damages: Readonly<Record<string, (folder: string) => void>> = {
  'a graph that is cut': (folder) => truncateSync(join(folder, GRAPH_FILE), 2000),
  'a graph with a bit flipped': (folder) => flip(join(folder, GRAPH_FILE), 5000),
  'a graph of nothing': (folder) => writeFileSync(join(folder, GRAPH_FILE), ''),
  'notes with a bit flipped': (folder) => flip(join(folder, `${GRAPH_FILE}.notes`), 20),
  'a graph that was written in part, and noted so': (folder) => {
    const path = join(folder, GRAPH_FILE)
    truncateSync(path, 20_000)
    const old = readFileSync(`${path}.notes`)
    const end = old.indexOf(0x0a)
    const notes = {
      ...JSON.parse(old.toString('utf8', 0, end)),
      bytes: 20_000,
      sha256: hash('sha256', readFileSync(path)),
    }
    const body = Buffer.concat([Buffer.from(JSON.stringify(notes)), old.subarray(end, -32)])
    writeFileSync(`${path}.notes`, Buffer.concat([body, hash('sha256', body, 'buffer')]))
  },
  'notes of nothing': (folder) => writeFileSync(join(folder, `${GRAPH_FILE}.notes`), ''),
}

function flip(path: string, at: number): void {
  const byte = readFileSync(path)[at]!
  const fd = openSync(path, 'r+')
  writeSync(fd, Uint8Array.of(byte ^ 1), 0, 1, at)
  closeSync(fd)
}

describe('damage', () => {
  for (const [what, damage] of Object.entries(damages))
    test(`${what} is not read, and built again`, async () => {
      await using harness = await harnessOf(GRAPH)
      value(await harness.index.open(OWNER))
      await putAll(harness.index, some)
      await built(harness.index)
      await harness.index[Symbol.asyncDispose]()
      damage(harness.folder)
      const index = await harness.reopen()
      value(await index.open(OWNER))
      assert.equal(index.status.unbuilt, some.length)
      await built(index)
      for (const { id, vector } of some.slice(0, 20))
        assert.equal(value(await index.nearest(vector, 1)).ids[0], id)
    })

  test('a graph of another dimension is not read', async () => {
    await using harness = await harnessOf(GRAPH)
    value(await harness.index.open(OWNER))
    await putAll(harness.index, some)
    await using other = await harnessOf(GRAPH)
    value(await other.index.open(OWNER))
    await putAll(other.index, clustered(3, { count: 400, dimension: 8, centres: 4 }))
    for (const each of [harness, other]) {
      await built(each.index)
      await each.index[Symbol.asyncDispose]()
    }
    for (const name of [GRAPH_FILE, `${GRAPH_FILE}.notes`])
      writeFileSync(join(harness.folder, name), readFileSync(join(other.folder, name)))
    const index = await harness.reopen()
    value(await index.open(OWNER))
    assert.equal(index.status.unbuilt, some.length)
  })

  test('a torn vector is dropped, and everything is looked at again', async () => {
    await using harness = await harnessOf()
    value(await harness.index.open(OWNER))
    await putAll(harness.index, some)
    value(await harness.index.put([], { own: 5, foreign: 6, day: 3, spentChars: 4 }))
    await harness.index[Symbol.asyncDispose]()
    flip(join(harness.folder, VECTOR_FILE), 4096 + 100)
    truncateSync(join(harness.folder, VECTOR_FILE), 4096 + (40 + 4 * DIMENSION) * 399 + 50)
    const index = await harness.reopen()
    // What was spent stays so.
    assert.deepEqual(value(await index.open(OWNER)), { own: 0, foreign: 0, day: 3, spentChars: 4 })
    assert.match(index.status.note ?? '', /damaged/)
    const lost = value(await index.missing(some.map(({ id }) => id)))
    const again = await harness.reopen()
    assert.deepEqual(value(await again.open(OWNER)).own, 0, 'though it ended before it had looked')
    assert.equal(lost.length, 2)
  })

  for (const [what, damage] of [
    ['another header', (path: string) => flip(path, 0)],
    ['a damaged header', (path: string) => flip(path, 30)],
    ['a file of nothing', (path: string) => writeFileSync(path, '')],
  ] as const)
    test(`${what} is refused with what to do, and a reset makes it anew`, async () => {
      await using harness = await harnessOf()
      value(await harness.index.open(OWNER))
      await putAll(harness.index, some)
      await harness.index[Symbol.asyncDispose]()
      damage(join(harness.folder, VECTOR_FILE))
      const index = await harness.reopen()
      const opened = await index.open(OWNER)
      assert.ok(!opened.ok && opened.error.code === 'VECTORS_UNREADABLE')
      assert.match(opened.error.detail, /spore reindex/)
      value(await index.reset(OWNER))
      await putAll(index, some)
      assert.equal(index.status.vectors, some.length)
    })

  test('calls fail, and nothing else, where the files cannot be written', async () => {
    await using harness = await harnessOf()
    const file = join(harness.folder, 'a file')
    writeFileSync(file, '')
    const index = createThreadedVectorIndex({ folder: file, log: silentLog })
    assert.equal(codeOf(await index.open(OWNER)), 'VECTORS_UNREADABLE')
    await index[Symbol.asyncDispose]()
    assert.equal(codeOf(await index.missing([])), 'VECTORS_UNREADABLE')
  })
})

describe('a purge', () => {
  /** Files in which the numbers of a vector stand one after the other. */
  const holding = (folder: string, vector: Float32Array<ArrayBuffer>): string[] => {
    const bytes = Buffer.from(vector.buffer)
    return [VECTOR_FILE, GRAPH_FILE].filter(
      (name) => existsSync(join(folder, name)) && readFileSync(join(folder, name)).includes(bytes),
    )
  }

  for (const [what, isPurgedLater] of [
    ['of what is there', false],
    ['of what was removed before', true],
  ] as const)
    test(`${what} leaves nothing of it in any file, nor in what is written afterwards`, async () => {
      await using harness = await harnessOf(GRAPH)
      value(await harness.index.open(OWNER))
      await putAll(harness.index, some)
      await built(harness.index)
      let index = await harness.reopen()
      value(await index.open(OWNER))
      const { id, vector } = some[50]!
      assert.deepEqual(holding(harness.folder, vector), [VECTOR_FILE, GRAPH_FILE])
      if (isPurgedLater) {
        value(await index.remove([id], false))
        index = await harness.reopen()
        value(await index.open(OWNER))
      }
      value(await index.remove([id], true))
      assert.deepEqual(holding(harness.folder, vector), [], 'while it runs')
      await built(index)
      await harness.reopen()
      assert.deepEqual(holding(harness.folder, vector), [], 'after it was closed')
      assert.ok(holding(harness.folder, some[51]!.vector).length > 0)
    })

  test('reaches vectors of another model, and those whose header cannot be read', async () => {
    for (const isDamaged of [false, true]) {
      await using harness = await harnessOf()
      value(await harness.index.open(OWNER))
      await putAll(harness.index, some)
      await harness.index[Symbol.asyncDispose]()
      if (isDamaged) flip(join(harness.folder, VECTOR_FILE), 30)
      const index = await harness.reopen()
      assert.ok(!(await index.open({ model: 'other', dimension: null })).ok)
      value(await index.remove([numberedId(9)], true))
      assert.deepEqual(holding(harness.folder, some[9]!.vector), [])
      assert.equal(holding(harness.folder, some[10]!.vector).length, isDamaged ? 0 : 1)
    }
  })
})
