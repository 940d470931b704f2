/** A spore with memories of several authors in several spaces, drawn by chance, and what of them a query may see, told a second time. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import type { Did, SpaceId } from '../../../src/core/base/brand.ts'
import { concatBytes, utf8ToBytes } from '../../../src/core/base/bytes.ts'
import { bytesToDigest, cidToDigest, digestToCid, sha256 } from '../../../src/core/base/hash.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { err, ok } from '../../../src/core/base/result.ts'
import { createSigner } from '../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../src/core/memory/memory-store.ts'
import { failure } from '../../../src/core/protocol/errors.ts'
import { encodeFrame } from '../../../src/core/protocol/frame.ts'
import { KINDS } from '../../../src/core/protocol/kinds.ts'
import { logIdOf } from '../../../src/core/protocol/log.ts'
import { decodePushReply } from '../../../src/core/protocol/messages.ts'
import { encodeMemory, type MemoryPayload } from '../../../src/core/protocol/payloads.ts'
import type { DensePorts } from '../../../src/core/retrieval/dense.ts'
import { createMemoryVectorIndex } from '../../../src/core/retrieval/memory-vector-index.ts'
import { createSpore, type Spore } from '../../../src/core/spore.ts'
import { createServer } from '../../../src/http/server.ts'
import { embed } from '../../support/embedding-server.ts'
import { unit } from '../../support/vectors.ts'
import { createReplica, NOW_MS, type Replica } from '../core/memory/replica.ts'

export const SPACES = ['private', 'commons', 'red', 'blue', 'green'] as const
export type SpaceName = (typeof SPACES)[number]
/** Open to all, and shows only who has this tier: of the others the one that the operator has set it for. */
const ASKING: SpaceName = 'green'
const ASKED = 'peer'
const SHOWN_THERE = 1
/** The first is the spore itself; nobody else writes in `private`. */
export const AUTHORS = ['self', 'bob', 'carol', 'dave'] as const
export const RULES = [null, 'limit', 'mute', 'block'] as const
export const TAGS = ['feathers', 'water']
export const THREADS = ['diary', 'letters']
/** Texts that look alike fold into one hit; each also has a word of its own (`markOf`). */
export const TEXTS = [
  'the heron nests above the old mill by the quiet river all through the long cold winter',
  'the heron nests above the old mill by the quiet river all through the long cold winter of',
  'an owl hunts in the stone tower behind the orchard when the lamp of the keeper is out',
  'the river keeper counts each heron and each owl between the mill and the stone bridge',
]
export const QUERIES = [
  '',
  'heron',
  'where does the heron nest above the mill in winter',
  'owl tower',
  'keepr',
]

const MINUTE_MS = 60_000
const NETWORK = 'spore-test'

/** One memory: what it says, and who says it where, in the order of time. */
export interface Drawn {
  readonly text: number
  readonly tags: readonly string[]
  readonly thread: string | null
  readonly position: number | null
  /** Memories before it that it links to, by their place in the list; others are left out. */
  readonly sources: readonly number[]
  readonly said: readonly { readonly author: number; readonly space: number }[]
}

export interface DrawnWorld {
  readonly memories: readonly Drawn[]
  /** What the operator rules about the other authors. */
  readonly rules: readonly (typeof RULES)[number][]
}

const said = fc
  .record({ author: fc.nat(AUTHORS.length - 1), space: fc.nat(SPACES.length - 1) })
  .map(({ author, space }) => ({ author: space === 0 ? 0 : author, space }))

