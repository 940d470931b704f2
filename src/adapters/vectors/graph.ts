/**
 * A graph of near neighbours (HNSW: Malkov & Yashunin 2018) over vectors by slot, by `hnswlib-node`.
 *
 * That package ends the process, or answers wrongly, where it is given what it does not expect: points that are no numbers, labels
 * beyond 32 bits, a filter that throws, a file of another dimension or a damaged one. So nothing reaches it unchecked: points
 * and labels are looked at before each call, no filter is ever passed, and a file is read only where its hash is the one that
 * was noted when it was written.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import type { HierarchicalNSW } from 'hnswlib-node'
import { publishFile } from '../publish-file.ts'
import { fileBytes, shredFile, type VectorFileOwner } from './vector-file.ts'

export type HnswLibrary = Pick<typeof import('hnswlib-node'), 'HierarchicalNSW'>

export interface Graph {
  /** Points that are found. */
  readonly size: number
  /** Points that were removed and still take their place. */
  readonly removed: number
  /** Of these, points whose vector is still there. */
  readonly unerased: number
  has(slot: number): boolean
  /** Adds a point, or moves the one that the slot has. 1 ms at 100,000 points. */
  add(slot: number, vector: Float32Array): void
  /** Takes a point out: it is found no more. Its vector stays until `eraseOne` overwrites it, or another point does. */
  remove(slot: number): void
  /** Overwrites the vector of one of them. 8 ms at 20,000 points. */
  eraseOne(): void
  /** The closest `count` or fewer. */
  search(
    vector: Float32Array,
    count: number,
  ): { readonly slots: readonly number[]; readonly cosines: readonly number[] }
  /** Writes the graph, whole or not at all, with the checksum of each slot's record. Nothing removed may wait to be erased. */
  save(checksums: Uint32Array): void
}

export interface GraphOptions {
  readonly library: HnswLibrary
  readonly owner: VectorFileOwner
  /** Where it is saved; null where it is not. */
  readonly path: string | null
}

/** Links of a point on each level, and width of the beam when one is added and when neighbours are looked for. */
const LINKS = 16
const BUILD_WIDTH = 200
export const SEARCH_WIDTH_MIN = 128
/** Points that there is room for at first, and by how much it grows: moving 100,000 takes ~10 ms. */
const ROOM_MIN = 1024
const GROWTH = 1.5
/** Of the library's levels: the same points in the same order make the same graph. */
const SEED = 1
const LABEL_MAX = 2 ** 32 - 1
const FORMAT = 1
const HASH_BYTES = 32
const CHUNK_BYTES = 1024 * 1024

/** What a slot is: not known, found, or taken out. */
const NONE = 0
const LIVE = 1
const REMOVED = 2

/** The file that says what the graph's file holds. */
export const notesOf = (path: string): string => `${path}.notes`

export function createGraph(options: GraphOptions, room: number): Graph {
  const index = new options.library.HierarchicalNSW('ip', options.owner.dimension)
  index.initIndex(Math.max(ROOM_MIN, room), LINKS, BUILD_WIDTH, SEED)
  return wrap(index, options, new Map())
}

/**
 * The graph that was saved, and the checksums of what it holds by slot; null where there is none, or where it is not to the
 * byte the one that was written for this owner.
 */
export function loadGraph(
  options: GraphOptions,
): { readonly graph: Graph; readonly checksums: Uint32Array } | null {
  const { path, library, owner } = options
  if (path === null || !existsSync(path) || !existsSync(notesOf(path))) return null
  const notes = readNotes(readFileSync(notesOf(path)))
  if (
    !notes ||
    notes.format !== FORMAT ||
    notes.model !== owner.model ||
    notes.dimension !== owner.dimension ||
    notes.bytes !== fileBytes(path) ||
    notes.sha256 !== hashFile(path)
  )
    return null
  const index = new library.HierarchicalNSW('ip', owner.dimension)
  try {
    index.readIndexSync(path)
  } catch {
    // The disk was full when it was written, which the library does not say: it is what was written, and not whole.
    return null
  }
  if (index.getCurrentCount() !== notes.count) return null
  const { checksums } = notes
  const states = new Map(
    index.getIdsList().map((slot) => [slot, (checksums[slot] ?? 0) === 0 ? REMOVED : LIVE]),
  )
  return { graph: wrap(index, options, states), checksums }
}

/** Removes what was saved, so that it cannot be read. */
export function shredGraph(path: string): void {
  for (const file of [notesOf(path), path, `${path}.draft`, `${notesOf(path)}.draft`]) shredFile(file)
}

