/**
 * Search by meaning: embeds a question, finds the vectors closest to its own within a scope, and keeps vectors in step with
 * what is visible (`embedding-feed.ts`). It is an addition: whatever fails here, words still find, and the reply says why.
 *
 * No filter reaches the graph of neighbours. More neighbours are asked for than are wanted, and those outside of the scope are
 * left out; where a scope lets too few through, its own vectors are compared one by one.
 */
import { type BoundedMap, createBoundedMap } from '../base/bounded.ts'
import type { Digest } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Library } from '../memory/library.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Shown } from '../moderation/shown.ts'
import type { EmbeddingsView } from '../protocol/api-embeddings.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { Inside } from './contract.ts'
import type { Embedder } from './embedder.ts'
import { createEmbeddingFeed, type EmbeddingFeed, type Wanted } from './embedding-feed.ts'
import { closest, type Found } from './vector.ts'
import {
  type EmbeddingProgress,
  NEIGHBOURS_MAX,
  type Neighbours,
  NO_PROGRESS,
  VECTOR_IDS_MAX,
  type VectorIndex,
} from './vector-index.ts'

/** Whose texts are sent to the provider: own ones; those of others in open spaces too; all. */
export type EmbeddedEntries = 'own' | 'open' | 'all'

export interface DenseOptions {
  readonly entries: EmbeddedEntries
  /** Characters of others' texts that may be sent on one day. */
  readonly foreignCharsPerDay: number
  /** Milliseconds that a search waits for all of this. */
  readonly queryTimeoutMs: number
  /** True where memories are embedded by somebody else: a command that opens the folder leaves that to the spore that runs. */
  readonly isPassive?: boolean
}

export interface DensePorts {
  /** Null where no model is configured, and vectors of an earlier time are still there to be erased. */
  readonly embedder: Embedder | null
  readonly vectors: VectorIndex
  readonly options: DenseOptions
}

export interface DenseFound {
  /** Cosines of the closest memories inside the scope. */
  readonly cosines: ReadonlyMap<Digest, number>
  /** Why not every memory could be among them; null where all could. */
  readonly partial: Failure | null
}

export interface Dense {
  /** Whether a model is configured. */
  readonly isOn: boolean
  /** Opens the vectors and follows what is visible, in the background. */
  start(): void
  readonly follow: EmbeddingFeed['follow']
  /** What is visible to whom may be something else now. */
  revise(): void
  /** The memories closest to a text. Failures: those of `Embedder` and `VectorIndex`, EMBEDDINGS_OFF, EMBEDDINGS_BEHIND. */
  find(text: string, inside: Inside, wanted: number): Promise<Result<DenseFound, Failure>>
  /** Drops all vectors and embeds everything again. Failures EMBEDDINGS_OFF, VECTORS_UNREADABLE. */
  reindex(): Promise<Result<EmbeddingsView, Failure>>
  /** Resolves when everything that can be embedded now is. */
  settled(): Promise<void>
  status(): EmbeddingsView
  stop(): Promise<void>
}

export interface DenseDeps extends DensePorts {
  readonly memory: Memory
  readonly library: Pick<Library, 'read'>
  readonly spaces: Pick<Spaces, 'typeOf'>
  readonly shown: Pick<Shown, 'rulesOut'>
  readonly store: MemoryStore
  readonly clock: Clock
  readonly log: Log
}

/** Questions whose vectors are remembered: pages of one search ask the same. 1.5 MB at 1,536 numbers. */
const QUESTIONS_MAX = 256
/** Questions that are embedded at a time; one more is answered by words. */
export const QUESTIONS_UNDER_WAY_MAX = 16
/** Milliseconds that a search waits for the vectors to be opened: to start their thread takes half of it. */
const OPENING_MS = 300
/** Neighbours asked for at first, for each that is wanted. */
const OVERFETCH = 2
/** Vectors inside a narrow scope that are compared one by one: ~100 ms of the thread. What is beyond counts as far away. */
export const SCANNED_MAX = 32_768

