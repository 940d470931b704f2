/** Recall: asks the index, and turns hits into what callers get. */
import type { z } from 'zod'
import type { Did, SpaceId } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import { type Clock, fineMs } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Shown } from '../moderation/shown.ts'
import {
  type ContextPack,
  type ContextQuery,
  type SearchInput,
  type SearchReply,
  searchQuerySchema,
} from '../protocol/api.ts'
import type { SearchMode } from '../protocol/api-embeddings.ts'
import type { Tier } from '../protocol/api-trust.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { createContextPack, type PackSource } from './context-pack.ts'
import type { Dense } from './dense.ts'
import type { Indexer } from './indexer.ts'
import type { RetrievalHit, RetrievalQuery, Retriever, Scope } from './retriever.ts'
import type { SearchMeter } from './search-meter.ts'
import { createStrangers, type Standing } from './strangers.ts'

/** A hit with the memory it found. */
export interface Recalled {
  readonly hit: RetrievalHit
  readonly memory: StoredMemory
  /** Whether it is a stranger's, and how far it is trusted. */
  readonly standing: Standing
}

/** Whose memories are recalled: of those who are trusted here, or of everybody. */
export type Whom = 'trusted' | 'everybody'

export interface Recall {
  search(input: SearchInput): Promise<Result<SearchReply, Failure>>
  /**
   * The best memories for a question within a scope; of strangers none, unless they are asked for: by who quotes them with their names
   * and lets no model read them.
   */
  recall(question: string, scope: Scope, limit: number, whom?: Whom): Promise<readonly Recalled[]>
  /** How telling each stem of a text is among what is remembered here. */
  stemWeights(text: string): ReadonlyMap<string, number>
  /** Recalled memories as quoted, fenced data for a model, cut to a token budget. */
  contextPack(query: ContextQuery): Promise<Result<ContextPack, Failure>>
}

export interface RecallDeps {
  readonly retriever: Retriever
  readonly indexer: Indexer
  /** Search by meaning; null for none. */
  readonly dense: Dense | null
  readonly library: Library
  readonly spaces: Spaces
  readonly clock: Clock
  readonly trustOf: (author: Did) => number | null
  /** Who is nobody in particular here: found and labelled, and read by no model until trusted or asked for. */
  readonly isQuarantined: (author: Did) => boolean
  /** What the trust in an author permits. */
  readonly tierOf: (author: Did) => Tier
  readonly shown: Shown
  /** This spore's own author. */
  readonly self: Did
  readonly meter: SearchMeter
}

/** Names the first field that is not what it must be. */
function invalid({ issues: [issue] }: z.ZodError): Failure {
  const path = issue?.path.map(String).join('.') ?? ''
  return failure('REQUEST_INVALID', `${path}: ${issue?.message ?? 'not valid'}`)
}

/** Memories that meaning finds, for each hit that is wanted, and at least: some fold, others are lifted by their place. */
const DENSE_FOR_EACH = 2
const DENSE_MIN = 100

/** Hits considered for a context pack before the budget cuts it. */
const PACK_HITS = 30

