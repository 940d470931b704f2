/** The library: own memories in, retractions, and single memories with their provenance out. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { utf8Length } from '../base/bytes.ts'
import { bytesToDigest, cidToDigest, digestToCid, sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import type * as api from '../protocol/api.ts'
import { entryDigest } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import { ITEMS_MAX, PAYLOAD_BYTES_MAX, TEXT_BYTES_MAX } from '../protocol/limits.ts'
import { decodeMemory, encodeMemory, type MemoryPayload, sourceDigests } from '../protocol/payloads.ts'
import { type Change, rowToChange } from './change.ts'
import { timeToIso } from './clock.ts'
import type { Draft } from './draft.ts'
import type { LogState } from './log-table.ts'
import type { Memory } from './memory.ts'
import type { DotRef } from './or-set.ts'
import { retractDots } from './retraction.ts'
import type { Spaces } from './spaces.ts'
import type { EntryRow, MemoryStore } from './store.ts'
import type { Writer } from './writer.ts'

type Answer<T> = Result<T, Failure>

/** A visible memory: its payload and the entries that carry it, earliest first. */
export interface StoredMemory {
  readonly id: Digest
  readonly payload: MemoryPayload
  readonly dots: readonly Change[]
}

export interface Library {
  remember(inputs: readonly api.RememberInput[]): Promise<readonly Answer<api.Remembered>[]>
  retract(id: string): Promise<Answer<api.Retracted>>
  get(id: string): Promise<Answer<api.MemoryView>>
  page(query: api.MemoryPageQuery): Promise<Answer<api.MemoryPage>>
  /** Visible memories by digest; null where one is not visible or its bytes are gone. */
  read(ids: readonly Digest[]): Promise<readonly (StoredMemory | null)[]>
  view(memory: StoredMemory): api.MemoryView
}

export interface LibraryDeps {
  readonly memory: Memory
  readonly writer: Writer
  readonly store: MemoryStore
  readonly spaces: Spaces
  /** What is believed of an author: 1 its own, null unknown. */
  readonly trustOf: (author: Did) => number | null
  /** The entries that make a memory visible; those that `memory` knows unless given. */
  readonly dotsOf?: (memory: Digest) => readonly DotRef[]
  /** Who is nobody in particular here, and labelled so; nobody is where it is left out. */
  readonly isQuarantined?: (author: Did) => boolean
  /** What the operator lets be seen (`moderation/shown.ts`); everything where it is left out. */
  readonly shown?: ShownMemories
}

/** Whom the operator hides from those who name a memory and from lists, and how those are labelled who are not hidden. */
export interface ShownMemories {
  hides(place: 'id' | 'list'): Hides | undefined
  labelOf(author: Did): 'limited' | 'muted' | null
}

interface Prepared {
  readonly space: SpaceId
  readonly payload: Uint8Array
  readonly references: readonly Digest[]
  readonly key: string | undefined
}

/** Logs that `GET /api/memory` lists; the count says how many there are. */
const FRONTIER_ROWS_MAX = 1000
/** Rows that one page scan reads at a time. */
const SCAN_ROWS = 256

