/**
 * The production core as one simulated machine runs it: a whole spore, or its replicating half with the library where
 * retrieval and reasoning do not matter. Both are the composition roots of the core itself.
 */
import type { Digest, SpaceId } from '../core/base/brand.ts'
import { cidToDigest } from '../core/base/hash.ts'
import type { Result } from '../core/base/result.ts'
import type { Federation } from '../core/gossip/federation.ts'
import { createSigner, createVerifier } from '../core/identity/keys.ts'
import type { Appended } from '../core/memory/draft.ts'
import { createLibrary, type Library } from '../core/memory/library.ts'
import { createSpaces } from '../core/memory/spaces.ts'
import type * as api from '../core/protocol/api.ts'
import type { Failure } from '../core/protocol/errors.ts'
import { CONTEXT_TOKENS_MIN, PAGE_MAX } from '../core/protocol/limits.ts'
import type { Ask } from '../core/reasoning/calling.ts'
import type { Serve } from '../core/reasoning/neighbourhood.ts'
import { createReplication } from '../core/replication.ts'
import { createSpore, type Spore, type SporePorts } from '../core/spore.ts'
import type { VisibleSet } from './oracle.ts'

export type EngineKind = 'whole' | 'half'

export interface Engine extends AsyncDisposable {
  readonly federation: Federation
  /** Entries folded in so far, memories visible, and rows of the peer table. */
  readonly entries: number
  readonly memories: number
  readonly peers: number
  /** Stamp of the view that peers get. */
  stamp(): string
  remember(inputs: readonly api.RememberInput[]): Promise<readonly Result<api.Remembered, Failure>[]>
  retract(id: string): Promise<Result<api.Retracted, Failure>>
  /** Everything that the library lists. */
  visible(): Promise<VisibleSet>
  /** Looks around as an agent would; nothing at a half spore. */
  look(query: string): Promise<void>
  /** The whole spore; null at a half one. */
  readonly spore: Spore | null
  /** Writes an entry that no route makes; null at a whole spore. */
  readonly append:
    | ((space: SpaceId, kind: number, payload: Uint8Array) => Promise<Result<Appended, Failure>>)
    | null
}

export interface EngineOptions {
  readonly kind: EngineKind
  readonly name: string
  readonly pullIntervalMs: number
  readonly serve?: Serve
  readonly ask?: Ask
}

const SPACE = 'commons'

export async function createEngine(options: EngineOptions, ports: SporePorts): Promise<Engine> {
  return options.kind === 'whole' ? wholeEngine(options, ports) : halfEngine(options, ports)
}

async function wholeEngine(
  { name, pullIntervalMs, serve, ask }: EngineOptions,
  ports: SporePorts,
): Promise<Engine> {
  const spore = await createSpore(
    { name, defaultSpace: SPACE, pullIntervalMs, ...(serve && { serve }), ...(ask && { ask }) },
    ports,
  )
  return {
    federation: spore.federation,
    get entries() {
      return spore.health().entries
    },
    get memories() {
      return spore.health().memories
    },
    get peers() {
      return spore.peers().length
    },
    stamp: () => spore.federation.heads(null, null).stamp,
    remember: spore.rememberMany,
    retract: spore.retract,
    visible: () => listVisible(spore.memories),
    async look(query) {
      await spore.search({ q: query, limit: 5 })
      await spore.contextPack({ q: query, budget: CONTEXT_TOKENS_MIN })
      await spore.submitTask({ task: query })
    },
    spore,
    append: null,
    [Symbol.asyncDispose]: () => spore[Symbol.asyncDispose](),
  }
}

async function halfEngine({ name, pullIntervalMs }: EngineOptions, ports: SporePorts): Promise<Engine> {
  const signer = createSigner(ports.seed)
  const spaces = createSpaces(SPACE)
  const replication = createReplication(
    { name, pullIntervalMs, spaces },
    { ...ports, signer, verifier: createVerifier() },
  )
  const { memory, writer, gossip, federation, replica } = replication
  const trustOf = (author: string): number | null => (author === signer.did ? 1 : null)
  const library = createLibrary({ memory, writer, store: ports.store, spaces, trustOf })
  await replication.replay(async () => {})
  return {
    federation,
    get entries() {
      return memory.entries
    },
    get memories() {
      return memory.memories
    },
    get peers() {
      return gossip.peers.all().length
    },
    stamp: replica.whole.stamp,
    remember: library.remember,
    retract: library.retract,
    visible: () => listVisible(library.page),
    look: async () => {},
    spore: null,
    append: (space, kind, payload) =>
      writer.write((draft) => draft.append({ space, kind, payload, references: [] })),
    [Symbol.asyncDispose]: () => replication[Symbol.asyncDispose](),
  }
}

/** Pages through the library to its end. */
async function listVisible(page: Library['page']): Promise<VisibleSet> {
  const visible = new Map<Digest, readonly string[]>()
  for (let cursor: string | undefined; ; ) {
    const answer = await page({ limit: PAGE_MAX, ...(cursor === undefined ? {} : { cursor }) })
    if (!answer.ok) throw new Error(`a page of memories: ${answer.error.code} ${answer.error.detail}`)
    for (const { id, dots } of answer.value.recent)
      visible.set(cidToDigest(id) as Digest, dots.map(({ log, seq }) => `${log}/${seq}`).sort())
    if (answer.value.cursor === null) return visible
    cursor = answer.value.cursor
  }
}
