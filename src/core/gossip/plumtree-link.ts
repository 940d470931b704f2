/** What the push tree knows of one link: what the neighbour has, and what waits to be sent to it. */
import { type BoundedMap, createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import type { LogNext } from '../protocol/messages.ts'
import { type Announcements, createAnnouncements } from './announcements.ts'

/** Logs that wait to be sent to one neighbour: what 10,000 authors write in a second. Beyond it the oldest are left to pull. */
export const QUEUE_LOGS_MAX = 4096
/** Logs that one neighbour has and this spore not: what its next push, or another's, brings. */
export const RUMOURS_MAX = 2048
/** Next sequence number that a neighbour has of a log, or the fork point that it knows of, as far as it was seen. */
export type Known = BoundedMap<LogId, number>

export type Message = 'push' | 'announce' | 'ask' | 'probe'

export interface Link {
  readonly known: Known
  readonly knownForks: Known
  /** As `known`, of logs that are not held here: a neighbour can name as many as it likes. */
  readonly rumours: Known
  isEager: boolean
  /** Logs to push, each from where; and logs to announce. The oldest first. */
  readonly pushes: Map<LogId, number>
  readonly announcements: Announcements
  /** Logs that it announced while another was asked to bring them. */
  readonly spares: Set<LogId>
  /** Messages that are being waited for, and that are under way. */
  readonly waking: Set<Message>
  readonly sending: Set<Message>
  /** Logs that were sent again for a gap since the queue was last empty: a peer can want the same for ever. */
  readonly refilled: Set<LogId>
}

export const newLink = (known: Known, knownForks: Known): Link => ({
  known,
  knownForks,
  rumours: createBoundedMap(RUMOURS_MAX),
  isEager: true,
  pushes: new Map(),
  announcements: createAnnouncements(QUEUE_LOGS_MAX),
  spares: new Set(),
  waking: new Set(),
  sending: new Set(),
  refilled: new Set(),
})

/** A neighbour is only ever thought to have more, until it says otherwise. */
export function noteKnown(known: Known, { logId, next }: LogNext): void {
  if (next > (known.get(logId) ?? 0)) known.set(logId, next)
}

export function noteKnownFork(knownForks: Known, logId: LogId, point: number): void {
  if (point < (knownForks.get(logId) ?? Number.POSITIVE_INFINITY)) knownForks.set(logId, point)
}

export function enqueue(link: Link, logId: LogId, from: number): void {
  link.pushes.set(logId, Math.min(from, link.pushes.get(logId) ?? from))
  if (link.pushes.size > QUEUE_LOGS_MAX) dropOldest(link.pushes)
}

export const dropOldest = <K>(queue: { keys(): Iterator<K>; delete(key: K): boolean }): void => {
  queue.delete(queue.keys().next().value as K)
}

/** Next sequence number that a neighbour has of a log. */
export const knownOf = ({ known, rumours }: Link, logId: LogId): number =>
  Math.max(known.get(logId) ?? 0, rumours.get(logId) ?? 0)

/** What a neighbour has by its own account, which counts more than what was thought. */
export function setKnown({ known, rumours }: Link, logId: LogId, next: number): void {
  known.set(logId, next)
  rumours.delete(logId)
}
