/** The kept index is used where it is whole, of this spore and of this program, and nothing else of it ever is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Did, Digest, LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import {
  type Column,
  columnsToBytes,
  createColumnReader,
  readTexts,
  textColumns,
} from '../../../../src/core/base/kept-columns.ts'
import { type Log, silentLog } from '../../../../src/core/base/ports.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { CHANGED_VALUE, SNAPSHOT_VALUE } from '../../../../src/core/memory/derived-values.ts'
import type { Draft } from '../../../../src/core/memory/draft.ts'
import { createIndexKeeper, type SaveOptions } from '../../../../src/core/retrieval/index-keeper.ts'
import {
  createRetriever,
  type RetrievalDocument,
  type Retriever,
} from '../../../../src/core/retrieval/retriever.ts'
import { FRAME_BYTES } from '../../../../src/core/retrieval/snapshot-frames.ts'
import { createMemorySnapshots, type Snapshots } from '../../../../src/core/retrieval/snapshots.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { seededRandom } from '../../../support/seeded.ts'

const idOf = (number: number): Digest => bytesToDigest(sha256(utf8ToBytes(`document ${number}`)))
const documentOf = (number: number): RetrievalDocument => ({
  id: idOf(number),
  text: `the keeper of lamp ${number} saw word${number.toString(36)}x in fooBar${number % 7} 東京${number % 3}`,
  tags: number % 3 === 0 ? ['sea', 'night'] : [],
  thread: number % 2 === 0 ? `thread ${number % 5}` : null,
  position: number % 4 === 0 ? number : null,
  speaker: number % 5 === 0 ? 'Ada Keeper' : null,
  sources: number % 6 === 0 ? [idOf(number + 1), idOf(2)] : [],
  provenance: Array.from({ length: number % 7 === 0 ? 2 : 1 }, (_, i) => ({
    author: `did:key:author${(number + i) % 3}` as Did,
    space: (i === 0 ? 'commons' : 'private') as SpaceId,
    atMs: 1_795_219_200_000 + number,
    dot: { logId: `log ${i}` as LogId, seq: number },
  })),
})

function fill(retriever: Retriever, documents: number): void {
  for (let i = 0; i < documents; i++) retriever.put(documentOf(i))
  for (let i = 0; i < documents; i += 9) retriever.remove(idOf(i))
}

const QUERIES = ['keeper of the lamp', 'word5x fooBar3', '東京', 'lmap', '']
const answers = (retriever: Retriever) =>
  QUERIES.map((text) => retriever.search({ text, limit: 10, scope: {}, explain: true, nowMs: 2e12 }))

interface World {
  readonly snapshots: Snapshots
  readonly values: Map<string, Uint8Array>
  readonly said: string[]
}

const createWorld = (): World => ({ snapshots: createMemorySnapshots(), values: new Map(), said: [] })

/** A life of a spore: its index and the keeper of it. */
function live(world: World, { name = 'ada', version = '1', secret = 3 } = {}) {
  const retriever = createRetriever({ secret })
  const { float, integer } = seededRandom(String(world.values.size + world.said.length))
  const log: Log = {
    ...silentLog,
    warn: (message, fields) => void world.said.push(`${message}: ${fields?.error}`),
  }
  const keeper = createIndexKeeper({
    retriever,
    snapshots: world.snapshots,
    store: { value: async (of) => world.values.get(of) ?? null },
    writer: {
      async write(prepare) {
        const setValue = (of: string, value: Uint8Array | null) =>
          value ? void world.values.set(of, value) : void world.values.delete(of)
        return { ok: true, value: prepare({ setValue } as Draft) }
      },
    },
    random: { float, bytes: (length) => Uint8Array.from({ length }, () => integer(0, 255)) },
    log,
    signer: createSigner(sha256(utf8ToBytes(name))),
    version,
  })!
  const save = (options: Partial<SaveOptions> = {}) =>
    keeper.save({ exactAt: 7, goesOn: () => true, onRead() {}, ...options })
  return { retriever, keeper, save }
}

async function onlyFile({ snapshots }: World): Promise<{ name: string; bytes: Buffer }> {
  const names = await snapshots.names()
  assert.equal(names.length, 1)
  const chunks: Uint8Array[] = []
  for await (const chunk of (await snapshots.read(names[0]!))!) chunks.push(chunk)
  return { name: names[0]!, bytes: Buffer.concat(chunks) }
}

