/**
 * What must be visible, computed twice without the set's own code: from the stored entries by the definition of the set
 * (PROTOCOL.md §6), and from the operations that were acknowledged.
 */
import type { Digest, LogId, SpaceId } from '../core/base/brand.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { logIdOf } from '../core/protocol/log.ts'
import { decodeMemory, decodeRetract } from '../core/protocol/payloads.ts'
import type { Audit, AuditedEntry, AuditedLog } from './audit.ts'

/** Memories and the dots that make them visible, each `log/seq`, sorted. */
export type VisibleSet = ReadonlyMap<Digest, readonly string[]>

/** A dot counts where it is below its log's fork point and no retraction that is names it. */
export function visibleOf(audit: Audit): VisibleSet {
  const valid = [...audit.logs()].flatMap((log) =>
    log.entries.slice(0, log.forkPoint).flatMap((entry) => (entry ? [{ log, entry }] : [])),
  )
  const removed = new Set(valid.flatMap(({ log, entry }) => dotsRemovedBy(log, entry)))
  const visible = new Map<Digest, string[]>()
  for (const { entry } of valid) {
    const { kind, logId, seq, payload: element } = entry.header
    const dot = `${logId}/${seq}`
    if (kind !== KINDS.memory || removed.has(dot) || !entry.payload || !decodeMemory(entry.payload)) continue
    visible.set(element, [...(visible.get(element) ?? []), dot].sort())
  }
  return visible
}

/** A retraction names dots of the author and space of its own log, in any epoch. */
export function dotsRemovedBy({ row }: AuditedLog, { header, payload }: AuditedEntry): string[] {
  const retraction = header.kind === KINDS.retract && payload ? decodeRetract(payload) : null
  if (!retraction) return []
  return retraction.dots.flatMap(({ epoch, seqs }) => {
    const logId: LogId = logIdOf({ publicKey: row.publicKey, space: row.space, epoch })
    return seqs.map((seq) => `${logId}/${seq}`)
  })
}

/** What one author was told about one memory: that it is there, that it is gone, or nothing that can be relied on. */
type Told = 'there' | 'gone' | 'unknown'

interface Line {
  told: Told
  /** Operations that were begun and not answered. */
  open: number
  /** The author's disk was lost after it was told: an older dot may come back from peers. */
  isOld: boolean
}

export interface Expectation {
  readonly element: Digest
  readonly space: SpaceId
  /** Whether it is visible; null where nobody can tell. */
  readonly isVisible: boolean | null
  /** Places of the spores whose word this rests on. */
  readonly authors: readonly number[]
}

/** The acknowledged operations of a world. */
export interface History {
  /** An operation on a memory begins; the space is where it was first remembered. */
  begin(author: number, element: Digest, space?: SpaceId): void
  remembered(author: number, element: Digest): void
  retracted(author: number, element: Digest): void
  /** An operation ended without a change; `mayHold` where the disk may show it all the same one day. */
  failed(author: number, element: Digest, mayHold: boolean): void
  /** What was under way at a spore is never answered. */
  crashed(author: number): void
  /** An author's disk was lost: what it is told from now on may not cover what comes back from peers. */
  wiped(author: number): void
  /** The last word of an author about a memory may be gone for ever. */
  lost(author: number, element: Digest): void
  /** Nothing that this author was told counts any longer. */
  disowned(author: number): void
  expectations(): Iterable<Expectation>
}

export function createHistory(): History {
  const spaces = new Map<Digest, SpaceId>()
  const lines = new Map<number, Map<Digest, Line>>()

  const lineOf = (author: number, element: Digest): Line => {
    const ofAuthor = lines.get(author) ?? new Map<Digest, Line>()
    lines.set(author, ofAuthor)
    const line = ofAuthor.get(element) ?? { told: 'gone', open: 0, isOld: false }
    ofAuthor.set(element, line)
    return line
  }

  return {
    begin(author, element, space) {
      if (space !== undefined) spaces.set(element, space)
      lineOf(author, element).open++
    },
    remembered(author, element) {
      const line = lineOf(author, element)
      line.told = 'there'
      line.open--
    },
    retracted(author, element) {
      const line = lineOf(author, element)
      line.told = line.isOld ? 'unknown' : 'gone'
      line.open--
    },
    failed(author, element, mayHold) {
      const line = lineOf(author, element)
      if (mayHold) line.told = 'unknown'
      line.open--
    },
    crashed(author) {
      for (const line of lines.get(author)?.values() ?? []) {
        if (line.open > 0) line.told = 'unknown'
        line.open = 0
      }
    },
    wiped(author) {
      for (const line of lines.get(author)?.values() ?? []) line.isOld = true
    },
    lost(author, element) {
      const line = lines.get(author)?.get(element)
      if (line) line.told = 'unknown'
    },
    disowned(author) {
      for (const line of lines.get(author)?.values() ?? []) {
        line.told = 'unknown'
        line.isOld = true
        line.open = Number.POSITIVE_INFINITY
      }
    },
    *expectations() {
      for (const [element, space] of spaces) {
        const told: Told[] = []
        const authors: number[] = []
        for (const [author, ofAuthor] of lines) {
          const line = ofAuthor.get(element)
          if (!line) continue
          told.push(line.open > 0 ? 'unknown' : line.told)
          if (line.open === 0 && line.told === 'there') authors.push(author)
        }
        const isVisible = told.includes('there') ? true : told.includes('unknown') ? null : false
        yield { element, space, isVisible, authors }
      }
    },
  }
}
