/**
 * After any history of adds, retractions, purges, merges, forks, kills and reopenings, the index answers as a fresh one over what is
 * visible: the same hits in the same order with the same scores to the bit. A whole spore, with its store and its kept
 * index on the disk, and others that tell it things.
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { createSnapshotFolder, SNAPSHOT_FOLDER } from '../../../../src/adapters/snapshot-folder.ts'
import { openSqliteStore } from '../../../../src/adapters/sqlite-store.ts'
import type { Digest, LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { cidToDigest, digestToCid } from '../../../../src/core/base/hash.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeCheckpoint, encodeMemory, encodeRetract } from '../../../../src/core/protocol/payloads.ts'
import {
  createRetriever,
  type RetrievalDocument,
  type RetrievalQuery,
  type Retriever,
} from '../../../../src/core/retrieval/retriever.ts'
import type { Snapshots } from '../../../../src/core/retrieval/snapshots.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { createLoopback, DAY_ONE, type Loopback, type Member } from '../../../support/loopback.ts'
import type { VirtualClock } from '../../../support/virtual-clock.ts'
import { tell } from '../gossip/equivocator.ts'
import { join as joinPeer } from '../gossip/support.ts'
import { COMMONS, createReplica, type Replica } from '../memory/replica.ts'

// --- What is remembered ---

/** Few, so that the same is remembered, retracted and remembered again by several. */
const TEXTS = 6
const WORDS = [
  'harbour',
  'lighthouse',
  'keeper',
  'lamp',
  'storm',
  'fooBar',
  'harbors',
  '東京都',
  'the',
  'was',
]
const rare = (number: number): string => `zq${'abcdefghijklmnop'[number]!.repeat(5)}`
const content = (number: number) => ({
  text: `${rare(number)} ${WORDS.filter((_, i) => (number * 7 + i) % 3 === 0).join(' ')} ${WORDS[number % WORDS.length]}`,
  tags: number % 3 === 0 ? ['sea', `tag${number % 2}`] : [],
  thread: number % 4 === 0 ? null : `thread ${number % 2}`,
  position: number % 5 === 0 || number % 4 === 0 ? null : number,
  speaker: number % 2 === 0 ? null : ['Ada Keeper', 'Bob'][number % 3 === 0 ? 0 : 1]!,
  sources: number > 2 && number % 2 === 0 ? [idOf(number - 2)] : [],
})
const payloadOf = (number: number): Uint8Array => encodeMemory(content(number))
function idOf(number: number): string {
  return digestToCid(hash('sha256', payloadOf(number), 'base64url') as Digest)
}
const inputOf = (number: number) => {
  const { thread, position, speaker, ...rest } = content(number)
  return {
    ...rest,
    ...(thread !== null && { thread }),
    ...(position !== null && { position }),
    ...(speaker !== null && { speaker }),
  }
}

const QUERIES: readonly Omit<RetrievalQuery, 'limit' | 'explain'>[] = [
  { text: 'harbour lamp of the keeper', scope: {}, nowMs: DAY_ONE + 1e9 },
  { text: 'what was it that Ada said about fooBar and harbours in the storm at the lighthouse', scope: {} },
  { text: 'lihgthouse 東京', scope: {}, isFolded: false },
  { text: '', scope: {} },
  { text: 'storm', scope: { spaces: new Set([COMMONS]) }, nowMs: DAY_ONE + 1e9 },
  { text: 'storm keeper', scope: { spaces: new Set(['private' as SpaceId]) } },
  { text: 'lamp', scope: { tags: ['sea'] } },
  { text: `${rare(1)} ${rare(2)} ${rare(3)} lamp`, scope: { thread: 'thread 1' } },
]

// --- Histories ---

type Op =
  | { readonly do: 'add'; readonly text: number }
  | { readonly do: 'retract'; readonly seq: number }
  | { readonly do: 'checkpoint'; readonly from: number; readonly length: number }
  | { readonly do: 'flush' }