describe('a kept index', () => {
  test('answers as the one that was kept, and goes on as it would have', async () => {
    for (const size of [0, 1, 30, 9000]) {
      const world = createWorld()
      const first = live(world)
      fill(first.retriever, size)
      assert.ok(await first.save())
      const again = live(world)
      assert.deepEqual(await again.keeper.load(), { exactAt: 7 })
      assert.deepEqual(answers(again.retriever), answers(first.retriever))
      for (const { retriever } of [first, again]) {
        for (let i = size; i < size + 50; i++) retriever.put(documentOf(i))
        for (let i = 1; i < size; i += 5) retriever.remove(idOf(i))
        for (let i = 0; i < size; i += 9) retriever.put(documentOf(i))
      }
      assert.deepEqual(answers(again.retriever), answers(first.retriever))
      assert.deepEqual(again.retriever.kept!.dots(idOf(size + 7)), first.retriever.kept!.dots(idOf(size + 7)))
      assert.deepEqual(world.said, [])
    }
  })

  test('is of no use where any byte is another one, or where it ends early or goes on', async () => {
    const world = createWorld()
    const first = live(world)
    fill(first.retriever, 40)
    assert.ok(await first.save())
    const { name, bytes } = await onlyFile(world)
    const spoil = fc.oneof(
      fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7) }).map(({ at, bit }) => {
        const copy = Buffer.from(bytes)
        copy[at] = copy[at]! ^ (1 << bit)
        return copy
      }),
      fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 50 }).map((more) => Buffer.concat([bytes, more])),
    )
    await fuzzAsync(
      spoil,
      async (spoilt) => {
        await world.snapshots.write(name, [spoilt])
        const again = live(world)
        world.said.length = 0
        assert.equal(await again.keeper.load(), null)
        assert.match(world.said.join(), /^the kept index cannot be used and is built anew: /)
        assert.equal(again.retriever.documents, 0)
        assert.deepEqual(await world.snapshots.names(), [], 'it is gone')
      },
      200,
    )
  })

  test('is of no use to another spore, another program, or where the frames are of two', async () => {
    const world = createWorld()
    const first = live(world)
    // Of several frames.
    fill(first.retriever, 6000)
    assert.ok(await first.save())
    const older = await onlyFile(world)
    assert.ok(older.bytes.length > 3 * FRAME_BYTES)
    for (const other of [{ name: 'eve' }, { version: '2' }, { secret: 4 }]) {
      const copy = { ...world, snapshots: createMemorySnapshots(), said: [] }
      await copy.snapshots.write(older.name, [older.bytes])
      const again = live(copy, other)
      assert.equal(await again.keeper.load(), null, JSON.stringify(other))
      assert.equal(copy.said.length, 1)
    }
    assert.ok(await first.save())
    const newer = await onlyFile(world)
    assert.notEqual(newer.name, older.name, 'each has a name of its own, and the older one is gone')
    const cut = 24 + 4 + FRAME_BYTES + 32
    const mixed = Buffer.concat([newer.bytes.subarray(0, cut), older.bytes.subarray(cut)])
    await world.snapshots.write(newer.name, [mixed])
    assert.equal(await live(world).keeper.load(), null)
  })

  test('is the one that the store names, and no other', async () => {
    const world = createWorld()
    const first = live(world)
    fill(first.retriever, 30)
    assert.ok(await first.save())
    const { bytes } = await onlyFile(world)
    await world.snapshots.write('index-00', [bytes])
    await world.snapshots.write('index-01.new', [bytes])
    await world.snapshots.write('other', [bytes])
    assert.ok(await live(world).keeper.load())
    assert.equal((await world.snapshots.names()).length, 2, 'leftovers are gone, and what is not ours is not')
    world.values.set(SNAPSHOT_VALUE, utf8ToBytes('no form of ours'))
    assert.equal(await live(world).keeper.load(), null)
    assert.deepEqual(await world.snapshots.names(), ['other'])
  })

  test('is said to be exact only where nothing else changed what is visible', async () => {
    const world = createWorld()
    const first = live(world)
    fill(first.retriever, 30)
    world.values.set(CHANGED_VALUE, utf8ToBytes('x'))
    assert.ok(await first.save())
    assert.deepEqual(await live(world).keeper.load(), { exactAt: 7 }, 'what came before is in it')
    world.values.set(CHANGED_VALUE, utf8ToBytes('x'))
    assert.deepEqual(await live(world).keeper.load(), { exactAt: null })
    assert.ok(await first.save({ onRead: first.keeper.noteChange }))
    assert.deepEqual(
      await live(world).keeper.load(),
      { exactAt: null },
      'what comes while it is written is not',
    )
  })

  test('gives way to those who want to work on the index, and leaves the older one', async () => {
    const world = createWorld()
    const first = live(world)
    fill(first.retriever, 6000)
    assert.ok(await first.save())
    const { name } = await onlyFile(world)
    let pieces = 0
    assert.equal(await first.save({ goesOn: () => ++pieces < 3 }), false)
    assert.equal((await onlyFile(world)).name, name)
    assert.deepEqual(await live(world).keeper.load(), { exactAt: 7 })
    assert.deepEqual(world.said, [])
  })

  test('that cannot be written is said, and the older one stays', async () => {
    const world = createWorld()
    const first = live(world)
    fill(first.retriever, 30)
    assert.ok(await first.save())
    const full: Snapshots = {
      ...world.snapshots,
      write: async () => {
        throw new Error('the disk is full')
      },
    }
    const again = live({ ...world, snapshots: full })
    assert.ok(await again.keeper.load())
    assert.equal(await again.save(), false)
    assert.deepEqual(world.said, ['the index was not kept: the disk is full'])
    assert.ok(await live(world).keeper.load())
  })
})