export function createRecall(deps: RecallDeps): Recall {
  const { retriever, indexer, dense, library, spaces, clock, shown, self, meter } = deps
  const strangers = createStrangers(deps)
  const recall: Recall['recall'] = async (question, scope, limit, whom = 'trusted') =>
    (await recallFor(question, scope, limit, whom)).found

  const recallFor = async (question: string, asked: Scope, limit: number, whom: Whom) => {
    await indexer.catchUpLittle()
    const isLimited = shown.hides('context')
    const scope = {
      ...asked,
      isHidden: whom === 'everybody' ? isLimited : either(isLimited, strangers.isQuarantined),
    }
    const meant = await byMeaning(question, scope, limit, undefined)
    const { hits } = retriever.search({
      text: question,
      limit,
      scope,
      nowMs: clock.now(),
      explain: false,
      ...meant.query,
    })
    const found = await withMemories(hits, 'who is seen')
    if (whom === 'everybody') return { found, degraded: meant.degraded }
    return { found: found.filter(({ standing }) => !standing.isStrange), degraded: meant.degraded }
  }

  /** What meaning finds for a query; and why that is less than was asked for. */
  const byMeaning = async (
    text: string,
    scope: Scope,
    limit: number,
    mode: SearchMode | undefined,
  ): Promise<{ query: Pick<RetrievalQuery, 'dense' | 'mode'>; degraded?: Failure }> => {
    const isWanted = mode !== 'lexical' && text.trim() !== '' && (mode !== undefined || dense?.isOn === true)
    if (!isWanted) return { query: {} }
    if (!dense) return { query: {}, degraded: failure('EMBEDDINGS_OFF', 'no model is configured') }
    const wanted = Math.max(DENSE_MIN, DENSE_FOR_EACH * limit)
    const found = await dense.find(text, retriever.inside(scope), wanted)
    if (!found.ok) return { query: {}, degraded: found.error }
    const { cosines, partial } = found.value
    return { query: { dense: cosines, mode: mode ?? 'hybrid' }, ...(partial && { degraded: partial }) }
  }

  /** `by`: whose word counts for each, that of all who remember it or of whom the scope lets be seen. */
  const withMemories = async (
    hits: readonly RetrievalHit[],
    by: 'anybody' | 'who is seen',
  ): Promise<Recalled[]> => {
    const stored = await library.read(hits.map(({ id }) => id))
    const found = hits.flatMap((hit, i) => {
      const memory = stored[i]
      return memory ? [{ hit, memory }] : []
    })
    const standings = await strangers.standingsOf(
      found.map(({ hit, memory }) =>
        by === 'anybody' ? { memory } : { memory, authors: [hit.provenance.author] },
      ),
    )
    return found.map((one, i) => ({ ...one, standing: standings[i] as Standing }))
  }

  return {
    async search(input) {
      const startedAt = clock.now()
      const startedAtMs = fineMs(clock)
      const parsed = searchQuerySchema.safeParse(input)
      if (!parsed.success) return err(invalid(parsed.error))
      const query = parsed.data
      const inSpaces = spaces.resolveAll(query.spaces)
      if (!inSpaces.ok) return inSpaces
      const scope: Scope = {
        ...(inSpaces.value && { spaces: inSpaces.value }),
        ...(query.authors && { authors: new Set(query.authors) }),
        ...(query.tags && { tags: query.tags }),
        ...(query.kinds && { kinds: new Set(query.kinds) }),
        ...(query.thread !== undefined && { thread: query.thread }),
        ...(query.since !== undefined && { sinceMs: Date.parse(query.since) }),
        ...(query.until !== undefined && { untilMs: Date.parse(query.until) }),
        isHidden: shown.hides('list'),
      }
      const without = query.without && new Set(query.without)
      if (query.mode === 'dense' && !dense?.isOn)
        return err(failure('EMBEDDINGS_OFF', 'set embeddings.url and embeddings.model, or search by words'))
      await indexer.catchUpLittle()
      const mode = without?.has('dense') ? 'lexical' : query.mode
      const meant = await byMeaning(query.q, scope, query.limit, mode)
      const reply = retriever.search({
        text: query.q,
        limit: query.limit,
        scope,
        nowMs: startedAt,
        without,
        isFolded: query.fold,
        explain: query.explain,
        ...meant.query,
      })
      const recalled = await withMemories(reply.hits, 'anybody')
      const tookMs = fineMs(clock) - startedAtMs
      meter.note(tookMs)
      return ok({
        hits: recalled.map(toHit),
        total: reply.total,
        isTotalExact: reply.isTotalExact,
        tookMs,
        mode: reply.mode,
        ...toDegraded(meant.degraded),
        ...(reply.removedBy.length > 0 && { removedBy: [...reply.removedBy] }),
      })
    },

    recall,
    stemWeights: retriever.stemWeights,

    async contextPack({ q, budget, spaces: names, strangers: isOpen = false }) {
      const inSpaces = spaces.resolveAll(names)
      if (!inSpaces.ok) return inSpaces
      const scope = { spaces: inSpaces.value }
      const { found, degraded } = await recallFor(q, scope, PACK_HITS, isOpen ? 'everybody' : 'trusted')
      const pack = createContextPack(found.map(toPackSource), {
        budgetTokens: budget,
        nowMs: clock.now(),
        isOwn: (author) => author === self,
      })
      return ok({ ...pack, items: [...pack.items], ...toDegraded(degraded) })
    },
  }

  function toDegraded(why: Failure | undefined): Pick<SearchReply, 'degraded'> {
    return why ? { degraded: { code: why.code, detail: why.detail } } : {}
  }

  function toHit({ hit, memory, standing }: Recalled): SearchReply['hits'][number] {
    const { payload } = memory
    const { author } = hit.provenance
    const label = shown.labelOf(author)
    return {
      id: digestToCid(memory.id),
      text: payload.text,
      score: hit.score,
      author,
      space: spaces.nameOf(hit.provenance.space),
      thread: payload.thread,
      position: payload.position,
      speaker: payload.speaker,
      tags: [...payload.tags],
      createdAt: new Date(hit.provenance.atMs).toISOString(),
      ...(author !== self && { tier: deps.tierOf(author) }),
      trust: standing.trust,
      ...(standing.isStrange && { quarantined: true }),
      ...(label && { moderation: label }),
      ...(hit.copies.length > 0 && {
        copies: hit.copies.map(({ id, author }) => ({ id: digestToCid(id), author })),
      }),
      ...(hit.parts && { parts: hit.parts }),
    }
  }

  function toPackSource({ hit, memory: { id, payload }, standing: { trust } }: Recalled): PackSource {
    const { author, atMs } = hit.provenance
    return {
      id: digestToCid(id),
      author,
      text: payload.text,
      atMs,
      trust,
      reason: payload.thread === null ? 'matches the question' : `matches the question, in ${payload.thread}`,
      score: hit.score,
      speaker: payload.speaker,
    }
  }
}

/** Hidden by one or the other. */
const either =
  (isHidden: Scope['isHidden'], isStrange: (author: Did) => boolean) =>
  (author: Did, space: SpaceId): boolean =>
    isHidden?.(author, space) === true || isStrange(author)
