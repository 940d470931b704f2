/**
 * What the thread of the vectors does, one call at a time: keeps them in their file, compares all of them while they are few,
 * and builds and asks a graph of neighbours where they are many.
 *
 * Invariants: the file is the truth and the graph is made from it, so whatever happens to the graph costs time and nothing else;
 * a vector that was removed is erased from the file, and from what the graph writes; a slot is free, compared one by one, or
 * in the graph, never two of these.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../core/base/brand.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import { changeOf, closest, type Found, isUnit } from '../../core/retrieval/vector.ts'
import {
  type EmbeddingProgress,
  NEIGHBOURS_MAX,
  type Neighbours,
  NO_PROGRESS,
  VECTOR_DIMENSION_MAX,
  VECTOR_IDS_MAX,
  type VectorIndex,
  type VectorsOwner,
  type VectorsStatus,
} from '../../core/retrieval/vector-index.ts'
import {
  createGraph,
  type Graph,
  type GraphOptions,
  type HnswLibrary,
  loadGraph,
  shredGraph,
} from './graph.ts'
import { createSlots, firstOf, type Slots } from './slots.ts'
import { createVectorFile, openVectorFile, shredFile, type VectorFile } from './vector-file.ts'
import { createVectorRows, type VectorRows } from './vector-rows.ts'

type Vector = Float32Array<ArrayBuffer>

export interface VectorEngineOptions {
  /** Where the files are; null keeps everything in memory. */
  readonly folder: string | null
  /** Null where it is not installed: then all are compared, however many. */
  readonly library: HnswLibrary | null
  /** Vectors up to which all are compared. */
  readonly exactMax: number
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
}

/** Calls of the port (`core/retrieval/vector-index.ts`) that cross threads. */
export type VectorCall = 'open' | 'reset' | 'put' | 'remove' | 'missing' | 'page' | 'nearest' | 'scan'

type Unawaited<Call> = Call extends (...args: infer Args) => Promise<infer Value>
  ? (...args: Args) => Value
  : never

/** As the port, without waiting. */
export type VectorEngine = { readonly [Call in VectorCall]: Unawaited<VectorIndex[Call]> } & {
  readonly status: VectorsStatus
  /** Builds a little of the graph, or saves it; true while there is more to do. */
  work(): boolean
  close(): void
}

/** Names of the files in the data folder. */
export const VECTOR_FILE = 'vectors.bin'
export const GRAPH_FILE = 'vectors.hnsw'

/** Milliseconds of one slice of building: a query that comes in between waits no longer. */
const SLICE_MS = 2
/** Unbuilt vectors that a query compares one by one beside the graph; with more, its answer is not complete. */
export const UNBUILT_COMPARED_MAX = 10_000
/** The graph is saved where this share of it has changed since, and not more often than so. */
const SAVE_SHARE = 0.05
const SAVE_INTERVAL_MS = 5 * 60_000
/** The same when it is closed: less is built again sooner than it is written. */
const CLOSE_SHARE = 0.01
/** Milliseconds for what must be overwritten before that: a stop is over in four seconds. */
const CLOSE_ERASE_MS = 500
/** Bytes of a vector's place in the graph beside the vector, about: its links. */
const LINKS_BYTES = 170