export function createDense(deps: DenseDeps): Dense {
  const { embedder, vectors, options, memory, spaces, shown, clock, log } = deps
  let questions: BoundedMap<string, Float32Array<ArrayBuffer>> = createBoundedMap(QUESTIONS_MAX)
  let underWay = 0
  /** Why meaning cannot be searched at all; null while it can. */
  let broken: Failure | null = embedder
    ? failure('EMBEDDINGS_BEHIND', 'the vectors are being opened')
    : failure('EMBEDDINGS_OFF', 'no model is configured (embeddings.url, embeddings.model)')
  let feed = createFeed()
  let turn: Promise<unknown> = Promise.resolve()
  let opened = embedder === null
  const stopping = new AbortController()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.catch((error: unknown) => log.error('the vectors broke', { error: String(error) }))
    return done
  }

  const wants = (id: Digest): Wanted => {
    const isOut = shown.rulesOut('list')
    let found: Wanted = null
    for (const { logId } of memory.dotsOf(id)) {
      const known = memory.logs.get(logId)
      if (!known) continue
      // Without a model nothing is embedded; what is there goes only where it is visible no more.
      if (known.author === memory.self || !embedder) return 'own'
      if (options.entries === 'own' || isOut?.(known.author)) continue
      if (options.entries === 'all' || spaces.typeOf(known.row.space) === 'open') found = 'foreign'
    }
    return found
  }

  function createFeed(): EmbeddingFeed {
    return createEmbeddingFeed({
      ...deps,
      embedder: embedder ?? NOBODY,
      index: vectors,
      wants: (id) => wants(id),
      foreignCharsPerDay: options.foreignCharsPerDay,
      onChanged: (changed) => {
        broken = changed
        log.error('meaning is not searched', { code: changed.code, detail: changed.detail })
      },
    })
  }

  const open = async (): Promise<void> => {
    const { model, dimension } = embedder ?? { model: '', dimension: null }
    const found = await vectors.open({ model, dimension })
    opened = true
    if (stopping.signal.aborted) return
    if (embedder && found.ok) return begin(found.value)
    if (embedder && !found.ok) {
      broken = found.error
      log.error('meaning is not searched', { code: broken.code, detail: broken.detail })
    }
    // What was purged is to be gone from vectors that are of no use now, too.
    if (!options.isPassive) await feed.sweep()
  }

  const begin = (progress: EmbeddingProgress): void => {
    broken = null
    feed.start(progress, options.isPassive)
  }

  // --- Questions ---

  const embedQuestion = async (text: string): Promise<Result<Float32Array<ArrayBuffer>, Failure>> => {
    const known = questions.get(text)
    if (known) return ok(known)
    if (!embedder) return err(failure('EMBEDDINGS_OFF', 'no model is configured'))
    if (underWay >= QUESTIONS_UNDER_WAY_MAX)
      return err(failure('EMBEDDINGS_TIMEOUT', `${QUESTIONS_UNDER_WAY_MAX} questions are being embedded`))
    underWay++
    try {
      const found = await embedder.embed([text], { purpose: 'query', timeoutMs: options.queryTimeoutMs })
      const vector = found.ok ? found.value[0] : undefined
      if (!vector) return err(found.ok ? failure('EMBEDDINGS_FAILED', 'no vector came') : found.error)
      questions.set(text, vector)
      return ok(vector)
    } finally {
      underWay--
    }
  }

  const search = async (
    text: string,
    inside: Inside,
    wanted: number,
    endMs: number,
  ): Promise<Result<DenseFound, Failure>> => {
    const vector = await embedQuestion(text)
    if (!vector.ok) return vector
    let count = Math.min(NEIGHBOURS_MAX, wanted * OVERFETCH)
    for (;;) {
      const near = await vectors.nearest(vector.value, count)
      if (!near.ok) return near
      const found = toFound(near.value).filter(({ id }) => inside.has(id))
      const isExhausted = near.value.ids.length < count
      if (found.length >= wanted || isExhausted || clock.now() >= endMs)
        return ok(answer(found, wanted, near.value.isComplete))
      const share = found.length / near.value.ids.length
      const needed = share > 0 ? Math.ceil((OVERFETCH * wanted) / share) : Number.POSITIVE_INFINITY
      if (count < NEIGHBOURS_MAX && needed <= NEIGHBOURS_MAX) {
        count = Math.min(NEIGHBOURS_MAX, Math.max(needed, 2 * count))
        continue
      }
      const scanned = await scan(vector.value, inside, wanted, endMs)
      if (!scanned.ok) return scanned
      return ok(answer([...found, ...scanned.value.found], wanted, scanned.value.isWhole))
    }
  }

  /** Compares what is inside of a narrow scope, some at a time. */
  const scan = async (
    vector: Float32Array<ArrayBuffer>,
    inside: Inside,
    wanted: number,
    endMs: number,
  ): Promise<Result<{ found: readonly Found[]; isWhole: boolean }, Failure>> => {
    let best: Found[] = []
    let ids: Digest[] = []
    let scanned = 0
    for (let from: number | null = 0; from !== null; ) {
      const page = inside.page(from)
      ids.push(...page.ids)
      from = page.next
      if (from !== null && ids.length < VECTOR_IDS_MAX) {
        await clock.sleep(0)
        continue
      }
      for (let at = 0; at < ids.length; at += VECTOR_IDS_MAX) {
        const near = await vectors.scan(vector, ids.slice(at, at + VECTOR_IDS_MAX), wanted)
        if (!near.ok) return near
        best = closest([...best, ...toFound(near.value)], wanted)
      }
      scanned += ids.length
      ids = []
      if (from !== null && (scanned >= SCANNED_MAX || clock.now() >= endMs))
        return ok({ found: best, isWhole: false })
    }
    return ok({ found: best, isWhole: true })
  }

  const answer = (found: readonly Found[], wanted: number, isWhole: boolean): DenseFound => {
    const cosines = new Map(closest(found, wanted).map(({ id, cosine }) => [id, cosine]))
    const { waiting } = feed.status
    if (waiting > 0)
      return { cosines, partial: failure('EMBEDDINGS_BEHIND', `${waiting} entries wait to be embedded`) }
    const partial = isWhole
      ? null
      : failure('EMBEDDINGS_BEHIND', 'not every vector could be compared in time')
    return { cosines, partial }
  }

  return {
    isOn: embedder !== null,
    start: () => void inTurn(open),
    follow: (...news) => feed.follow(...news),
    revise: () => feed.revise(),
    async find(text, inside, wanted) {
      // A command that opens the folder for one search would else be told each time that it came too early.
      if (!opened) await Promise.race([turn, clock.sleep(OPENING_MS, stopping.signal)])
      if (broken) return err(broken)
      if (vectors.status.vectors === 0 && feed.status.waiting > 0)
        return err(feed.status.problem ?? failure('EMBEDDINGS_BEHIND', 'nothing is embedded yet'))
      // A question costs something too.
      if (vectors.status.vectors === 0) return ok({ cosines: new Map(), partial: null })
      const over = new AbortController()
      const endMs = clock.now() + options.queryTimeoutMs
      const late = failure('EMBEDDINGS_TIMEOUT', `not done in ${options.queryTimeoutMs} ms`)
      const timeout = clock.sleep(options.queryTimeoutMs, over.signal).then(() => err(late))
      const searching = search(text, inside, wanted, endMs)
      // Nobody waits for what is too late.
      searching.catch((error: unknown) => log.error('a search by meaning broke', { error: String(error) }))
      try {
        return await Promise.race([searching, timeout])
      } finally {
        over.abort()
      }
    },
    reindex: () =>
      inTurn(async () => {
        if (!embedder) return err(broken as Failure)
        const { spentChars } = feed.status
        await feed.stop()
        questions = createBoundedMap(QUESTIONS_MAX)
        const { model, dimension } = embedder
        const reset = await vectors.reset({ model, dimension })
        feed = createFeed()
        if (!reset.ok) {
          broken = reset.error
          return reset
        }
        if (!stopping.signal.aborted)
          begin({ ...NO_PROGRESS, day: Math.floor(clock.now() / DAY_MS), spentChars })
        return ok(view())
      }),
    settled: async () => {
      await turn
      await feed.settled()
    },
    status: view,
    async stop() {
      stopping.abort()
      await feed.stop()
      await turn
      await vectors[Symbol.asyncDispose]()
    },
  }

  function view(): EmbeddingsView {
    const { dimension, vectors: count, kind, unbuilt, bytes, note } = vectors.status
    const { waiting, refused, spentChars, isSpent, problem } = feed.status
    const trouble = embedder ? (broken ?? problem ?? embedder.problem) : null
    return {
      isOn: embedder !== null,
      model: embedder?.model ?? null,
      dimension,
      vectors: count,
      waiting: embedder ? waiting : 0,
      refused,
      index: kind,
      unbuilt,
      bytes,
      foreignCharsToday: spentChars,
      isBudgetSpent: isSpent,
      problem: trouble && { code: trouble.code, detail: trouble.detail },
      note,
    }
  }
}

const DAY_MS = 24 * 60 * 60_000

const toFound = ({ ids, cosines }: Neighbours): Found[] => ids.map((id, i) => ({ id, cosine: cosines[i]! }))

/** In the place of a model where there is none. */
const NOBODY: Embedder = {
  model: '',
  dimension: null,
  batch: { texts: 1, chars: 1 },
  textChars: 1,
  embed: async () => err(failure('EMBEDDINGS_OFF', 'no model is configured')),
  problem: null,
}