export const worldArbitrary: fc.Arbitrary<DrawnWorld> = fc.record({
  memories: fc.array(
    fc.record({
      text: fc.nat(TEXTS.length - 1),
      tags: fc.subarray(TAGS),
      thread: fc.option(fc.constantFrom(...THREADS)),
      position: fc.option(fc.nat(4)),
      sources: fc.array(fc.nat(9), { maxLength: 2 }),
      said: fc.uniqueArray(said, {
        minLength: 1,
        maxLength: 4,
        selector: ({ author, space }) => `${author}/${space}`,
      }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  rules: fc.array(fc.constantFrom(...RULES), { minLength: 3, maxLength: 3 }),
})

export interface Dot {
  readonly author: Did
  readonly space: SpaceName
  readonly atMs: number
}

export interface Element {
  readonly id: string
  /** A word that no other memory has. */
  readonly mark: string
  readonly tags: readonly string[]
  readonly thread: string | null
  /** Earliest first. */
  readonly dots: readonly Dot[]
}

export interface World extends AsyncDisposable {
  readonly spore: Spore
  readonly app: FastifyInstance
  readonly elements: readonly Element[]
  readonly authors: readonly Did[]
  /** Whether the operator’s rules, or what a space asks, keep an author out of a place. */
  isHidden(author: Did, place: 'id' | 'list' | 'context', space: SpaceName): boolean
}

/** Marks begin alike, so that misspelt they find one another. */
export const markOf = (place: number): string => `mark${place}x`
export const marksIn = (text: string): string[] => [...new Set(text.match(/mark\d+x/g) ?? [])].sort()
/** When the n-th thing was said. */
export const momentMs = (n: number): number => NOW_MS + n * MINUTE_MS

const HIDDEN = { id: ['block'], list: ['block', 'mute'], context: ['block', 'mute', 'limit'] } as const

export const must = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** `isDense`: it is searched by meaning, too. */
export async function openWorld({ memories, rules }: DrawnWorld, isDense = false): Promise<World> {
  const clock = { nowMs: NOW_MS }
  const spore = await openSpore(clock, isDense)
  const app = await createServer(spore, { version: '0.0.0-test' })
  const others = AUTHORS.slice(1).map((name) => createReplica({ name: `scope ${name}` }))
  const authors = [spore.did, ...others.map(({ signer }) => signer.did)]
  const spaceIds = await createSpaces(spore, authors.slice(1))
  const payloads = toPayloads(memories)
  const elements = payloads.map((payload, place) => ({
    id: cidOf(payload),
    mark: markOf(place),
    tags: payload.tags,
    thread: payload.thread,
    dots: [] as Dot[],
  }))

  let moment = 0
  for (const [place, { said }] of memories.entries())
    for (const { author, space } of said) {
      const atMs = momentMs(++moment)
      const payload = payloads[place]!
      elements[place]!.dots.push({ author: authors[author]!, space: SPACES[space]!, atMs })
      clock.nowMs = atMs
      if (author === 0) must(await spore.remember(toInput(payload, SPACES[space]!)))
      else await write(others[author - 1]!, payload, spaceIds[space]!, atMs)
    }
  clock.nowMs = momentMs(moment + 1)
  for (const other of others) await push(spore, other)
  for (const [i, action] of rules.entries())
    if (action) {
      const targets = [{ kind: 'author' as const, value: authors[i + 1]! }]
      must(await spore.moderation.rule({ action, targets }, 'test'))
    }
  must(await spore.setTrust(authors[SHOWN_THERE]!, { trust: 0.9 }))
  await spore.indexed()
  await spore.embedded()
  return {
    spore,
    app,
    elements,
    authors,
    isHidden(author, place, space) {
      const number = authors.indexOf(author)
      if (space === ASKING && number !== 0 && number !== SHOWN_THERE) return true
      const rule = rules[authors.indexOf(author) - 1]
      return rule != null && (HIDDEN[place] as readonly string[]).includes(rule)
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await spore[Symbol.asyncDispose]()
    },
  }
}

async function openSpore(clock: { readonly nowMs: number }, isDense: boolean): Promise<Spore> {
  const seed = sha256(utf8ToBytes('scope'))
  const { publicKey } = createSigner(seed)
  const store = createMemoryStore({ publicKey, network: NETWORK, epoch: new Uint8Array(8).fill(7) })
  let drawn = 0
  const spore = await createSpore(
    { name: 'scope', defaultSpace: 'private', pullIntervalMs: 3_600_000 },
    {
      clock: {
        now: () => clock.nowMs,
        sleep: (ms, signal) =>
          ms === 0 ? new Promise((turn) => setImmediate(turn)) : new Promise((end) => onAbort(signal, end)),
      },
      random: { bytes: (length) => new Uint8Array(length).fill(++drawn), float: () => 0.5 },
      log: silentLog,
      store,
      transport: {
        admit: () => err(failure('PEER_URL_INVALID', 'no peers in this test')),
        send: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
        stream: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
      },
      compression: zlibCompression,
      ...(isDense && { dense: createDense() }),
      seed,
    },
  )
  await spore.federation.start(null, [])
  return spore
}

/** Meaning as a model would tell it, in this process: words that are alike have vectors that are. */
const createDense = (): DensePorts => ({
  embedder: {
    model: 'test',
    dimension: null,
    batch: { texts: 8, chars: 10_000 },
    textChars: 8000,
    embed: async (texts) => ok(texts.map((text) => unit(embed(text, 32)))),
    problem: null,
  },
  vectors: createMemoryVectorIndex(),
  options: { entries: 'all', foreignCharsPerDay: 1e6, queryTimeoutMs: 1000 },
})

function onAbort(signal: AbortSignal | undefined, end: () => void): void {
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end, { once: true })
}

async function createSpaces(spore: Spore, members: readonly Did[]): Promise<readonly SpaceId[]> {
  const ids: SpaceId[] = ['private' as SpaceId, 'commons' as SpaceId]
  for (const name of SPACES.slice(2)) {
    const isAsking = name === ASKING
    const asks = isAsking && ({ type: 'open', writers: ASKED } as const)
    const { id } = must(await spore.createSpace({ name, ...asks }))
    if (!isAsking) for (const did of members) must(await spore.invite(id, { for: did }))
    ids.push(id as SpaceId)
  }
  return ids
}

function toPayloads(memories: readonly Drawn[]): readonly MemoryPayload[] {
  const payloads: MemoryPayload[] = []
  for (const [place, { text, tags, thread, position, sources }] of memories.entries())
    payloads.push({
      text: `${TEXTS[text]} ${markOf(place)}`,
      tags: [...tags].sort(),
      thread,
      position: thread === null ? null : position,
      speaker: null,
      sources: sources.filter((source) => source < place).map((source) => cidOf(payloads[source]!)),
    })
  return payloads
}

const cidOf = (payload: MemoryPayload): string => digestToCid(bytesToDigest(sha256(encodeMemory(payload))))

const toInput = ({ text, tags, thread, position, sources }: MemoryPayload, space: string) => ({
  text,
  tags: [...tags],
  ...(thread !== null && { thread }),
  ...(position !== null && { position }),
  sources: [...sources],
  space,
})

async function write(other: Replica, payload: MemoryPayload, space: SpaceId, atMs: number): Promise<void> {
  const references = payload.sources.map((id) => cidToDigest(id)!)
  await other.write(
    (draft) => draft.append({ space, kind: KINDS.memory, payload: encodeMemory(payload), references }),
    atMs,
  )
}

/** Everything that another has written, as its spore would push it. */
async function push(spore: Spore, other: Replica): Promise<void> {
  for (const { row } of other.memory.logs.values()) {
    if (logIdOf(other.memory.ownLog(row.space)) !== row.logId) continue
    const frames: Uint8Array[] = []
    for (let seq = 0; seq < row.next; seq++)
      frames.push(encodeFrame((await other.run(row.logId, seq))!, zlibCompression))
    const reply = decodePushReply(await spore.federation.push(concatBytes(...frames), other.signer.did))
    assert.equal(reply?.new, row.next, JSON.stringify(reply))
  }
}