describe('what is erased', () => {
  const holds = async (world: World, word: string): Promise<boolean> => {
    for (const name of await world.snapshots.names())
      for await (const chunk of (await world.snapshots.read(name))!)
        if (Buffer.from(chunk).includes(word)) return true
    return false
  }

  test('is kept nowhere, and not written again before what lives was moved away from it', async () => {
    const world = createWorld()
    const { retriever, keeper, save } = live(world)
    for (let i = 0; i < 300; i++) retriever.put(documentOf(i))
    retriever.put({ ...documentOf(300), text: 'a canary7f sings' })
    assert.ok(await save())
    assert.ok(await holds(world, 'canary7f'))
    retriever.remove(idOf(300))
    assert.ok(await save())
    assert.ok(await holds(world, 'canary7f'), 'what is only removed may be kept')
    await keeper.erase()
    assert.deepEqual(await world.snapshots.names(), [])
    assert.equal(await save(), false)
    while (retriever.tidy(64)) assert.equal(await save(), false)
    assert.ok(await save())
    assert.ok(!(await holds(world, 'canary7f')))
    assert.equal(retriever.documents, 300)
  })

  test('while it is being moved is moved once more', async () => {
    const world = createWorld()
    const { retriever, keeper, save } = live(world)
    for (let i = 0; i < 300; i++) retriever.put(documentOf(i))
    retriever.put({ ...documentOf(300), text: 'a canary7f sings' })
    await keeper.erase()
    for (let i = 0; i < 4; i++) assert.ok(retriever.tidy(64))
    retriever.put({ ...documentOf(301), text: 'the canary8e sings' })
    retriever.tidy(64)
    for (const number of [300, 301]) retriever.remove(idOf(number))
    await keeper.erase()
    while (retriever.tidy(64));
    assert.ok(await save())
    assert.ok(!(await holds(world, 'canary7f')) && !(await holds(world, 'canary8e')))
  })

  test('while a snapshot is written is not in it', async () => {
    const world = createWorld()
    const { retriever, keeper, save } = live(world)
    for (let i = 0; i < 6000; i++) retriever.put(documentOf(i))
    const reading = Promise.withResolvers<void>()
    let pieces = 0
    const saved = save({
      goesOn: () => {
        if (++pieces === 2) reading.resolve()
        return true
      },
    })
    await reading.promise
    await keeper.erase()
    assert.equal(await saved, false)
    assert.deepEqual(await world.snapshots.names(), [])
  })

  test('and cannot be deleted is an error of whoever wanted it gone', async () => {
    const world = createWorld()
    const { retriever, save } = live(world)
    fill(retriever, 30)
    assert.ok(await save())
    const stuck: Snapshots = {
      ...world.snapshots,
      remove: async () => {
        throw new Error('not permitted')
      },
    }
    const again = live({ ...world, snapshots: stuck })
    await assert.rejects(again.keeper.erase(), { code: 'STORE_WRITE_FAILED' })
  })
})

describe('columns', () => {
  const read = async (columns: Iterable<Column>, piece: number) => {
    const bytes = Buffer.concat([...columnsToBytes(columns)].map((part) => Uint8Array.from(part)))
    return createColumnReader(
      (async function* () {
        for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
      })(),
    )
  }

  test('come back as they were, in pieces of any length', async () => {
    for (const piece of [1, 7, 1000]) {
      const reader = await read(
        [
          Float64Array.of(1.5, Number.NaN, -0),
          new Uint16Array(0),
          Uint32Array.of(2 ** 32 - 1),
          Int32Array.of(-5),
        ],
        piece,
      )
      assert.deepEqual(await reader.next(Float64Array), Float64Array.of(1.5, Number.NaN, -0))
      assert.deepEqual(await reader.next(Uint16Array), new Uint16Array(0))
      assert.deepEqual(await reader.next(Uint32Array), Uint32Array.of(2 ** 32 - 1))
      assert.deepEqual(await reader.next(Int32Array), Int32Array.of(-5))
      await reader.end()
    }
  })

  test('that are others than were asked for are refused', async () => {
    await assert.rejects((await read([Uint8Array.of(1)], 3)).next(Uint16Array), /another type/)
    await assert.rejects((await read([], 3)).next(Uint16Array), /cut off/)
    await assert.rejects((await read([Uint8Array.of(1)], 3)).end(), /more is there/)
  })

  test('of texts keep every string, ill-formed ones too', async () => {
    await fuzzAsync(
      fc.array(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', 'ÿĀ', '', 'x'.repeat(9000))),
      ),
      async (texts) => {
        const written = textColumns(texts.length, (i) => texts[i]!)
        const kept = await readTexts(await read(written, 1000))
        assert.deepEqual(
          texts.map((_, i) => kept.text(i)),
          texts,
        )
        assert.equal(kept.characters, texts.join('').length)
        const again = await readTexts(await read(textColumns(texts.length, kept.text, kept), 1000))
        assert.deepEqual(
          texts.map((_, i) => again.text(i)),
          texts,
        )
      },
      100,
    )
  })
})
