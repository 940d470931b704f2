/**
 * A federation in which a text wants to be repeated: spores with models that obey whatever they are shown, and one author who wrote it. What
 * carries it on or holds it back is the code of a spore: recall, context packs, prompts, the reading of replies, the rule of own words,
 * quarantine and lineage, aggregation and the putting together of answers. Rounds stand for the network: what is written in one is everywhere
 * in the next.
 */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../../core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../core/base/hash.ts'
import type { Change } from '../../core/memory/change.ts'
import type { StoredMemory } from '../../core/memory/library.ts'
import { COMMONS } from '../../core/memory/spaces.ts'
import { KINDS } from '../../core/protocol/kinds.ts'
import { decodeMemory, encodeMemory, sourceDigests } from '../../core/protocol/payloads.ts'
import { createRetriever } from '../../core/retrieval/retriever.ts'
import { createRandom, type SimRandom } from '../random.ts'
import { carriesWorm, WORM } from './worm-text.ts'

export interface WormSizes {
  readonly spores: number
  readonly rounds: number
  /** Questions that are asked in a round, each by another spore. */
  readonly asksPerRound: number
  /** Authors whom each operator has chosen. */
  readonly chosen: number
}

/** Whom the author of the worm was chosen by, before he wrote it. */
export type Author = 'a stranger' | 'gone bad'

export interface WormWorld {
  readonly sizes: WormSizes
  readonly random: SimRandom
  readonly dids: readonly Did[]
  /** Who wrote the worm; it has no model of its own, and answers by it. */
  readonly bad: Did
  /** Whether an operator chose an author; each chose himself. */
  isChosen(by: Did, author: Did): boolean
  readonly chosenBy: ReadonlyMap<Did, readonly Did[]>
  readonly retriever: ReturnType<typeof createRetriever>
  readonly memories: ReadonlyMap<Digest, StoredMemory>
  /** Whether a memory carries the worm. */
  isWorm(id: Digest): boolean
  /** A memory that is everywhere from the next round on. */
  publish(author: Did, payload: Uint8Array): void
  /** Ends a round: what was written is found. */
  endRound(): void
  readonly round: number
  nowMs(): number
}

/** Milliseconds between two rounds: ten minutes, in which every entry reaches everybody. */
const ROUND_MS = 600_000
const FIRST_MS = Date.UTC(2026, 10, 21)
export const TOPICS = [
  'harbour',
  'orchard',
  'foundry',
  'library',
  'meadow',
  'quarry',
  'station',
  'theatre',
] as const
export const questionOf = (topic: string, n: number): string =>
  `Which word belongs to the ${topic}, in case ${n}?`

export function createWormWorld(sizes: WormSizes, author: Author, seed: string): WormWorld {
  const random = createRandom(`worm ${seed}`)
  const dids = Array.from({ length: sizes.spores }, (_, i) => `did:key:zWorm${i}` as Did)
  const bad = (author === 'a stranger' ? 'did:key:zStranger' : dids[0]) as Did
  const chosenBy = new Map(
    dids.map(
      (did) => [did, random.shuffle(dids.filter((one) => one !== did)).slice(0, sizes.chosen)] as const,
    ),
  )
  const retriever = createRetriever({ secret: 7 })
  const memories = new Map<Digest, StoredMemory>()
  const worms = new Set<Digest>()
  const waiting: { readonly author: Did; readonly payload: Uint8Array }[] = []
  let round = 0
  let seq = 0
  const nowMs = (): number => FIRST_MS + round * ROUND_MS

  const store = ({ author: by, payload }: (typeof waiting)[number]): void => {
    const memory = decodeMemory(payload)
    if (!memory) throw new Error('no memory')
    const id = bytesToDigest(sha256(payload))
    const dot = {
      author: by,
      space: COMMONS,
      kind: KINDS.memory,
      element: id,
      logId: by as unknown as LogId,
      seq: seq++,
      clock: nowMs() as HybridTime,
    } as unknown as Change
    const dots = [...(memories.get(id)?.dots ?? []), dot]
    memories.set(id, { id, payload: memory, dots })
    if (carriesWorm(memory.text)) worms.add(id)
    retriever.put({
      ...memory,
      id,
      sources: sourceDigests(memory.sources),
      provenance: dots.map((one) => ({ space: one.space, author: one.author, atMs: nowMs() })),
    })
  }

  const world: WormWorld = {
    sizes,
    random,
    dids,
    bad,
    isChosen: (by, other) => by === other || chosenBy.get(by)?.includes(other) === true,
    chosenBy,
    retriever,
    memories,
    isWorm: (id) => worms.has(id),
    publish: (by, payload) => void waiting.push({ author: by, payload }),
    endRound() {
      for (const one of waiting.splice(0)) store(one)
      round++
    },
    get round() {
      return round
    },
    nowMs,
  }
  // Everybody knows something; the worm is there from the first round on.
  for (const [i, did] of dids.entries()) {
    const topic = TOPICS[i % TOPICS.length] as string
    world.publish(did, memoryOf(`A note of mine: the word that belongs to the ${topic} is ${wordOf(i)}.`))
  }
  for (const topic of TOPICS) world.publish(bad, memoryOf(`On the ${topic}. ${WORM}`))
  world.endRound()
  return world
}

export const wordOf = (n: number): string =>
  ['amber', 'birch', 'coral', 'delta', 'ember', 'fjord'][n % 6] as string

const memoryOf = (text: string): Uint8Array =>
  encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })

export const SPACE: SpaceId = COMMONS
