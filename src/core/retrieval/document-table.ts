/**
 * What is known of each document beside its words, in columns by ordinal: some 60 bytes for one that a single author said
 * once. Ordinals rise in the order of `add` and are never used twice.
 */
import type { Did, Digest, LogId, SpaceId } from '../base/brand.ts'
import { createByteColumn, readWord } from '../base/columns.ts'
import { bytesToDigest, digestToBytes } from '../base/hash.ts'
import { type Kept, SnapshotError } from '../base/kept-columns.ts'
import { mapColumns, readMap } from '../base/kept-map.ts'
import { createHashIndex, mixWords } from '../memory/hash-index.ts'
import type { DotRef } from '../memory/or-set.ts'
import { HASH_BYTES } from '../protocol/entry.ts'
import type { Provenance, RetrievalDocument } from './contract.ts'
import { widened } from './growing.ts'
import { createInterner, type Interner } from './interner.ts'

export interface DocumentTable extends Kept {
  /** Ordinals are below this. */
  readonly ordinals: number
  /** Documents alive. */
  readonly size: number
  /** By ordinal, 1 where alive. Read anew after an `add`, as are the columns below. */
  readonly alive: Uint8Array
  add(document: Omit<RetrievalDocument, 'text'>): number
  /** Replaces who said a document, where and when. */
  setProvenance(ordinal: number, provenance: readonly Provenance[]): void
  remove(ordinal: number): void
  /** The ordinal of a document that is alive, −1 where there is none. */
  find(id: Digest): number
  /** The same by its 32 bytes. */
  findBytes(id: Uint8Array): number
  id(ordinal: number): Digest
  idBytes(ordinal: number): Uint8Array
  /** Sorts by id, whatever the ordinals. */
  compareIds(a: number, b: number): number
  provenance(ordinal: number): readonly Provenance[]
  /** The same with the entries that it stands in. */
  whole(ordinal: number): readonly Provenance[]
  /** These entries alone; empty where `add` was not told. */
  dots(ordinal: number): readonly DotRef[]
  /** The only provenance of a document in numbers of `authors` and `spaces`; `authorOf` is −1 where it has several. */
  readonly authorOf: Int32Array
  readonly spaceOf: Uint16Array
  readonly atMs: Float64Array
  readonly authors: Interner
  readonly spaces: Interner
  /** Number in `tagSets`, 0 without tags. */
  readonly tagSetOf: Uint32Array
  tagsOf(tagSet: number): readonly string[]
  /** Number in `speakers`, of which 0 is none. */
  readonly speakerOf: Uint32Array
  readonly speakers: Interner
  thread(ordinal: number): string | null
  /** Number in the table of threads, of which 0 is none. */
  readonly threadOf: Uint32Array
  readonly threads: Interner
  /** Its place in the thread; null without one. */
  position(ordinal: number): number | null
  sources(ordinal: number): readonly Digest[]
  /** Every document alive that cites others. */
  links(): Iterable<{ readonly id: Digest; readonly sources: readonly Digest[] }>
  readonly bytes: number
}

/** Joins tags to a key: no tag holds it. */
const TAG_SEPARATOR = '\u0000'
/** Bytes of the index of ids for each document, about. */
const INDEX_BYTES = 6

