/**
 * What an author wrote, and all that rests on it: by the references of headers, which stay when payloads are gone, so that a purge which
 * was cut off finds the same again.
 *
 * Entries arrive in any order, so pages are read forwards and backwards in turn until a whole pass finds nothing more: every further pass
 * finds at least one, and circles end. Memory is bounded by the number of elements, not of entries.
 */
import type { Did, Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type * as api from '../protocol/api.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { isKept, KIND_NAMES, KINDS } from '../protocol/kinds.ts'
import type { Memory } from './memory.ts'
import type { EntryRow, MemoryStore } from './store.ts'

export interface Descent {
  /** Payloads of the author, and those that rest on them. */
  readonly elements: ReadonlySet<Digest>
  /** What a purge of them would drop. */
  readonly preview: api.PurgePreview
}

export interface DescentDeps {
  readonly memory: Memory
  readonly store: Pick<MemoryStore, 'entriesAfter' | 'entriesBefore'>
  readonly clock: Pick<Clock, 'sleep'>
}

/** Elements of one purge: some 20 MB while it runs. Whoever has more of one author and of what rests on it purges without descendants. */
export const DESCENDANTS_MAX = 200_000
/** Passes over the store: a chain that arrived in the worst order grows by two with each. */
export const DESCENT_PASSES_MAX = 1_000
/** Own entries that are named in a preview. */
export const OWN_SHOWN_MAX = 20
/** Entries that are looked at between two turns of the event loop. */
const SCAN_ENTRIES = 1_000

/** Kinds whose text is made of what they refer to. */
const RESTING: ReadonlySet<number> = new Set([
  KINDS.memory,
  KINDS.contribution,
  KINDS.review,
  KINDS.synthesis,
  KINDS.resolution,
])

interface Looked {
  readonly element: Digest
  readonly kind: number
  readonly references: readonly Digest[]
  readonly author: Did
  readonly hasPayload: boolean
}

/** Failure PURGE_TOO_LARGE. */
export async function findDescendants(
  author: string,
  { memory, store, clock }: DescentDeps,
  { elementsMax = DESCENDANTS_MAX, passesMax = DESCENT_PASSES_MAX, isAuthorAlone = false } = {},
): Promise<Result<Descent, Failure>> {
  const elements = new Set<Digest>()
  let written = 0

  async function* pages(isForwards: boolean): AsyncGenerator<Looked[]> {
    for (let at = isForwards ? 0 : Number.MAX_SAFE_INTEGER; ; ) {
      const rows = isForwards
        ? await store.entriesAfter(at, SCAN_ENTRIES)
        : await store.entriesBefore(at, SCAN_ENTRIES)
      const last = rows.at(-1)
      if (!last) return
      yield rows.flatMap(looked)
      at = last.arrival
      await clock.sleep(0)
    }
  }

  const looked = ({ logId, header, payload }: EntryRow): Looked[] => {
    const decoded = decodeHeader(header)
    const by = memory.logs.get(logId)?.author
    if (!decoded.ok || !by || isKept(decoded.value.kind)) return []
    const { payload: element, kind, references } = decoded.value
    return [{ element, kind, references, author: by, hasPayload: payload !== null }]
  }

  /** Whether a pass found anything; false as well where it is too much. */
  const pass = async (isForwards: boolean, isWanted: (entry: Looked) => boolean): Promise<boolean> => {
    const before = elements.size
    for await (const page of pages(isForwards))
      for (const entry of page) {
        if (!elements.has(entry.element) && isWanted(entry)) elements.add(entry.element)
        if (elements.size > elementsMax) return false
      }
    return elements.size > before
  }

  await pass(true, (entry) => entry.author === author)
  written = elements.size
  const rests = ({ kind, references }: Looked): boolean =>
    RESTING.has(kind) && references.some((id) => elements.has(id))
  let passes = 0
  while (
    !isAuthorAlone &&
    elements.size <= elementsMax &&
    (await pass(passes % 2 === 0, rests)) &&
    passes < passesMax
  )
    passes++
  if (elements.size > elementsMax || passes >= passesMax)
    return err(
      failure('PURGE_TOO_LARGE', `more than ${elementsMax} entries, or too long a chain of them, rest on it`),
    )
  return ok({ elements, preview: await previewOf() })

  async function previewOf(): Promise<api.PurgePreview> {
    const fresh = new Set<Digest>()
    const own = new Map<Digest, string>()
    let entries = 0
    for await (const page of pages(true))
      for (const { element, author: by, kind, hasPayload } of page) {
        if (!hasPayload || !elements.has(element)) continue
        entries++
        if (!memory.isDenied(element)) fresh.add(element)
        if (by === memory.self)
          own.set(element, KIND_NAMES.find((name) => KINDS[name] === kind) ?? String(kind))
      }
    return {
      purged: fresh.size,
      entries,
      descendants: elements.size - written,
      own: own.size,
      ownShown: [...own].slice(0, OWN_SHOWN_MAX).map(([id, kind]) => ({ id: digestToCid(id), kind })),
    }
  }
}