function wrap(
  index: HierarchicalNSW,
  { owner, path }: GraphOptions,
  known: ReadonlyMap<number, number>,
): Graph {
  const { dimension } = owner
  let states = new Uint8Array(ROOM_MIN)
  let size = 0
  let removed = 0
  /** Slots whose vector is still there. */
  const readable = new Set<number>()
  const mark = (slot: number, state: number): void => {
    if (slot >= states.length) {
      const wider = new Uint8Array(Math.max(slot + 1, 2 * states.length))
      wider.set(states)
      states = wider
    }
    const before = states[slot]!
    size += Number(state === LIVE) - Number(before === LIVE)
    removed += Number(state === REMOVED) - Number(before === REMOVED)
    states[slot] = state
  }
  for (const [slot, state] of known) mark(slot, state)

  const toPoint = (vector: Float32Array): number[] => {
    if (vector.length !== dimension) throw new Error(`a vector of ${vector.length} numbers, not ${dimension}`)
    const point = new Array<number>(dimension)
    for (let i = 0; i < dimension; i++) {
      const number = vector[i]!
      if (!Number.isFinite(number)) throw new Error('a vector holds what is no number')
      point[i] = number
    }
    return point
  }

  const checkLabel = (slot: number): void => {
    if (!Number.isInteger(slot) || slot < 0 || slot > LABEL_MAX) throw new Error(`${slot} is no label`)
  }

  return {
    get size() {
      return size
    },
    get removed() {
      return removed
    },
    get unerased() {
      return readable.size
    },
    has: (slot) => states[slot] === LIVE,
    add(slot, vector) {
      checkLabel(slot)
      const point = toPoint(vector)
      const isNew = (states[slot] ?? NONE) === NONE
      if (isNew && index.getCurrentCount() >= index.getMaxElements())
        index.resizeIndex(Math.ceil(index.getMaxElements() * GROWTH))
      // A label that was marked as deleted is taken back and moved: that is how a slot is used again. `replaceDeleted` would
      // hand its place to another label and, later, drop this one's.
      index.addPoint(point, slot)
      mark(slot, LIVE)
      readable.delete(slot)
    },
    remove(slot) {
      checkLabel(slot)
      if (states[slot] !== LIVE) return
      index.markDelete(slot)
      mark(slot, REMOVED)
      readable.add(slot)
    },
    eraseOne() {
      const [slot] = readable
      if (slot === undefined) return
      readable.delete(slot)
      index.addPoint(meaningless(slot, dimension), slot)
      index.markDelete(slot)
    },
    search(vector, count) {
      const point = toPoint(vector)
      const wanted = Math.min(count, size)
      if (wanted <= 0) return { slots: [], cosines: [] }
      index.setEf(Math.max(SEARCH_WIDTH_MIN, wanted))
      const { neighbors, distances } = index.searchKnn(point, wanted)
      return { slots: neighbors, cosines: distances.map((distance) => 1 - distance) }
    },
    save(checksums) {
      if (path === null) return
      if (readable.size > 0) throw new Error('what was removed would be written')
      const draft = `${path}.draft`
      // The library would make a file that others can read.
      writeFileSync(draft, '', { mode: 0o600 })
      index.writeIndexSync(draft)
      const count = index.getCurrentCount()
      const notes = writeNotes(
        {
          format: FORMAT,
          ...owner,
          count,
          bytes: fileBytes(draft),
          sha256: hashFile(draft),
        },
        checksums,
      )
      writeFileSync(`${notesOf(path)}.draft`, notes, { mode: 0o600 })
      // Between the two the notes are of another graph, whose hash is not the one they name.
      publishFile(draft, path)
      publishFile(`${notesOf(path)}.draft`, notesOf(path))
    },
  }
}

/**
 * What stands where a point was: a direction that says nothing, another one for each slot. Many points in one place would
 * only be linked with one another.
 */
function meaningless(slot: number, dimension: number): number[] {
  let state = slot + 1
  const point = Array.from({ length: dimension }, () => {
    // A linear congruential generator (Numerical Recipes): any numbers do.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  })
  const length = Math.hypot(...point) || 1
  return point.map((number) => number / length)
}

interface Notes extends VectorFileOwner {
  readonly format: number
  readonly count: number
  readonly bytes: number
  readonly sha256: string
}

/** A line of JSON, the checksums by slot, and the hash of both. */
function writeNotes(notes: Notes, checksums: Uint32Array): Buffer {
  const body = Buffer.concat([
    Buffer.from(`${JSON.stringify(notes)}\n`),
    Buffer.from(checksums.buffer, checksums.byteOffset, checksums.byteLength),
  ])
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}

function readNotes(file: Buffer): (Notes & { readonly checksums: Uint32Array }) | null {
  const body = file.subarray(0, Math.max(0, file.length - HASH_BYTES))
  if (!createHash('sha256').update(body).digest().equals(file.subarray(body.length))) return null
  const end = body.indexOf(0x0a)
  const notes = JSON.parse(body.toString('utf8', 0, end)) as Notes
  const checksums = new Uint32Array(new Uint8Array(body.subarray(end + 1)).buffer)
  return { ...notes, checksums }
}

function hashFile(path: string): string {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const fd = openSync(path, 'r')
  try {
    for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk))
      hash.update(chunk.subarray(0, size))
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}
