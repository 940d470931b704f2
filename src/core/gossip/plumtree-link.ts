/** One link as Plumtree (`plumtree.ts`) keeps it: what the neighbour has, and what waits to be sent to it. */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import { type Announcements, createAnnouncements } from './announcements.ts'
import type { Known, LinkName, Message } from './plumtree-events.ts'
import type { ReplicaView } from './replica.ts'

/** Logs that wait to be sent to one neighbour: what 10,000 authors write in a second. Beyond it the oldest are left to pull. */
export const QUEUE_LOGS_MAX = 4096
/** Logs that one neighbour has and this spore not: what its next push, or another's, brings. */
export const RUMOURS_MAX = 2048

/** What is asked of a replica here. */
export type Held = Pick<ReplicaView, 'next' | 'validEnd' | 'forkPoint' | 'validPoint' | 'isHidden'>

export interface Link {
  readonly here: () => Held
  readonly known: Known
  readonly knownForks: Known
  /** As `known`, of logs that are not held here: a neighbour can name as many as it likes. */
  readonly rumours: Known
  isEager: boolean
  /** Until when what is new is announced soon: this link may have been one too many to prune. */
  soonUntilMs: number
  /** Pushes in both directions since it was grafted; Infinity where it never was. */
  pushesSinceGraft: number
  /** Logs to push, each from where; and logs to announce. The oldest first. */
  readonly pushes: Map<LogId, number>
  readonly announcements: Announcements
  pushedAtMs: number
  /** Logs that it announced while another was asked to bring them. */
  readonly spares: Set<LogId>
  /** Messages that are being waited for, and that are under way. */
  readonly waking: Set<Message>
  readonly sending: Set<Message>
  /** Logs that were sent again for a gap since the queue was last empty: a peer can want the same for ever. */
  readonly refilled: Set<LogId>
}

export const newLink = (
  { link, known, knownForks }: Pick<Link, 'known' | 'knownForks'> & { readonly link: LinkName },
  seenBy: (link: LinkName) => Held,
): Link => ({
  here: () => seenBy(link),
  known,
  knownForks,
  rumours: createBoundedMap(RUMOURS_MAX),
  isEager: true,
  soonUntilMs: Number.NEGATIVE_INFINITY,
  pushesSinceGraft: Number.POSITIVE_INFINITY,
  pushes: new Map(),
  announcements: createAnnouncements(QUEUE_LOGS_MAX),
  pushedAtMs: Number.NEGATIVE_INFINITY,
  spares: new Set(),
  waking: new Set(),
  sending: new Set(),
  refilled: new Set(),
})

export const knownOf = ({ known, rumours }: Link, logId: LogId): number =>
  Math.max(known.peek(logId) ?? 0, rumours.peek(logId) ?? 0)

/** What a neighbour has by its own account, which counts more than what was thought. */
export function setKnown({ known, rumours }: Link, logId: LogId, next: number): void {
  known.set(logId, next)
  rumours.delete(logId)
}

export function enqueue(link: Link, logId: LogId, from: number): void {
  link.pushes.set(logId, Math.min(from, link.pushes.get(logId) ?? from))
  if (link.pushes.size > QUEUE_LOGS_MAX) dropOldest(link.pushes)
}

export const dropOldest = <K>(queue: { keys(): Iterator<K>; delete(key: K): boolean }): void => {
  queue.delete(queue.keys().next().value as K)
}
