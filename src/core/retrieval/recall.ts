/** Recall: keeps the index in step with what is visible, and turns hits into what callers get. */
import type { Did, Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import type { Change } from '../memory/change.ts'
import { timeToMs } from '../memory/clock.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import {
  type ContextPack,
  type ContextQuery,
  type SearchInput,
  type SearchReply,
  searchQuerySchema,
} from '../protocol/api.ts'
import type { Failure } from '../protocol/errors.ts'
import { decodeMemory, sourceDigests } from '../protocol/payloads.ts'
import { createContextPack, type PackSource } from './context-pack.ts'
import type { RetrievalDocument, RetrievalHit, Retriever, Scope } from './retriever.ts'

/** A hit with the memory it found. */
export interface Recalled {
  readonly hit: RetrievalHit
  readonly memory: StoredMemory
}

export interface Recall {
  /** Follows the change feed. */
  follow(
    applied: readonly Applied[],
    forks?: readonly AppliedFork[],
    purged?: readonly Digest[],
  ): Promise<void>
  search(input: SearchInput): Promise<Result<SearchReply, Failure>>
  /** The best memories for a question within a scope. */
  recall(question: string, scope: Scope, limit: number): Promise<readonly Recalled[]>
  /** How telling each stem of a text is among what is remembered here. */
  stemWeights(text: string): ReadonlyMap<string, number>
  /** Recalled memories as quoted, fenced data for a model, cut to a token budget. */
  contextPack(query: ContextQuery): Promise<Result<ContextPack, Failure>>
}

export interface RecallDeps {
  readonly retriever: Retriever
  readonly memory: Memory
  readonly library: Library
  readonly spaces: Spaces
  readonly clock: Clock
  readonly trustOf: (author: Did) => number | null
}

/** Hits considered for a context pack before the budget cuts it. */
const PACK_HITS = 30

export function createRecall({ retriever, memory, library, spaces, clock, trustOf }: RecallDeps): Recall {
  const recall: Recall['recall'] = async (question, scope, limit) => {
    const { hits } = retriever.search({ text: question, limit, scope, explain: false })
    return withMemories(hits)
  }

  /** The usual change is the one dot of a new memory: all that the index needs is then at hand. */
  const onlyDot = (change: Change): RetrievalDocument | null => {
    const payload = change.payload && decodeMemory(change.payload)
    const isOnly = memory.dotsOf(change.element).length === 1 && memory.isVisibleDot(change)
    return payload && isOnly ? toDocument({ id: change.element, payload, dots: [change] }) : null
  }

  const withMemories = async (hits: readonly RetrievalHit[]): Promise<Recalled[]> => {
    const found = await library.read(hits.map(({ id }) => id))
    return hits.flatMap((hit, i) => {
      const stored = found[i]
      return stored ? [{ hit, memory: stored }] : []
    })
  }

  return {
    async follow(applied, forks = [], purged = []) {
      const unread = new Set<Digest>(forks.flatMap(({ touched }) => touched).concat(purged))
      for (const { change, touched } of applied)
        for (const id of touched) {
          const document = id === change.element && onlyDot(change)
          if (document && !unread.has(id)) retriever.put(document)
          else unread.add(id)
        }
      const ids = [...unread]
      const stored = await library.read(ids)
      for (const [i, id] of ids.entries()) {
        const one = stored[i]
        if (one) retriever.put(toDocument(one))
        else retriever.remove(id)
      }
    },

    async search(input) {
      const startedAt = clock.now()
      const query = searchQuerySchema.parse(input)
      const inSpaces = spaces.resolveAll(query.spaces)
      if (!inSpaces.ok) return inSpaces
      const scope: Scope = {
        ...(inSpaces.value && { spaces: inSpaces.value }),
        ...(query.authors && { authors: new Set(query.authors) }),
        ...(query.tags && { tags: query.tags }),
        ...(query.thread !== undefined && { thread: query.thread }),
        ...(query.since !== undefined && { sinceMs: Date.parse(query.since) }),
        ...(query.until !== undefined && { untilMs: Date.parse(query.until) }),
      }
      const reply = retriever.search({ text: query.q, limit: query.limit, scope, explain: query.explain })
      const recalled = await withMemories(reply.hits)
      return ok({
        hits: recalled.map(toHit),
        total: reply.total,
        tookMs: clock.now() - startedAt,
        mode: reply.mode,
        ...(reply.removedBy.length > 0 && { removedBy: [...reply.removedBy] }),
      })
    },

    recall,
    stemWeights: retriever.stemWeights,

    async contextPack({ q, budget, spaces: names }) {
      const inSpaces = spaces.resolveAll(names)
      if (!inSpaces.ok) return inSpaces
      const found = await recall(q, { spaces: inSpaces.value }, PACK_HITS)
      const pack = createContextPack(found.map(toPackSource), { budgetTokens: budget, nowMs: clock.now() })
      return ok({ ...pack, items: [...pack.items] })
    },
  }

  function toHit({ hit, memory }: Recalled): SearchReply['hits'][number] {
    const { payload } = memory
    return {
      id: digestToCid(memory.id),
      text: payload.text,
      score: hit.score,
      author: hit.provenance.author,
      space: hit.provenance.space,
      thread: payload.thread,
      position: payload.position,
      speaker: payload.speaker,
      tags: [...payload.tags],
      createdAt: new Date(hit.provenance.atMs).toISOString(),
      trust: trustOf(hit.provenance.author),
      ...(hit.parts && { parts: hit.parts }),
    }
  }

  function toPackSource({ hit, memory: { id, payload } }: Recalled): PackSource {
    const { author, atMs } = hit.provenance
    return {
      id: digestToCid(id),
      author,
      text: payload.text,
      atMs,
      trust: trustOf(author),
      reason: payload.thread === null ? 'matches the question' : `matches the question, in ${payload.thread}`,
      score: hit.score,
      speaker: payload.speaker,
    }
  }
}

/** What the index needs of a memory. */
function toDocument({ id, payload, dots }: StoredMemory): RetrievalDocument {
  return {
    id,
    text: payload.text,
    tags: payload.tags,
    thread: payload.thread,
    position: payload.position,
    speaker: payload.speaker,
    sources: sourceDigests(payload.sources),
    provenance: dots.map((dot) => ({ space: dot.space, author: dot.author, atMs: timeToMs(dot.clock) })),
  }
}