export function createLibrary(deps: LibraryDeps): Library {
  const { memory, writer, store, spaces, trustOf, isQuarantined, shown, dotsOf = memory.dotsOf } = deps
  /** Requests with the same idempotency key wait for one another, so that only the first one writes. */
  const keysInFlight = new Map<string, Promise<unknown>>()
  /**
   * Memories that are being retracted. A draft knows what was committed and not what it retracts itself: who remembers
   * one of them again, in the same commit, would be told that it is there already.
   */
  const retracting = new Map<Digest, Promise<unknown>>()

  const remember = async (
    inputs: readonly api.RememberInput[],
  ): Promise<readonly Answer<api.Remembered>[]> => {
    if (inputs.length > ITEMS_MAX) throw new Error(`more than ${ITEMS_MAX} items`)
    const prepared = inputs.map((input) => prepareMemory(input, spaces))
    const earlier = await earlierKeys(prepared)
    await noRetraction(prepared)
    const written = await writer.write((draft) =>
      prepared.map((item, i) => (item.ok ? place(draft, item.value, earlier[i] ?? null) : item)),
    )
    return written.ok ? written.value : inputs.map(() => written)
  }

  const earlierKeys = (prepared: readonly Answer<Prepared>[]): Promise<(string | null)[]> =>
    Promise.all(
      prepared.map((item) => (item.ok && item.value.key !== undefined ? store.key(item.value.key) : null)),
    )

  /** Resolves when none of these memories is being retracted; what is written in the same turn then finds them as they are. */
  const noRetraction = async (prepared: readonly Answer<Prepared>[]): Promise<void> => {
    while (retracting.size > 0) {
      const elements = prepared.flatMap((item) => (item.ok ? [elementOf(item.value)] : []))
      const underWay = elements.map((element) => retracting.get(element)).filter((one) => one !== undefined)
      if (underWay.length === 0) return
      await Promise.allSettled(underWay)
    }
  }

  /** Appends one memory unless its key or its content is there already. */
  const place = (draft: Draft, item: Prepared, earlier: string | null): Answer<api.Remembered> => {
    const { space, payload, references, key } = item
    const element = elementOf(item)
    if (memory.isDenied(element))
      return err(
        failure('PURGED', `${digestToCid(element)}; "spore purge --undo" lets it be remembered again`),
      )
    const value = `${space} ${element}`
    const known = earlier ?? (key === undefined ? null : draft.keyOf(key))
    if (known !== null)
      return known === value
        ? ok({ id: digestToCid(element), duplicate: true })
        : err(
            failure(
              'KEY_CONFLICT',
              'the same key came with another text, space, tags, thread, position or sources',
            ),
          )
    const duplicate = draft.appends(space, KINDS.memory, element) || ownDotsIn(space, element).length > 0
    if (!duplicate) draft.append({ space, kind: KINDS.memory, payload, references })
    if (key !== undefined) draft.remember({ key, value })
    return ok({ id: digestToCid(element), duplicate })
  }

  const ownDotsIn = (space: SpaceId, element: Digest): DotRef[] =>
    memory.ownDots(KINDS.memory, element).filter(({ logId }) => logOf(logId).row.space === space)

  const logOf = (logId: DotRef['logId']): LogState => {
    const log = memory.logs.get(logId)
    if (!log) throw new Error(`no log ${logId}`)
    return log
  }

  /** Runs `work` after earlier work on any of the same keys has settled. */
  const inKeyOrder = async <T>(keys: readonly string[], work: () => Promise<T>): Promise<T> => {
    if (keys.length === 0) return work()
    const before = Promise.allSettled(keys.map((key) => keysInFlight.get(key)))
    const done = before.then(work)
    for (const key of keys) keysInFlight.set(key, done)
    try {
      return await done
    } finally {
      for (const key of keys) if (keysInFlight.get(key) === done) keysInFlight.delete(key)
    }
  }

  const retract = async (id: string): Promise<Answer<api.Retracted>> => {
    const element = cidToDigest(id)
    if (!element) return err(failure('ID_INVALID', 'a memory id'))
    const before = retracting.get(element) ?? Promise.resolve()
    const done = before.then(() => retractElement(element, id))
    retracting.set(element, done)
    try {
      return await done
    } finally {
      if (retracting.get(element) === done) retracting.delete(element)
    }
  }

  const retractElement = async (element: Digest, id: string): Promise<Answer<api.Retracted>> => {
    const written = await writer.write((draft): Answer<api.Retracted> => {
      const dots = memory.dotsOf(element)
      if (dots.length === 0) return err(failure('MEMORY_NOT_FOUND', id))
      const own = memory.ownDots(KINDS.memory, element)
      if (own.length === 0) return err(failure('RETRACT_FOREIGN', 'only others carry this memory'))
      // What is written where nobody takes it would be no retraction.
      for (const { logId } of own) {
        const writable = spaces.resolveWritable(logOf(logId).row.space)
        if (!writable.ok) return writable
      }
      retractDots(draft, own, logOf)
      return ok({ id, retracted: own.length, visible: own.length < dots.length })
    })
    return written.ok ? written.value : written
  }

  const read = async (ids: readonly Digest[]): Promise<readonly (StoredMemory | null)[]> => {
    const dots = ids.map((id) => dotsOf(id))
    const rows = await store.entriesAt(dots.flat())
    let at = 0
    return ids.map((id, i) => {
      const mine = rows.slice(at, at + dots[i]!.length)
      at += mine.length
      const first = dots[i]?.[0]
      return first ? memory.quarantine.guard('read', first, null, () => assemble(id, mine)) : null
    })
  }

  const assemble = (id: Digest, rows: readonly (EntryRow | null)[]): StoredMemory | null => {
    const changes = rows
      .map((row) => row && rowToChange(row, logOf(row.logId)))
      .filter((change) => change !== null)
      .sort((a, b) => a.clock - b.clock || a.arrival - b.arrival)
    const bytes = changes.find((change) => change.payload !== null)?.payload
    const payload = bytes ? decodeMemory(bytes) : null
    return payload && { id, payload, dots: changes }
  }

  const view = ({ id, payload, dots }: StoredMemory): api.MemoryView => {
    const first = dots[0] as Change
    const label = shown?.labelOf(first.author)
    return {
      id: digestToCid(id),
      ...payload,
      tags: [...payload.tags],
      sources: [...payload.sources],
      author: first.author,
      space: spaces.nameOf(first.space),
      createdAt: timeToIso(first.clock),
      trust: trustOf(first.author),
      ...(isQuarantined &&
        dots.every(({ author }) => isQuarantined(author)) && { quarantined: true as const }),
      ...(label && { moderation: label }),
      dots: dots.map((dot) => ({
        author: dot.author,
        space: spaces.nameOf(dot.space),
        log: dot.logId,
        seq: dot.seq,
        entry: digestToCid(entryDigest(dot.header)),
        createdAt: timeToIso(dot.clock),
      })),
    }
  }

  const get = async (id: string): Promise<Answer<api.MemoryView>> => {
    const element = cidToDigest(id)
    if (!element) return err(failure('ID_INVALID', 'a memory id'))
    const [found] = await read([element])
    const stored = found && withoutHidden(found, shown?.hides('id'))
    return stored ? ok(view(stored)) : err(failure('MEMORY_NOT_FOUND', id))
  }

  const page = async (query: api.MemoryPageQuery): Promise<Answer<api.MemoryPage>> => {
    const space = query.space === undefined ? ok(undefined) : spaces.resolve(query.space)
    if (!space.ok) return space
    const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor)
    if (!Number.isSafeInteger(before) || before < 1)
      return err(failure('CURSOR_INVALID', 'a cursor of memories'))
    const hides = shown?.hides('list')
    const { ids, cursor } = await newestIds(before, query.limit, space.value, hides)
    const stored = await read(ids)
    return ok({
      memories: memory.memories,
      entries: memory.entries,
      frontier: frontier(),
      recent: stored.flatMap((one) => (one && inSpace(one, space.value, hides)) ?? []).map(view),
      cursor,
    })
  }

  /** Scans backwards by arrival; a memory is listed at the newest of its visible dots. */
  const newestIds = async (start: number, limit: number, space: SpaceId | undefined, hides?: Hides) => {
    const ids: Digest[] = []
    let before = start
    for (;;) {
      const rows = await store.entriesBefore(before, SCAN_ROWS)
      for (const row of rows) {
        if (ids.length === limit) return { ids, cursor: String(row.arrival + 1) }
        const change = rowToChange(row, logOf(row.logId))
        if (change && isListedAt(change, space, hides)) ids.push(change.element)
        before = row.arrival
      }
      if (rows.length < SCAN_ROWS) return { ids, cursor: null }
    }
  }

  const isListedAt = (change: Change, space: SpaceId | undefined, hides?: Hides): boolean => {
    if (change.kind !== KINDS.memory || (space !== undefined && change.space !== space)) return false
    const listed = memory.dotsOf(change.element).filter(({ logId }) => {
      const { row, author } = logOf(logId)
      return (space === undefined || row.space === space) && !hides?.(author, row.space)
    })
    const last = listed.at(-1)
    return last?.logId === change.logId && last.seq === change.seq
  }

  const frontier = (): api.MemoryPage['frontier'] =>
    [...memory.logs.values()].slice(0, FRONTIER_ROWS_MAX).map(({ row, author }) => ({
      log: row.logId,
      author,
      space: spaces.nameOf(row.space),
      next: row.next,
      chain: Buffer.from(row.chain).toString('base64url'),
    }))

  return {
    remember: (inputs) => {
      const keys = inputs.map(({ key }) => key).filter((key) => key !== undefined)
      return inKeyOrder(keys, () => remember(inputs))
    },
    retract,
    get,
    page,
    read,
    view,
  }
}

