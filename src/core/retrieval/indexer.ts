/**
 * The indexer: keeps the index in step with what is visible. Own writes are indexed before they are acknowledged;
 * everything else in the background, in short slices, so that neither a sync nor a start waits for the index.
 *
 * Invariants: what is put into the index is always the visible state at that moment, never what an entry once said; each
 * change of a memory is followed by a look at it. So the index comes to the same state in whatever order they happen,
 * and a retraction is never undone by an add that waited. Entries wait as positions and are read from the store again:
 * a backlog of a million costs no memory.
 */
import type { Digest } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { type Change, rowToChange } from '../memory/change.ts'
import { timeToMs } from '../memory/clock.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { PayloadNews } from '../memory/writer.ts'
import { KINDS } from '../protocol/kinds.ts'
import { decodeMemory, sourceDigests } from '../protocol/payloads.ts'
import { createIndexAudit, type IndexAudit } from './index-audit.ts'
import type { IndexKeeper } from './index-keeper.ts'
import { createIndexSaver } from './index-saver.ts'
import type { RetrievalDocument, Retriever } from './retriever.ts'

export interface Indexer {
  /** Follows the change feed: resolves when own entries are indexed and purged ones gone, and has noted the others. */
  follow(applied: readonly Applied[], forks?: readonly AppliedFork[], payloads?: PayloadNews): Promise<void>
  /**
   * Takes in the index that an earlier process kept, if there is one; before anything is indexed. True where it is what is visible
   * to this day, so that it may be searched at once.
   */
  load(): Promise<boolean>
  /** Compares what was taken in with what is visible, once that is known; what is lacking is indexed after `start`. */
  resume(): Promise<void>
  /** Starts to index what the store holds. */
  start(): void
  /** Ends the background work, and keeps the index; resolves when nothing of it is under way. */
  stop(): Promise<void>
  /** Makes sure that what was removed is kept nowhere. Rejects with `SporeError` STORE_WRITE_FAILED. */
  erase(): Promise<void>
  /** Entries and memories that wait. */
  readonly behind: number
  /** Resolves when nothing that waits now waits any longer; works without regard to what else is going on. */
  catchUp(): Promise<void>
  /** The same where little waits; at once where it is more than `CATCH_UP_MAX`. For whoever is about to search. */
  catchUpLittle(): Promise<void>
}

export interface IndexerDeps {
  readonly retriever: Retriever
  readonly memory: Memory
  readonly library: Library
  readonly store: MemoryStore
  readonly clock: Clock
  readonly log: Log
  /** Where the index is kept between two runs; nowhere unless given. */
  readonly keeper?: IndexKeeper | null
  /** Documents from which on that is worth it; `KEPT_DOCUMENTS_MIN` unless given. */
  readonly keptMin?: number | undefined
}

/** Milliseconds of one slice: a request that comes in between waits no longer. */
const SLICE_MS = 10
/** Entries that are read at a time: at 60 µs each well below a slice, whatever the clock says. */
const SLICE_ENTRIES = 64
/** Share of the time that indexing takes while foreign entries come in: they are what the processor is for then. */
const BUSY_SHARE = 0.1
/** Foreign entries are coming in until none have come for this long. */
const QUIET_MS = 500

/** Entries that a search waits for, at most: 10 ms. Two small spores then find at once what they tell one another. */
export const CATCH_UP_MAX = 64