const text = fc.nat(TEXTS - 1)
const ops = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), text }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('retract' as const), seq: fc.nat(6) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('checkpoint' as const), from: fc.nat(5), length: fc.nat(3) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  ),
  { minLength: 1, maxLength: 10 },
)
const record = <T extends string, U extends Record<string, unknown>>(
  name: T,
  fields: { [K in keyof U]: fc.Arbitrary<U[K]> },
) => fc.record({ do: fc.constant(name), ...fields }) as fc.Arbitrary<{ readonly do: T } & U>
const spaceName = fc.constantFrom('commons', 'private')
const step = fc.oneof(
  { weight: 8, arbitrary: record('add', { text, space: spaceName }) },
  { weight: 4, arbitrary: record('retract', { text }) },
  { weight: 3, arbitrary: record('other', { text }) },
  { weight: 2, arbitrary: record('otherRetract', { text }) },
  { weight: 3, arbitrary: record('tell', { branch: fc.nat(2) }) },
  { weight: 3, arbitrary: record('purge', { text }) },
  { weight: 1, arbitrary: record('undo', { text }) },
  { weight: 5, arbitrary: record('wait', { ms: fc.constantFrom(0, 100, 6000, 30_000) }) },
  { weight: 3, arbitrary: record('reopen', {}) },
  { weight: 3, arbitrary: record('kill', { turns: fc.nat(12) }) },
  { weight: 1, arbitrary: record('damage', { at: fc.nat() }) },
)
const history = fc.record({
  seed: fc.nat(),
  common: ops,
  branches: fc.array(ops, { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
})

async function write(life: Replica, list: readonly Op[]): Promise<void> {
  const { epoch } = life.memory.ownLog(COMMONS)
  const flushes: Op[][] = [[]]
  for (const one of list)
    if (one.do === 'flush') flushes.push([])
    else flushes.at(-1)?.push(one)
  for (const flush of flushes)
    await life.write((draft) => {
      for (const one of flush) {
        const [kind, payload] =
          one.do === 'add'
            ? [KINDS.memory, payloadOf(one.text)]
            : one.do === 'retract'
              ? [KINDS.retract, encodeRetract({ dots: [{ epoch, seqs: [one.seq] }] })]
              : one.do === 'checkpoint'
                ? [
                    KINDS.checkpoint,
                    encodeCheckpoint({ dead: [{ epoch, ranges: [[one.from, one.from + one.length]] }] }),
                  ]
                : [0, new Uint8Array()]
        draft.append({ space: COMMONS, kind, payload, references: [] })
      }
    }, DAY_ONE)
}

// --- The spore that is looked at ---

/** Snapshots on the disk, waited for by a clock that stands still. */
function tracked(snapshots: Snapshots, clock: VirtualClock): Snapshots {
  async function* follow(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const iterator = chunks[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await clock.track(iterator.next())
        if (done) return
        yield value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return {
    write: (name, chunks) => clock.track(snapshots.write(name, chunks)),
    async read(name) {
      const chunks = await clock.track(snapshots.read(name))
      return chunks && follow(chunks)
    },
    names: () => clock.track(snapshots.names()),
    remove: (name) => clock.track(snapshots.remove(name)),
  }
}

interface Ada {
  readonly member: Member
  readonly retriever: Retriever
  readonly home: string
}

async function openAda(net: Loopback, seed: string, home: string, seeds: readonly string[]): Promise<Ada> {
  const { publicKey } = createSigner(new Uint8Array(hash('sha256', `${seed}/ada`, 'buffer')))
  const network = 'spore-test'
  const store = openSqliteStore(home, {
    publicKey,
    network,
    create: () => ({ publicKey, network, epoch: new Uint8Array(8).fill(9) }),
  })
  const retriever = createRetriever({ secret: 7 })
  const snapshots = tracked(createSnapshotFolder(join(home, SNAPSHOT_FOLDER)), net.clock)
  const member = await net.open('ada', { store, retriever, snapshots, keptMin: 1, seeds })
  return { member, retriever, home }
}

/** The visible memories as documents, read by a way that knows nothing of the index. */
async function visible({ spore }: Member): Promise<RetrievalDocument[]> {
  const page = await spore.memories({ limit: 100 })
  assert.ok(page.ok)
  return page.value.recent.map((memory) => ({
    id: cidToDigest(memory.id)!,
    text: memory.text,
    tags: memory.tags,
    thread: memory.thread,
    position: memory.position,
    speaker: memory.speaker,
    sources: memory.sources.map((source) => cidToDigest(source)!),
    provenance: memory.dots.map(({ author, space, createdAt, log, seq }) => ({
      author: author as RetrievalDocument['provenance'][number]['author'],
      space: space as SpaceId,
      atMs: Date.parse(createdAt),
      dot: { logId: log as LogId, seq },
    })),
  }))
}

async function compare({ member, retriever }: Ada, when: string): Promise<void> {
  const documents = await visible(member)
  const fresh = createRetriever({ secret: 1 })
  for (const document of documents) fresh.put(document)
  assert.equal(retriever.documents, documents.length, `documents ${when}`)
  for (const query of QUERIES) {
    const asked = { ...query, limit: 20, explain: true }
    assert.deepEqual(retriever.search(asked), fresh.search(asked), `${query.text} ${when}`)
  }
}

/** Nothing is found that is not visible just so, however much is still lacking. */
async function compareEarly({ member, retriever }: Ada): Promise<void> {
  const documents = new Map((await visible(member)).map((document) => [document.id, document]))
  const { hits } = retriever.search({ text: '', limit: 100, scope: {}, explain: false })
  for (const { id, provenance } of hits) {
    const { author, space, atMs } = provenance
    const all = documents.get(id)?.provenance ?? []
    const isSo = all.some((one) => one.author === author && one.space === space && one.atMs === atMs)
    assert.ok(isSo, `${digestToCid(id)} is not visible by ${author}`)
  }
}

const files = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []

/** Files of the home that hold a word. */
const holding = (home: string, word: string): string[] =>
  [...files(home), ...files(join(home, SNAPSHOT_FOLDER))].filter(
    (file) => !file.endsWith(SNAPSHOT_FOLDER) && readFileSync(file).includes(word),
  )

const ran = { loaded: 0, saved: 0, purges: 0 }

test('the index answers as a fresh one over what is visible, after any history', async (context) => {
  await fuzzAsync(
    history,
    async ({ seed, common, branches, steps }) => {
      using folder = temporaryFolder()
      await using net = createLoopback(String(seed))
      let homes = 0
      const newHome = () => join(folder.path, `home-${homes++}`)
      let home = newHome()
      mkdirSync(home)
      const bob = await net.open('bob')
      const open = async (): Promise<Ada> => {
        const opened = await openAda(net, String(seed), home, [bob.url])
        if (opened.retriever.documents > 0) ran.loaded++
        await compareEarly(opened)
        return opened
      }
      let ada = await open()
      await joinPeer(ada.member, bob.url)
      const lives = await Promise.all(
        branches.map(async (branch) => {
          const life = createReplica({ name: 'eve' })
          await write(life, common)
          await write(life, branch)
          return life
        }),
      )
      const settled = async (when: string): Promise<void> => {
        const indexed = ada.member.spore.indexed()
        await net.clock.advance(2000)
        await indexed
        await compare(ada, when)
      }
      const gone = new Set<number>()
      const lookForPurged = (): void => {
        for (const number of gone)
          assert.deepEqual(holding(home, rare(number)), [], 'purged, and still on the disk')
      }
      for (const one of steps) {
        const { spore } = ada.member
        if (one.do === 'add') await spore.remember({ ...inputOf(one.text), space: one.space })
        if (one.do === 'retract') await spore.retract(idOf(one.text))
        if (one.do === 'other') await bob.spore.remember({ ...inputOf(one.text), space: 'commons' })
        if (one.do === 'otherRetract') await bob.spore.retract(idOf(one.text))
        if (one.do === 'tell') await tell(ada.member, lives[one.branch % lives.length] as Replica)
        if (one.do === 'wait') await net.clock.advance(one.ms)
        if (one.do === 'undo') {
          await spore.undoPurge(idOf(one.text))
          gone.delete(one.text)
        }
        if (one.do === 'purge') {
          const purged = await spore.purge(idOf(one.text))
          if (purged.ok) {
            ran.purges++
            gone.add(one.text)
          }
        }
        if (one.do === 'damage')
          for (const file of files(join(home, SNAPSHOT_FOLDER))) {
            const bytes = readFileSync(file)
            const at = one.at % bytes.length
            bytes[at] = bytes[at]! ^ 0x10
            writeFileSync(file, bytes)
          }
        if (one.do === 'reopen') {
          await ada.member.close()
          ran.saved += files(join(home, SNAPSHOT_FOLDER)).length
          ada = await open()
          await settled('after it was opened again')
        }
        if (one.do === 'kill') {
          // What a kill leaves is what is in the files now, whatever is under way.
          const going = net.clock.advance(6000)
          for (let i = 0; i < one.turns; i++) await turn()
          const copy = newHome()
          cpSync(home, copy, { recursive: true })
          net.lose = (from) => from === 'ada'
          await going
          await ada.member.close()
          net.lose = null
          rmSync(home, { recursive: true })
          home = copy
          ada = await open()
          await settled('after a kill')
        }
        lookForPurged()
      }
      await net.clock.advance(30_000)
      await settled('at the end')
      await ada.member.close()
      ada = await open()
      await settled('after the last opening')
      await ada.member.close()
      lookForPurged()
    },
    Number(process.env.SPORE_HISTORIES ?? 16),
  )
  context.diagnostic(JSON.stringify(ran))
  assert.ok(ran.loaded > 0 && ran.saved > 0 && ran.purges > 0, 'nothing was kept, or nothing was purged')
})
