/**
 * The feed of the vectors: what may be found by meaning is embedded in the background, own entries first, and what is visible no
 * more loses its vector. It follows the change feed as the indexer does, by positions, so a backlog of a million costs no
 * memory; the positions are kept beside the vectors, so a start goes on where it was.
 *
 * Invariants: a vector is put only where its memory is wanted at that very moment, and every change of a memory is followed by a
 * look at it, so a retraction or purge is never undone by an answer that was under way; of foreign texts no more is sent on
 * one day than the budget says, whoever writes how much.
 */
import type { Digest } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { createChangeSignal } from '../base/signal.ts'
import { rowToChange } from '../memory/change.ts'
import type { Library } from '../memory/library.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { EntryRow, MemoryStore } from '../memory/store.ts'
import type { PayloadNews } from '../memory/writer.ts'
import type { Failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import { decodeMemory } from '../protocol/payloads.ts'
import { createEachEmbedder, type Text } from './each-embedder.ts'
import type { Embedder } from './embedder.ts'
import {
  type Embedded,
  type EmbeddingProgress,
  NO_PROGRESS,
  VECTOR_IDS_MAX,
  type VectorIndex,
} from './vector-index.ts'

/** Whose memory it is that is to have a vector; null for one that is to have none. */
export type Wanted = 'own' | 'foreign' | null

export interface EmbeddingFeed {
  /** Begins where the vectors say that it was. With `isPassive` nothing is embedded; what goes loses its vector all the same. */
  start(progress: EmbeddingProgress, isPassive?: boolean): void
  /** Follows the change feed: resolves when the vectors of what was purged are erased. */
  follow(applied: readonly Applied[], forks?: readonly AppliedFork[], payloads?: PayloadNews): Promise<void>
  /** Takes the vector of everything that is not wanted; `start` does that too. */
  sweep(): Promise<Result<void, Failure>>
  /** What is wanted may be another set now: looks at everything again. */
  revise(): void
  /** Ends the background work; resolves when nothing of it is under way. */
  stop(): Promise<void>
  /** Resolves when nothing waits that can be embedded now; for tests and commands. */
  settled(): Promise<void>
  readonly status: FeedStatus
}

export interface FeedStatus {
  /** Entries that were not looked at yet, most of which have no vector. */
  readonly waiting: number
  /** Texts that the provider refused since the start; they are found by their words. */
  readonly refused: number
  /** Characters of foreign texts sent today; and whether there are more that wait for tomorrow. */
  readonly spentChars: number
  readonly isSpent: boolean
  /** Why nothing is embedded just now. */
  readonly problem: Failure | null
}

export interface EmbeddingFeedDeps {
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly memory: Memory
  readonly library: Pick<Library, 'read'>
  readonly store: MemoryStore
  readonly clock: Clock
  readonly log: Log
  /** Whether a memory is to have a vector, by who carries it where. */
  readonly wants: (memory: Digest) => Wanted
  /** Characters of foreign texts that may be sent on one day. */
  readonly foreignCharsPerDay: number
  /** The vectors are of another model than those that come now. */
  readonly onChanged: (failure: Failure) => void
}

/** Entries that are read at a time: ~1 ms. */
const PAGE_ENTRIES = 64
/** Memories behind the positions that are remembered for another look; beyond, everything is looked at again. */
export const AGAIN_MAX = 4096
/** Entries without a text to embed after which the position is kept all the same. */
const KEPT_ENTRIES = 1024
/** After a failure without a word on when to come back, and between looks at the day. */
const FAILURE_PAUSE_S = 30
const DAY_LOOK_MS = 10 * 60_000
const DAY_MS = 24 * 60 * 60_000

/** Some texts of one lane, and what is reached with them. */
interface Batch {
  readonly texts: readonly Text[]
  readonly progress: EmbeddingProgress
  /** Of `again`: these need no other look then. */
  readonly looked?: readonly Digest[]
}

export function createEmbeddingFeed(deps: EmbeddingFeedDeps): EmbeddingFeed {
  const { embedder, index, memory, library, store, clock, log, wants } = deps
  let progress = NO_PROGRESS
  /** What was kept of it. */
  let kept = NO_PROGRESS
  const again = new Set<Digest>()
  const stopping = new AbortController()
  const { signal } = stopping
  const news = createChangeSignal()
  const idle = createChangeSignal()
  let loop: Promise<void> | null = null
  let isIdle = true
  let mustSweep = false
  /** Lanes that begin anew. */
  const restarts = new Set<'own' | 'foreign'>()
  const each = createEachEmbedder(embedder, signal)
  /** The day whose budget is used up. */
  let spentOn = -1
  let problem: Failure | null = null
  /** It came up in this very look. */
  let isBlocked = false
  let isOver = false

  // By a clock that was wrong for a while the budget begins anew once more; it is never stuck.
  const today = (): number => Math.floor(clock.now() / DAY_MS)
  const spentToday = (): number => (progress.day === today() ? progress.spentChars : 0)
  const charsOf = (text: string): number => Math.min(text.length, embedder.textChars)
  /** Whether so many characters of others may be sent today still. */
  const affords = (chars: number): boolean => spentToday() + chars <= deps.foreignCharsPerDay
  const isSpent = (): boolean => spentOn === today()

  // --- What is to be embedded ---

  /** The next texts: own ones first. Null where nothing waits that may be embedded today. */
  const nextBatch = async (): Promise<Batch | null> =>
    (await nextAgain()) ?? (await nextOf('own')) ?? (isSpent() ? null : await nextOf('foreign'))

  const nextAgain = async (): Promise<Batch | null> => {
    const looked = [...again].filter((id) => !isSpent() || wants(id) !== 'foreign').slice(0, PAGE_ENTRIES)
    if (looked.length === 0) return null
    const stored = await library.read(looked)
    const texts = stored.flatMap((one) => (one ? [{ id: one.id, text: one.payload.text }] : []))
    const lacking = await withoutVector(texts)
    if (!lacking) return null
    let chars = 0
    const dear = lacking.filter(({ id, text }) => {
      if (wants(id) !== 'foreign') return false
      if (!affords(chars + charsOf(text))) return true
      chars += charsOf(text)
      return false
    })
    if (dear.length > 0) spentOn = today()
    const waits = new Set(dear.map(({ id }) => id))
    return {
      texts: lacking.filter(({ id }) => !waits.has(id)),
      progress,
      looked: looked.filter((id) => !waits.has(id)),
    }
  }

  const nextOf = async (lane: 'own' | 'foreign'): Promise<Batch | null> => {
    const texts: Text[] = []
    let position = progress[lane]
    let chars = 0
    const reached = (): Batch => ({ texts, progress: { ...progress, [lane]: position } })
    while (position < memory.arrival && !signal.aborted) {
      const rows = await store.entriesAfter(position, PAGE_ENTRIES)
      const read = rows.map((row) => (row.arrival > memory.arrival ? null : textOf(row, lane)))
      const lacking = await withoutVector(read.filter((one) => one !== null))
      if (!lacking) return null
      for (const [i, row] of rows.entries()) {
        // Committed, and not yet part of what is visible: it comes back with the next look.
        if (row.arrival > memory.arrival) return reached()
        const one = read[i]
        if (one && lacking.includes(one)) {
          const size = charsOf(one.text)
          const isFull = texts.length >= embedder.batch.texts || chars + size > embedder.batch.chars
          if (isFull && texts.length > 0) return reached()
          if (lane === 'foreign' && !affords(chars + size)) {
            if (texts.length === 0) spentOn = today()
            return position === progress[lane] ? null : reached()
          }
          texts.push(one)
          chars += size
        }
        position = row.arrival
      }
      if (rows.length === 0) position = memory.arrival
      await clock.sleep(0)
    }
    return position === progress[lane] ? null : reached()
  }

  /** What an entry of a lane says, where it is to have a vector. */
  const textOf = (row: EntryRow, lane: 'own' | 'foreign'): Text | null => {
    const log = memory.logs.get(row.logId)
    if (!log || (log.author === memory.self) !== (lane === 'own')) return null
    return memory.quarantine.guard('read', row, null, () => {
      const change = rowToChange(row, log)
      if (change?.kind !== KINDS.memory || !change.payload || !memory.isVisibleDot(change)) return null
      const payload = wants(change.element) === null ? null : decodeMemory(change.payload)
      return payload && { id: change.element, text: payload.text }
    })
  }

  /** Those that are wanted and have no vector, each once; null where that cannot be told. */
  const withoutVector = async (texts: readonly Text[]): Promise<Text[] | null> => {
    const unique = [...new Map(texts.map((one) => [one.id, one])).values()]
    if (unique.length === 0) return []
    const missing = await index.missing(unique.map(({ id }) => id))
    if (!missing.ok) {
      wait(missing.error)
      return null
    }
    const lacking = new Set(missing.value)
    return unique.filter(({ id }) => lacking.has(id) && wants(id) !== null)
  }

  // --- Embedding it ---

  /** Takes one batch; false where it has to wait. */
  const take = async ({ texts, progress: reached, looked = [] }: Batch): Promise<boolean> => {
    const foreignChars = texts
      .filter(({ id }) => wants(id) === 'foreign')
      .reduce((sum, { text }) => sum + charsOf(text), 0)
    // Counted before it is sent: what fails may have cost something too.
    const spent = { day: today(), spentChars: spentToday() + foreignChars }
    progress = { ...progress, ...spent }
    const embedded = await each.embed(texts)
    if (!embedded.ok) return wait(embedded.error)
    // What was retracted or purged meanwhile has been looked at already.
    const items = embedded.value.filter(({ id }) => wants(id) !== null)
    const isKept = await keep(items, { ...reached, ...spent })
    if (!isKept) return false
    for (const id of looked) again.delete(id)
    problem = null
    return true
  }

  const keep = async (items: readonly Embedded[], reached: EmbeddingProgress): Promise<boolean> => {
    const far = Math.max(reached.own - kept.own, reached.foreign - kept.foreign)
    if (items.length > 0 || far >= KEPT_ENTRIES) {
      const put = await index.put(items, reached)
      if (!put.ok) {
        if (put.error.code === 'EMBEDDINGS_CHANGED') end(put.error)
        return wait(put.error)
      }
      kept = reached
    }
    progress = reached
    return true
  }

  const wait = (failed: Failure): false => {
    if (problem?.code !== failed.code && !signal.aborted)
      log.warn('embedding waits', { code: failed.code, detail: failed.detail })
    problem = failed
    isBlocked = true
    return false
  }

  const end = (failed: Failure): void => {
    isOver = true
    deps.onChanged(failed)
  }

  // --- What is to have no vector any more ---

  /** Looks at every vector; those that nobody may find by it go. */
  const sweep = async (): Promise<Result<void, Failure>> => {
    for (let from: number | null = 0; from !== null && !signal.aborted; ) {
      const page = await index.page(from)
      if (!page.ok) return page
      const gone = page.value.ids.filter((id) => wants(id) === null)
      // It may have been purged in a life before this one, which ended before its vector was erased.
      const removed = await index.remove(gone, gone.length > 0)
      if (!removed.ok) return removed
      from = page.value.next
      await clock.sleep(0)
    }
    return ok(undefined)
  }

  // --- The background ---

  const run = async (): Promise<void> => {
    while (!signal.aborted && !isOver) {
      const woken = news.wait()
      isBlocked = false
      if (mustSweep) {
        mustSweep = false
        const swept = await sweep()
        if (!swept.ok) wait(swept.error)
      }
      for (const lane of restarts) progress = { ...progress, [lane]: 0 }
      restarts.clear()
      const batch = isBlocked ? null : await nextBatch()
      if (batch && (await take(batch))) continue
      if (!isBlocked) problem = null
      if (signal.aborted || isOver) return
      isIdle = true
      idle.notify()
      await pause(woken)
      isIdle = false
    }
  }

  /** Until there is news, or time has come for another look at what waits. */
  const pause = async (woken: Promise<void>): Promise<void> => {
    if (!problem && !isSpent()) return woken
    const over = new AbortController()
    const pauseMs = problem ? (problem.retryAfterSeconds ?? FAILURE_PAUSE_S) * 1000 : DAY_LOOK_MS
    const slept = clock.sleep(pauseMs, AbortSignal.any([signal, over.signal]))
    // News do not make a provider answer: until then what comes waits too.
    await (problem ? slept : Promise.race([woken, slept]))
    over.abort()
  }

  return {
    start(from, isPassive = false) {
      const { arrival } = memory
      // Positions of another store would leave out what this one holds.
      const isOurs = from.own <= arrival && from.foreign <= arrival
      progress = isOurs ? from : { ...from, own: 0, foreign: 0 }
      kept = progress
      if (isPassive) {
        isOver = true
        return
      }
      mustSweep = true
      isIdle = false
      loop ??= run()
        .catch((error: unknown) => log.error('embedding broke', { error: String(error) }))
        .finally(() => {
          isOver = true
          isIdle = true
          idle.notify()
        })
    },
    sweep,
    async follow(applied, forks = [], { purged, restored } = { purged: [], restored: [] }) {
      const touched = new Set<Digest>([...forks.flatMap((fork) => fork.touched), ...purged, ...restored])
      for (const one of applied) {
        // What a memory's entry adds stands before the positions.
        if (one.change.kind !== KINDS.memory) for (const id of one.touched) touched.add(id)
      }
      const gone = [...touched].filter((id) => wants(id) === null)
      for (const id of touched) if (wants(id) !== null) lookAgain(id)
      const forgotten = forget(gone, purged.length > 0)
      news.notify()
      // Only who purges waits: nothing that is visible no more is found, with or without its vector.
      if (purged.length > 0) await forgotten
    },
    revise() {
      mustSweep = true
      // Whatever is ruled, own entries are shown.
      restarts.add('foreign')
      news.notify()
    },
    async stop() {
      stopping.abort()
      news.notify()
      await loop
      if (!isSameProgress(progress, kept)) await index.put([], progress)
    },
    async settled() {
      while (!isIdle || (!isOver && !problem && !isSpent() && waiting() > 0)) await idle.wait()
    },
    get status() {
      return {
        waiting: waiting(),
        refused: each.refused,
        spentChars: spentToday(),
        isSpent: isSpent(),
        problem,
      }
    },
  }

  function waiting(): number {
    return memory.arrival - Math.min(progress.own, progress.foreign) + again.size
  }

  function lookAgain(id: Digest): void {
    if (again.size < AGAIN_MAX) again.add(id)
    else restarts.add('own').add('foreign')
  }

  async function forget(ids: readonly Digest[], isPurge: boolean): Promise<void> {
    for (let at = 0; at < ids.length; at += VECTOR_IDS_MAX) {
      const removed = await index.remove(ids.slice(at, at + VECTOR_IDS_MAX), isPurge)
      if (!removed.ok) log.error('a vector could not be erased', { code: removed.error.code })
    }
  }
}

const isSameProgress = (a: EmbeddingProgress, b: EmbeddingProgress): boolean =>
  a.own === b.own && a.foreign === b.foreign && a.day === b.day && a.spentChars === b.spentChars