export function createIndexer(deps: IndexerDeps): Indexer {
  const { retriever, memory, library, store, clock, log } = deps
  /** Every entry up to this arrival is indexed. */
  let position = 0
  /** Memories to look at again, whose entries lie before `position`. */
  const touched = new Set<Digest>()
  /** Slices and own writes take turns, so that nobody puts what another has just found outdated. */
  let turn: Promise<unknown> = Promise.resolve()
  let loop: Promise<void> | null = null
  let lastForeignMs = Number.NEGATIVE_INFINITY
  /** Something was taken out of the index since it was last found tidy. */
  let mayBeUntidy = false
  const stopping = new AbortController()
  const { signal } = stopping
  /** Looks for what an index that was kept lacks; null where nothing is to be looked for. */
  let audit: IndexAudit | null = null
  /** What was kept is not compared yet with what is visible: until then nothing is indexed but what changes. */
  let isUnchecked = false
  /** Those who wait for their turn. */
  let waiting = 0

  const lacking = (): number => (audit ? Math.max(0, memory.memories - retriever.documents) : 0)
  const behind = (): number => memory.arrival - position + touched.size + lacking()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    waiting++
    const done = turn.then(() => {
      waiting--
      return work()
    })
    turn = done.catch(() => {})
    return done
  }

  const saver = createIndexSaver({
    ...deps,
    inTurn,
    isWanted: () => waiting > 0,
    exactAt: () => (behind() === 0 && !audit ? position : null),
  })

  // --- Looking at memories ---

  /** Brings the index in line with the visible state of these memories. */
  const refresh = async (ids: readonly Digest[]): Promise<void> => {
    const stored = await library.read(ids)
    for (const [i, id] of ids.entries()) {
      const one = stored[i]
      if (one) put(one)
      else remove(id)
    }
  }

  /** Makes a memory findable; one that cannot be is not, and nothing else waits for it. */
  const put = (stored: StoredMemory): void => {
    const isIn = memory.quarantine.guard('index', stored.dots[0] as Change, false, () => {
      retriever.put(toDocument(stored))
      saver.note(1)
      return true
    })
    // Nothing of it that got in may be found.
    if (!isIn) remove(stored.id)
  }

  const remove = (id: Digest): void => {
    retriever.remove(id)
    saver.note(1)
    mayBeUntidy = true
  }

  /** The same for what entries brought: the usual one is the only dot of its memory, and all is at hand. */
  const refreshFrom = async (changes: readonly Change[], others: readonly Digest[]): Promise<void> => {
    const unread = new Set(others)
    for (const change of changes) {
      const stored = unread.has(change.element) ? null : onlyDot(change)
      if (stored) put(stored)
      else unread.add(change.element)
    }
    if (unread.size > 0) await refresh([...unread])
  }

  const onlyDot = (change: Change): StoredMemory | null => {
    if (!change.payload || memory.dotCountOf(change.element) !== 1 || !memory.isVisibleDot(change))
      return null
    const payload = decodeMemory(change.payload)
    return payload && { id: change.element, payload, dots: [change] }
  }

  // --- The background ---

  /** Indexes some of what waits. */
  const slice = async (): Promise<void> => {
    const startedAtMs = clock.now()
    if (touched.size > 0) {
      const ids: Digest[] = []
      for (const id of touched) {
        touched.delete(id)
        if (ids.push(id) === SLICE_ENTRIES) break
      }
      return refresh(ids)
    }
    if (audit) {
      const lacks = audit.next(SLICE_ENTRIES)
      if (audit.isOver) audit = null
      return refresh(lacks)
    }
    if (position === memory.arrival) {
      mayBeUntidy = retriever.tidy(SLICE_ENTRIES)
      return
    }
    const isOver = (): boolean => clock.now() - startedAtMs >= SLICE_MS
    const rows = await store.entriesAfter(position, SLICE_ENTRIES)
    for (const row of rows) {
      // Committed, and not yet part of what is visible: it comes back with the next slice.
      if (row.arrival > memory.arrival) return
      const state = memory.logs.get(row.logId)
      const change = state && memory.quarantine.guard('decode', row, null, () => rowToChange(row, state))
      if (change?.kind === KINDS.memory) await refreshFrom([change], [])
      position = row.arrival
      if (isOver()) return
    }
    // Nothing behind what is applied is lacking in the store; were it, waiting for it would never end.
    if (rows.length === 0) position = memory.arrival
  }

  const run = async (): Promise<void> => {
    while ((behind() > 0 || audit || mayBeUntidy) && !signal.aborted) {
      const startedAtMs = clock.now()
      await inTurn(slice)
      const tookMs = Math.max(1, Math.min(clock.now() - startedAtMs, SLICE_MS))
      const isBusy = Math.abs(clock.now() - lastForeignMs) < QUIET_MS
      await clock.sleep(isBusy ? tookMs / BUSY_SHARE - tookMs : 0, signal)
    }
  }

  const wake = (): void => {
    const isIdle = behind() === 0 && !audit && !mayBeUntidy
    if (loop || isUnchecked || isIdle || signal.aborted) return
    loop = run()
      .catch((error: unknown) => log.error('indexing broke', { error: String(error) }))
      .finally(() => {
        loop = null
        saver.wake()
      })
  }

  return {
    async follow(applied, forks = [], { purged, restored } = { purged: [], restored: [] }) {
      for (const fork of forks) for (const id of fork.touched) touched.add(id)
      const own: Applied[] = []
      for (const one of applied) {
        if (one.change.author === memory.self) own.push(one)
        // What a foreign retraction hit stands before the position, or is looked at when the position gets there.
        // So is a memory whose damaged payload came back behind the position.
        else if (one.change.kind !== KINDS.memory || one.change.arrival <= position)
          for (const id of one.touched) touched.add(id)
      }
      if (own.length < applied.length) lastForeignMs = clock.now()
      const changed = [...purged, ...restored]
      if (forks.length + changed.length > 0) saver.noteChange()
      if (changed.length > 0) await inTurn(() => refresh(changed))
      if (own.length > 0) await inTurn(() => indexOwn(own, applied))
      wake()
    },
    async load() {
      const loaded = (await deps.keeper?.load()) ?? null
      isUnchecked = loaded !== null
      if (!loaded) return false
      const [newest] = await store.entriesBefore(Number.MAX_SAFE_INTEGER, 1)
      return loaded.exactAt === (newest?.arrival ?? 0)
    },
    async resume() {
      const index = retriever.kept
      if (!isUnchecked || !index) return
      audit = createIndexAudit({ index, memory, clock })
      position = memory.arrival
      const before = retriever.documents
      await audit.prune()
      saver.note(before - retriever.documents)
      isUnchecked = false
      mayBeUntidy = true
    },
    start: wake,
    async stop() {
      stopping.abort()
      await loop
      await turn
      await saver.stop()
    },
    async erase() {
      await saver.erase()
      mayBeUntidy = true
      wake()
    },
    get behind() {
      return behind()
    },
    catchUp: () => catchUp(),
    async catchUpLittle() {
      if (isUnchecked || behind() === 0 || behind() > CATCH_UP_MAX) return
      try {
        await catchUp(() => lacking() > 0)
      } catch (error) {
        // What is indexed can be searched all the same.
        log.error('indexing broke', { error: String(error) })
      }
    },
  }

  async function catchUp(isLacking = () => audit !== null): Promise<void> {
    const end = memory.arrival
    while ((position < end || touched.size > 0 || isLacking()) && !signal.aborted) {
      await inTurn(slice)
      await clock.sleep(0)
    }
  }

  async function indexOwn(own: readonly Applied[], applied: readonly Applied[]): Promise<void> {
    const changes = own.map(({ change }) => change)
    const adds = changes.filter(({ kind }) => kind === KINDS.memory)
    await refreshFrom(
      adds,
      own.flatMap(({ change, touched }) => (change.kind === KINDS.memory ? [] : touched)),
    )
    // Nobody waits in front of them: then they need not be read again.
    const [first, last] = [applied[0]?.change, applied.at(-1)?.change]
    if (own.length === applied.length && first && last && position === first.arrival - 1)
      position = last.arrival
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
    provenance: dots.map(({ space, author, clock, logId, seq }) => ({
      space,
      author,
      atMs: timeToMs(clock),
      dot: { logId, seq },
    })),
  }
}