export function createDocumentTable(secret: number): DocumentTable {
  const ids = createByteColumn(HASH_BYTES)
  const [authors, spaces, logs] = [createInterner(secret), createInterner(secret), createInterner(secret)]
  const [tagSets, speakers, threads] = [
    createInterner(secret),
    createInterner(secret),
    createInterner(secret),
  ]
  for (const interner of [tagSets, speakers, threads]) interner.intern('')
  const interners = [authors, spaces, logs, tagSets, speakers, threads]
  const several = new Map<number, readonly Provenance[]>()
  const sources = new Map<number, readonly Digest[]>()
  let alive = new Uint8Array(0)
  let authorOf = new Int32Array(0)
  let spaceOf = new Uint16Array(0)
  let atMs = new Float64Array(0)
  /** The only dot: its number in `logs`, from 1, and its sequence number. */
  let logOf = new Uint32Array(0)
  let seqOf = new Uint32Array(0)
  let tagSetOf = new Uint32Array(0)
  let speakerOf = new Uint32Array(0)
  let threadOf = new Uint32Array(0)
  let positions = new Float64Array(0)
  let ordinals = 0
  let size = 0

  let sought: Uint8Array = new Uint8Array(HASH_BYTES)
  const hash = (first: number, second: number): number => mixWords(first, second, secret)
  // Finds the latest ordinal of an id, dead or alive: one that comes and goes leaves no trail to be walked.
  const index = createHashIndex(
    (ordinal) => hash(ids.word(ordinal, 0), ids.word(ordinal, 4)),
    (ordinal) => ids.equals(ordinal, sought),
  )

  const seek = (id: Uint8Array): number => {
    sought = id
    return hash(readWord(sought, 0), readWord(sought, 4))
  }

  const setProvenance = (ordinal: number, provenance: readonly Provenance[]): void => {
    const [only] = provenance
    if (provenance.length === 1 && only) {
      several.delete(ordinal)
      authorOf[ordinal] = authors.intern(only.author)
      spaceOf[ordinal] = spaces.intern(only.space)
      atMs[ordinal] = only.atMs
      logOf[ordinal] = only.dot ? logs.intern(only.dot.logId) + 1 : 0
      seqOf[ordinal] = only.dot?.seq ?? 0
    } else {
      several.set(ordinal, provenance)
      authorOf[ordinal] = -1
    }
  }

  const find = (id: Uint8Array): number => {
    const ordinal = index.find(seek(id))
    return ordinal >= 0 && alive[ordinal] === 1 ? ordinal : -1
  }

  const dotOf = (ordinal: number): DotRef | undefined =>
    logOf[ordinal] === 0
      ? undefined
      : { logId: logs.text(logOf[ordinal]! - 1) as LogId, seq: seqOf[ordinal]! }

  const table: DocumentTable = {
    get ordinals() {
      return ordinals
    },
    get size() {
      return size
    },
    get alive() {
      return alive
    },
    add({ id, provenance, tags, speaker, thread, position, sources: cited }) {
      const ordinal = ordinals++
      size++
      alive = widened(alive, ordinal)
      authorOf = widened(authorOf, ordinal)
      spaceOf = widened(spaceOf, ordinal)
      atMs = widened(atMs, ordinal)
      logOf = widened(logOf, ordinal)
      seqOf = widened(seqOf, ordinal)
      tagSetOf = widened(tagSetOf, ordinal)
      speakerOf = widened(speakerOf, ordinal)
      threadOf = widened(threadOf, ordinal)
      positions = widened(positions, ordinal)
      const at = seek(digestToBytes(id))
      if (index.find(at) < 0) index.insert(at, ordinal)
      else index.replace(at, ordinal)
      ids.set(ordinal, sought)
      alive[ordinal] = 1
      setProvenance(ordinal, provenance)
      tagSetOf[ordinal] = tagSets.intern([...tags].sort().join(TAG_SEPARATOR))
      speakerOf[ordinal] = speaker === null ? 0 : speakers.intern(speaker)
      threadOf[ordinal] = thread === null ? 0 : threads.intern(thread)
      positions[ordinal] = position ?? Number.NaN
      if (cited.length > 0) sources.set(ordinal, cited)
      return ordinal
    },
    setProvenance,
    remove(ordinal) {
      alive[ordinal] = 0
      size--
      several.delete(ordinal)
      sources.delete(ordinal)
    },
    find: (id) => find(digestToBytes(id)),
    findBytes: find,
    id: (ordinal) => bytesToDigest(ids.get(ordinal)),
    idBytes: ids.get,
    compareIds(a, b) {
      for (let at = 0; at < HASH_BYTES; at += 4) {
        const difference = bigEndian(ids.word(a, at)) - bigEndian(ids.word(b, at))
        if (difference !== 0) return difference
      }
      return 0
    },
    provenance(ordinal) {
      const author = authorOf[ordinal]!
      if (author < 0) return several.get(ordinal)!
      return [
        {
          space: spaces.text(spaceOf[ordinal]!) as SpaceId,
          author: authors.text(author) as Did,
          atMs: atMs[ordinal]!,
        },
      ]
    },
    whole(ordinal) {
      const dot = several.has(ordinal) ? undefined : dotOf(ordinal)
      const provenance = table.provenance(ordinal)
      return dot ? provenance.map((only) => ({ ...only, dot })) : provenance
    },
    dots(ordinal) {
      const dots = several.get(ordinal)?.map(({ dot }) => dot) ?? [dotOf(ordinal)]
      return dots.filter((dot) => dot !== undefined)
    },
    get authorOf() {
      return authorOf
    },
    get spaceOf() {
      return spaceOf
    },
    get atMs() {
      return atMs
    },
    authors,
    spaces,
    get tagSetOf() {
      return tagSetOf
    },
    tagsOf: (tagSet) => (tagSet === 0 ? [] : tagSets.text(tagSet).split(TAG_SEPARATOR)),
    get speakerOf() {
      return speakerOf
    },
    speakers,
    thread: (ordinal) => (threadOf[ordinal] === 0 ? null : threads.text(threadOf[ordinal]!)),
    get threadOf() {
      return threadOf
    },
    threads,
    position: (ordinal) => (Number.isNaN(positions[ordinal]!) ? null : positions[ordinal]!),
    sources: (ordinal) => sources.get(ordinal) ?? [],
    get bytes() {
      const columns = [alive, authorOf, spaceOf, atMs, logOf, seqOf, tagSetOf, speakerOf, threadOf, positions]
      return columns.reduce((sum, { byteLength }) => sum + byteLength, ordinals * (HASH_BYTES + INDEX_BYTES))
    },
    *save() {
      // Who keeps it under another secret would look for ids in other slots.
      yield Float64Array.of(ordinals, size, mixWords(0, 0, secret))
      const columns = [alive, authorOf, spaceOf, atMs, logOf, seqOf, tagSetOf, speakerOf, threadOf, positions]
      for (const column of columns) yield column.subarray(0, ordinals)
      for (const part of [ids, index, ...interners]) yield* part.save()
      yield* mapColumns(several)
      yield* mapColumns(sources)
    },
    async load(from) {
      const [savedOrdinals = 0, savedSize = 0, check] = await from.next(Float64Array)
      if (check !== mixWords(0, 0, secret)) throw new SnapshotError('it has another secret')
      alive = await from.growing(Uint8Array)
      authorOf = await from.growing(Int32Array)
      spaceOf = await from.growing(Uint16Array)
      atMs = await from.growing(Float64Array)
      logOf = await from.growing(Uint32Array)
      seqOf = await from.growing(Uint32Array)
      tagSetOf = await from.growing(Uint32Array)
      speakerOf = await from.growing(Uint32Array)
      threadOf = await from.growing(Uint32Array)
      positions = await from.growing(Float64Array)
      for (const part of [ids, index, ...interners]) await part.load(from)
      await readMap(from, several)
      await readMap(from, sources)
      ordinals = savedOrdinals
      size = savedSize
    },
    *links() {
      for (const [ordinal, cited] of sources) yield { id: table.id(ordinal), sources: cited }
    },
  }
  return table
}

const bigEndian = (word: number): number =>
  ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0