export function createVectorEngine(options: VectorEngineOptions): VectorEngine {
  const { folder, library, exactMax, now } = options
  const pathOf = (name: string): string | null => (folder === null ? null : join(folder, name))
  const graphPath = pathOf(GRAPH_FILE)
  let owner: VectorsOwner | null = null
  let file: VectorFile | null = null
  let slots: Slots = createSlots()
  let rows: VectorRows = createVectorRows(null)
  let graph: Graph | null = null
  /** Slots that the graph is to have, and does not have yet. */
  const unbuilt = new Set<number>()
  let progress: EmbeddingProgress = NO_PROGRESS
  let note: string | null = null
  /** Changes of the graph since it was saved; and when that was. */
  let unsaved = 0
  let savedAtMs = Number.NEGATIVE_INFINITY
  let isUnreadable = false
  /** The vectors are of another model: they are there to be removed and for nothing else. */
  let isOfAnother = false
  /** There is a file, or it is known how long vectors are. */
  let isBegun = false
  /** What was saved holds vectors that were removed since. */
  let isSavedStale = false

  const clear = (): void => {
    file?.[Symbol.dispose]()
    file = null
    graph = null
    slots = createSlots()
    rows = createVectorRows(null)
    unbuilt.clear()
    progress = NO_PROGRESS
    note = null
    unsaved = 0
    isSavedStale = false
    isBegun = false
    isUnreadable = false
    isOfAnother = false
  }

  const graphOptions = (): GraphOptions | null => {
    const dimension = owner?.dimension ?? null
    return library && owner && dimension !== null
      ? { library, owner: { model: owner.model, dimension }, path: graphPath }
      : null
  }

  // --- The graph ---

  /** Begins a graph where there are enough vectors for one, and ends one that is mostly what was removed. */
  const tend = (): void => {
    if (graph && graph.removed > exactMax && graph.removed > graph.size) {
      graph = null
      unbuilt.clear()
    }
    if (graph || isOfAnother) return
    const made = slots.size > exactMax ? graphOptions() : null
    if (made) {
      graph = createGraph(made, slots.size)
      for (const slot of slots.all()) unbuilt.add(slot)
    }
    if (!rows.isKept) rows.keep(slots.all())
  }

  const save = (): void => {
    if (!graph) return
    savedAtMs = now()
    try {
      graph.save(slots.checksums((slot) => graph?.has(slot) === true))
      unsaved = 0
      isSavedStale = false
    } catch (error) {
      // It is built again at the next start.
      note = `the graph could not be saved (${(error as NodeJS.ErrnoException).code ?? String(error)})`
    }
  }

  /** Overwrites what the graph holds of what was removed; true where more of it is left. */
  const eraseUntil = (endMs: number): boolean => {
    while (graph && graph.unerased > 0) {
      if (now() >= endMs) return true
      graph.eraseOne()
    }
    return false
  }

  const isSaveDue = (share: number): boolean =>
    graphPath !== null && graph !== null && unbuilt.size === 0 && unsaved > share * graph.size

  /** Takes over the graph that was saved, where it fits; what it lacks is built. */
  const restore = (): void => {
    const made = slots.size > exactMax ? graphOptions() : null
    const loaded = made && loadGraph(made)
    if (!loaded) {
      // Of no use, and it still tells of vectors that are gone.
      if (graphPath !== null) shredGraph(graphPath)
      return
    }
    graph = loaded.graph
    for (let slot = 0; slot < Math.max(loaded.checksums.length, slots.end); slot++) {
      const isSame = slots.has(slot) && slots.checksum(slot) === (loaded.checksums[slot] ?? 0)
      if (!isSame && graph.has(slot)) {
        graph.remove(slot)
        unsaved++
        isSavedStale = true
      }
      if (!isSame && slots.has(slot)) unbuilt.add(slot)
    }
  }

  // --- Opening ---

  const load = (opened: VectorFile): void => {
    file = opened
    isBegun = true
    slots = createSlots()
    rows = createVectorRows(opened)
    const records = opened.records()
    let next = records.next()
    for (; !next.done; next = records.next()) {
      const { slot, id, checksum } = next.value
      // A vector is never moved, so nothing is there twice but what somebody copied: one is enough.
      if (slots.find(id) >= 0) opened.erase(slot)
      else slots.take(slot, id, checksum)
    }
    const reached = opened.readProgress()
    progress = reached ?? NO_PROGRESS
    if (next.value.torn > 0 || !reached) {
      // What is lost is found again by looking at everything: nothing that is there is embedded twice.
      progress = { ...progress, own: 0, foreign: 0 }
      opened.writeProgress(progress)
      if (next.value.torn > 0) note = `${next.value.torn} damaged vectors were dropped, and are made again`
    }
    rows.drop()
    if (isOfAnother && graphPath !== null) shredGraph(graphPath)
    else restore()
    tend()
  }

  const begin = (dimension: number): void => {
    if (!owner) throw new Error('vectors before they are opened')
    owner = { ...owner, dimension }
    const path = pathOf(VECTOR_FILE)
    if (path !== null) file = createVectorFile(path, { model: owner.model, dimension })
    rows = createVectorRows(file, dimension)
    isBegun = true
  }

  /** Erases the vector of an element, where it has one. */
  const drop = (id: Digest): void => {
    const slot = slots.find(id)
    if (slot < 0) return
    slots.release(slot)
    unbuilt.delete(slot)
    file?.erase(slot)
    rows.erase(slot)
    // What is not in the graph any more may be in what was saved of it.
    isSavedStale = true
    if (!graph?.has(slot)) return
    graph.remove(slot)
    unsaved++
  }

  // --- Comparing ---

  const compared = (vector: Vector, among: Iterable<number>): Found[] => {
    const found: Found[] = []
    for (const slot of among) found.push({ id: slots.id(slot), cosine: rows.cosine(slot, vector) })
    return found
  }

  const answer = (found: readonly Found[], isComplete: boolean): Result<Neighbours, Failure> =>
    ok({ ids: found.map(({ id }) => id), cosines: found.map(({ cosine }) => cosine), isComplete })

  const checked = (vector: Vector): Failure | null => {
    const dimension = owner?.dimension ?? null
    if (dimension !== null && vector.length !== dimension)
      return changeOf(owner as VectorsOwner, { model: owner?.model ?? '', dimension: vector.length })
    if (vector.length > 0 && vector.length <= VECTOR_DIMENSION_MAX && isUnit(vector)) return null
    return failure('EMBEDDINGS_FAILED', 'a vector without length, or of what is no number')
  }

  return {
    open(wanted) {
      clear()
      owner = wanted
      const path = pathOf(VECTOR_FILE)
      if (path === null) return ok(progress)
      mkdirSync(folder as string, { recursive: true, mode: 0o700 })
      const opened = openVectorFile(path)
      isUnreadable = !opened.ok
      if (!opened.ok)
        return err(
          failure('VECTORS_UNREADABLE', `${VECTOR_FILE}: ${opened.error}; "spore reindex" makes it anew`),
        )
      if (!opened.value) {
        // A graph without the vectors that it was made from is of no use, and still tells of them.
        shredGraph(graphPath as string)
        return ok(progress)
      }
      const changed = changeOf(opened.value.owner, wanted)
      owner = opened.value.owner
      isOfAnother = changed !== null
      load(opened.value)
      return changed ? err(changed) : ok(progress)
    },
    reset(wanted) {
      clear()
      owner = wanted
      const path = pathOf(VECTOR_FILE)
      if (path === null) return ok(undefined)
      shredGraph(graphPath as string)
      for (const name of [`${path}.draft`, path]) shredFile(name)
      return ok(undefined)
    },
    put(items, reached) {
      for (const { vector } of items) {
        const wrong = checked(vector)
        if (wrong) return err(wrong)
        if (!isBegun) begin(vector.length)
      }
      for (const { id, vector } of items) {
        drop(id)
        const slot = slots.free()
        slots.take(slot, id, file ? file.write(slot, id, vector) : 1)
        rows.set(slot, vector)
        if (graph) unbuilt.add(slot)
      }
      progress = reached
      if (file) {
        if (items.length > 0) file.sync()
        file.writeProgress(reached)
      }
      tend()
      return ok(undefined)
    },
    remove(ids, isPurge) {
      for (const id of ids) drop(id)
      tend()
      if (!isPurge) return ok(undefined)
      // Whose vectors these are cannot be read, so all of them go.
      if (isUnreadable) shredFile(pathOf(VECTOR_FILE) as string)
      if (isUnreadable) shredGraph(graphPath as string)
      file?.sync()
      if (graphPath !== null && isSavedStale && existsSync(graphPath)) {
        shredGraph(graphPath)
        unsaved = Number.POSITIVE_INFINITY
      }
      isSavedStale = false
      return ok(undefined)
    },
    missing: (ids) => ok(ids.filter((id) => slots.find(id) < 0)),
    page(from) {
      const ids: Digest[] = []
      let slot = from
      for (; slot < slots.end && ids.length < VECTOR_IDS_MAX; slot++)
        if (slots.has(slot)) ids.push(slots.id(slot))
      return ok({ ids, next: slot < slots.end ? slot : null })
    },
    nearest(vector, count) {
      const wrong = checked(vector)
      if (wrong) return err(wrong)
      const wanted = Math.min(count, NEIGHBOURS_MAX)
      if (!graph) return answer(closest(compared(vector, slots.all()), wanted), true)
      const found = graph.search(vector, wanted)
      const inGraph = found.slots.flatMap((slot, i): Found[] =>
        slots.has(slot) && !unbuilt.has(slot) ? [{ id: slots.id(slot), cosine: found.cosines[i]! }] : [],
      )
      const beside = compared(vector, firstOf(unbuilt, UNBUILT_COMPARED_MAX))
      return answer(closest([...inGraph, ...beside], wanted), unbuilt.size <= UNBUILT_COMPARED_MAX)
    },
    scan(vector, ids, count) {
      const wrong = checked(vector)
      if (wrong) return err(wrong)
      const among = ids.map((id) => slots.find(id)).filter((slot) => slot >= 0)
      return answer(closest(compared(vector, among), Math.min(count, NEIGHBOURS_MAX)), true)
    },
    get status(): VectorsStatus {
      const { dimension } = owner ?? { dimension: null }
      const point = 4 * (dimension ?? 0) + LINKS_BYTES
      const isMissing = library === null && slots.size > exactMax
      return {
        model: owner?.model ?? '',
        dimension,
        vectors: slots.size,
        unbuilt: unbuilt.size,
        kind: graph ? 'hnsw' : 'exact',
        note: isMissing ? 'hnswlib-node is not installed: every search compares all vectors' : note,
        bytes: rows.bytes + slots.bytes + (graph ? (graph.size + graph.removed) * point : 0),
      }
    },
    work() {
      const endMs = now() + SLICE_MS
      if (graph && unbuilt.size > 0) {
        for (const slot of unbuilt) {
          graph.add(slot, rows.get(slot))
          unbuilt.delete(slot)
          unsaved++
          if (now() >= endMs) break
        }
        if (unbuilt.size > 0) return true
        // From now on the graph has them all, and what it lacks is read from the file.
        if (file) rows.drop()
      }
      if (eraseUntil(endMs)) return true
      const isFirst = savedAtMs === Number.NEGATIVE_INFINITY
      if (isSaveDue(SAVE_SHARE) && (isFirst || now() - savedAtMs >= SAVE_INTERVAL_MS)) save()
      return false
    },
    close() {
      // With too much that was removed it is not saved: building it again costs nothing but time.
      if (isSaveDue(CLOSE_SHARE) && !eraseUntil(now() + CLOSE_ERASE_MS)) save()
      file?.[Symbol.dispose]()
      file = null
    },
  }
}