type Hides = (author: Did, space: SpaceId) => boolean

/** A memory by those who may be seen; null where nobody of them may. */
function withoutHidden(stored: StoredMemory, hides: Hides | undefined): StoredMemory | null {
  const dots = hides ? stored.dots.filter(({ author, space }) => !hides(author, space)) : stored.dots
  return dots.length > 0 ? { ...stored, dots } : null
}

/** The same of what was said in one space, where one is asked for: the page of a space tells of no other. */
function inSpace(
  stored: StoredMemory,
  space: SpaceId | undefined,
  hides: Hides | undefined,
): StoredMemory | null {
  const dots = space === undefined ? stored.dots : stored.dots.filter((dot) => dot.space === space)
  return withoutHidden({ ...stored, dots }, hides)
}

const elementOf = ({ payload }: Prepared): Digest => bytesToDigest(sha256(payload))

/** Checks what the schema cannot and encodes the payload; every failure has its own code. */
function prepareMemory(input: api.RememberInput, spaces: Spaces): Answer<Prepared> {
  const { text } = input
  if (!text.isWellFormed()) return err(failure('TEXT_ILL_FORMED', 'the text holds a lone surrogate'))
  if (text.trim() === '') return err(failure('TEXT_EMPTY', 'there is nothing to remember'))
  const bytes = utf8Length(text)
  if (bytes > TEXT_BYTES_MAX)
    return err(
      failure(
        'TEXT_TOO_LARGE',
        `${bytes} bytes; at most ${TEXT_BYTES_MAX}. Split it, with a thread and positions`,
      ),
    )
  const space = spaces.resolveWritable(input.space)
  if (!space.ok) return space
  const payload = encodeMemory({
    text,
    tags: input.tags ?? [],
    thread: input.thread ?? null,
    position: input.position ?? null,
    speaker: input.speaker ?? null,
    sources: input.sources ?? [],
  })
  if (payload.length > PAYLOAD_BYTES_MAX)
    return err(
      failure(
        'ENTRY_TOO_LARGE',
        `${payload.length} bytes with tags and sources; at most ${PAYLOAD_BYTES_MAX}`,
      ),
    )
  return ok({ space: space.value, payload, references: sourceDigests(input.sources ?? []), key: input.key })
}
