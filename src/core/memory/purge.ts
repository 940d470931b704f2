/**
 * Purge (PROTOCOL.md §6): the operator's word that payloads be forgotten here and never taken again. Headers stay, so logs go on to
 * verify and to be offered; other spores keep what they have.
 *
 * Invariants: a digest is denied in the same commit in which the first of its bytes are dropped, so nothing brings them back; a purge
 * that was cut off goes on after the next start.
 */
import type { Did, Digest } from '../base/brand.ts'
import { decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { cidToDigest, digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type * as api from '../protocol/api.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { isKept, KINDS } from '../protocol/kinds.ts'
import { type ContributionPayload, decodeContribution } from '../protocol/task-payloads.ts'
import { findDescendants } from './descendants.ts'
import type { Memory } from './memory.ts'
import type { DotRef } from './or-set.ts'
import { sealedValue } from './sealed-value.ts'
import type { MemoryStore } from './store.ts'
import type { Writer } from './writer.ts'

export interface Purge {
  /** Purges what an id names, of whatever kind. Failures ID_INVALID, MEMORY_NOT_FOUND where nothing here carries it. */
  purge(id: string): Promise<Result<api.Purged, Failure>>
  /**
   * Purges everything that an author wrote, whoever else carries it too; with `descendants` all that rests on it. Failures
   * AUTHOR_UNKNOWN, PURGE_TOO_LARGE.
   */
  purgeAuthor(input: api.PurgeAuthorInput): Promise<Result<api.Purged, Failure>>
  /** Lets a purged payload be taken again; it does not bring it back. Failures ID_INVALID, MEMORY_NOT_FOUND. */
  undo(id: string): Promise<Result<api.PurgeUndone, Failure>>
  /** Ends what an earlier process began. */
  resume(): Promise<void>
}

export interface PurgeDeps {
  readonly memory: Memory
  readonly writer: Writer
  readonly store: MemoryStore
  readonly clock: Clock
  /** Makes sure that nothing derived from what is gone is kept beside the store. Rejects with `SporeError` STORE_WRITE_FAILED. */
  readonly eraseDerived?: () => Promise<void>
}

/** Entries that are looked at between two turns of the event loop. */
const SCAN_ENTRIES = 1000
/** Set while payloads of denied digests may still be in the store. */
const PENDING_VALUE = 'purge/pending'
/** The author whose descendants are being purged: what they are is found again from the headers, which stay. */
const DESCENT_VALUE = 'purge/descent'

/** An entry with an element that is purged. */
interface Carrier extends DotRef {
  readonly payload: Uint8Array
  readonly element: Digest
}

/** An entry as a purge looks at it. */
interface Seen extends Quoting {
  readonly author: Did
}
type Wanted = (entry: Seen) => boolean

export function createPurge(deps: PurgeDeps): Purge {
  const { memory, writer, store, clock, eraseDerived = async () => {} } = deps
  /** Entries behind arrival number `after` that are wanted and still have their payload, page by page. */
  async function* carriers(wanted: Wanted, after = 0): AsyncGenerator<Carrier[]> {
    for (let position = after; ; ) {
      const rows = await store.entriesAfter(position, SCAN_ENTRIES)
      const last = rows.at(-1)
      if (!last) return
      yield rows.flatMap(({ logId, seq, header, payload }): Carrier[] => {
        const decoded = payload ? decodeHeader(header) : null
        const author = memory.logs.get(logId)?.author
        if (!payload || !decoded?.ok || !author || isKept(decoded.value.kind)) return []
        const { payload: element, kind, references } = decoded.value
        return wanted({ element, kind, references, author }) ? [{ logId, seq, element, payload }] : []
      })
      position = last.arrival
      await clock.sleep(0)
    }
  }

  /** Denies what is found and drops its bytes; the elements, and the number of entries. */
  const drop = async (
    wanted: Wanted,
  ): Promise<Result<{ elements: Set<Digest>; entries: number }, Failure>> => {
    const elements = new Set<Digest>()
    let entries = 0
    for await (const found of carriers(wanted)) {
      if (found.length === 0) continue
      const written = await writer.write((draft) => {
        draft.setValue(PENDING_VALUE, encodeCanonical(1))
        for (const { element } of found) draft.deny(element, true)
        for (const carrier of found) draft.forgetPayload(carrier)
      })
      if (!written.ok) return written
      for (const carrier of found) {
        elements.add(carrier.element)
        memory.dropPurged(carrier)
      }
      entries += found.length
    }
    return ok({ elements, entries })
  }

  /** What carries or quotes denied elements beside those that were found: the same text of other authors, and answers. */
  const dropDenied = async (): Promise<Result<number, Failure>> => {
    const dropped = await drop((entry) => isPurged(entry, memory.isDenied))
    if (!dropped.ok) return dropped
    const unsealed = await dropSealed()
    if (!unsealed.ok) return unsealed
    const scrubbed = await failureOf(async () => {
      await eraseDerived()
      await store.scrub()
    })
    if (scrubbed) return err(scrubbed)
    const done = await writer.write((draft) => {
      draft.setValue(PENDING_VALUE, null)
      draft.setValue(DESCENT_VALUE, null)
    })
    return done.ok ? ok(dropped.value.entries) : done
  }

  /** Own answers that were sealed, never shown, and rest on what is purged: they stand beside the entries until they are shown. */
  const dropSealed = async (): Promise<Result<void, Failure>> => {
    const isSeal = ({ kind, author }: Seen): boolean => kind === KINDS.contribution && author === memory.self
    const names: string[] = []
    for await (const found of carriers(isSeal))
      for (const { payload } of found) {
        const said = decodeContribution(payload)
        if (!said || said.seal === null) continue
        const name = sealedValue(said.seal)
        const kept = await store.value(name)
        const answer = kept && decodeContribution(kept)
        if (answer?.seal === null && restsOn(answer).some(memory.isDenied)) names.push(name)
      }
    return writer.write((draft) => {
      for (const name of names) draft.setValue(name, null)
    })
  }

  const purgeWhere = async (wanted: Wanted, notFound: Failure): Promise<Result<api.Purged, Failure>> => {
    const before = memory.denied
    const dropped = await drop(wanted)
    if (!dropped.ok) return dropped
    const { elements, entries } = dropped.value
    // What was forgotten before, for a retraction, may be kept all the same.
    if (elements.size === 0) return err((await failureOf(eraseDerived)) ?? notFound)
    const others = await dropDenied()
    if (!others.ok) return others
    return ok({ purged: memory.denied - before, entries: entries + others.value, total: memory.denied })
  }

  const purgeDescendants = async (
    did: string,
    isWhole: boolean,
    isPreview: boolean,
  ): Promise<Result<api.Purged, Failure>> => {
    const found = await findDescendants(did, { memory, store, clock }, { isAuthorAlone: !isWhole })
    if (!found.ok) return found
    const { elements, preview } = found.value
    if (isPreview)
      return preview.entries === 0
        ? err(UNKNOWN)
        : ok({ purged: 0, entries: 0, total: memory.denied, preview })
    if (preview.entries === 0) {
      const cleared = await writer.write((draft) => draft.setValue(DESCENT_VALUE, null))
      return cleared.ok ? err(UNKNOWN) : cleared
    }
    const begun = await writer.write((draft) => draft.setValue(DESCENT_VALUE, encodeCanonical(did)))
    return begun.ok ? purgeWhere(({ element }) => elements.has(element), UNKNOWN) : begun
  }

  return {
    async purge(id) {
      const digest = cidToDigest(id)
      if (!digest) return err(failure('ID_INVALID', 'a memory id'))
      if (memory.isDenied(digest)) return ok({ purged: 0, entries: 0, total: memory.denied })
      return purgeWhere(({ element }) => element === digest, failure('MEMORY_NOT_FOUND', id))
    },
    async purgeAuthor({ author: did, descendants = false, preview = false }) {
      if (descendants || preview) return purgeDescendants(did, descendants, preview)
      return purgeWhere(({ author }) => author === did, UNKNOWN)
    },
    async undo(id) {
      const digest = cidToDigest(id)
      if (!digest) return err(failure('ID_INVALID', 'a memory id'))
      if (!memory.isDenied(digest)) return err(failure('MEMORY_NOT_FOUND', 'it is not purged here'))
      const written = await writer.write((draft) => draft.deny(digest, false))
      return written.ok ? ok({ id: digestToCid(digest), total: memory.denied }) : written
    },
    async resume() {
      const descent = await store.value(DESCENT_VALUE)
      if (descent) await purgeDescendants(textOf(descent), true, false)
      if (await store.value(PENDING_VALUE)) await dropDenied()
    },
  }
}

const UNKNOWN = failure('AUTHOR_UNKNOWN', 'nothing of this author is kept here; an author is a did:key')

/** A named value that is a text; empty where it is none. */
function textOf(bytes: Uint8Array): string {
  const decoded = decodeCanonical(bytes)
  return decoded.ok && typeof decoded.value === 'string' ? decoded.value : ''
}

async function failureOf(work: () => Promise<void>): Promise<Failure | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (!(error instanceof SporeError)) throw error
    return failure(error.code, error.message)
  }
}

const restsOn = ({ task, outcome, responds, recalled }: ContributionPayload): readonly Digest[] => [
  task,
  ...outcome.quotes.map(({ memory }) => memory),
  ...responds,
  ...recalled,
]

/** What tells whether an entry must go with what is purged. */
export interface Quoting {
  readonly element: Digest
  readonly kind: number
  readonly references: readonly Digest[]
}

/** Whether an entry's payload is purged, or quotes what is: answers have sentences of the memories that they cite. */
export function isPurged(
  { element, kind, references }: Quoting,
  isDenied: (element: Digest) => boolean,
): boolean {
  // Its bytes may also stand in an entry that something else hangs on.
  if (isKept(kind)) return false
  if (isDenied(element)) return true
  return (kind === KINDS.contribution || kind === KINDS.synthesis) && references.some(isDenied)
}
