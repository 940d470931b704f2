/**
 * How news spread along the links: a pure state machine after Plumtree (Leitão, Pereira, Rodrigues 2007).
 *
 * Each link is eager or lazy. News go to eager neighbours whole, to lazy ones as an announcement, later. Who is pushed
 * mostly what it has prunes the link, so what stays eager is a tree; who is announced what nobody brought it grafts the
 * link, so the tree heals. Invariants: nothing is sent but what is stored here; at most one push and one announcement a link
 * are under way; a queue is bounded and drops its oldest: what is lost that way, or any other, the next pull finds.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import type { Random } from '../base/ports.ts'
import { IHAVE_ROWS_MAX, PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { LogNext, LogStart } from '../protocol/messages.ts'
import {
  dropOldest,
  enqueue,
  type Known,
  knownOf,
  type Link,
  type Message,
  newLink,
  noteKnown,
  noteKnownFork,
  setKnown,
} from './plumtree-link.ts'
import type { Offered } from './push.ts'
import type { Replica } from './replica.ts'

export { type Known, type Message, QUEUE_LOGS_MAX, RUMOURS_MAX } from './plumtree-link.ts'

/** News that come within this time go out in one push. */
export const PUSH_COALESCE_MS = 50
/**
 * An announcement waits this long, and up to half as long again: along a deep tree news reach one of two neighbours up to 2 s
 * before the other, and the push should come first. What is newer than it has a time of its own, or it would overtake its push.
 */
export const ANNOUNCE_DELAY_MS = 2000
/** After a lost push or announcement the neighbour is asked this much later what it lacks. */
export const PROBE_DELAY_MS = 250
/** What somebody was asked to bring is not asked of another for so long: a round trip and a push of 1 MiB. */
export const EXPECT_MS = 2000
/** Logs that were fetched lately. */
const FETCHED_LOGS_MAX = 4096
/** Logs that somebody was asked to bring. */
const EXPECTED_LOGS_MAX = 16_384

/** A neighbour as the shell names it. */
export type LinkName = string

export type PlumtreeEvent =
  /** A link was made. What is known of the neighbour may be shared with whoever else sees what it has. */
  | { readonly type: 'up'; readonly link: LinkName; readonly known: Known; readonly knownForks: Known }
  | { readonly type: 'down'; readonly link: LinkName }
  /** Entries were stored: of each log from a sequence number on. `isOld` where they were fetched: the others likely have them. */
  | { readonly type: 'stored'; readonly logs: readonly LogStart[]; readonly isOld: boolean }
  /** A fork was proven here: its proof goes along every link at once. */
  | { readonly type: 'forked'; readonly logId: LogId }
  /** A neighbour pushed: so many entries that were new here, and so many that were not. Answered by `prune`, or not. */
  | {
      readonly type: 'pushed'
      readonly link: LinkName
      readonly rows: readonly LogNext[]
      readonly fresh: number
      readonly duplicate: number
    }
  /** A neighbour announced what it has. Answered by at most one `want`. */
  | { readonly type: 'announced'; readonly link: LinkName; readonly rows: readonly LogNext[] }
  /** A neighbour wants no more pushes, or wants them again, beginning with what it lacks. */
  | { readonly type: 'pruned'; readonly link: LinkName }
  | { readonly type: 'grafted'; readonly link: LinkName; readonly want: readonly LogStart[] }
  /** The time of a `wake` has come. */
  | { readonly type: 'due'; readonly link: LinkName; readonly message: Message }
  /** A push arrived: what it offered, what of it was taken, what was left for the next one, what is wanted behind a gap. */
  | {
      readonly type: 'delivered'
      readonly link: LinkName
      readonly offered: readonly Offered[]
      readonly taken: readonly Offered[]
      readonly rest: readonly LogStart[]
      readonly want: readonly LogStart[]
    }
  /** An announcement arrived; what is wanted of it comes as `grafted`. */
  | { readonly type: 'heard'; readonly link: LinkName }
  /** A push or announcement of these logs was lost or refused. */
  | {
      readonly type: 'failed'
      readonly link: LinkName
      readonly message: Message
      readonly logs: readonly LogId[]
    }

export type PlumtreeEffect =
  /** Come back with `due` after a time. */
  | { readonly type: 'wake'; readonly link: LinkName; readonly message: Message; readonly delayMs: number }
  /** Send the logs from these sequence numbers on; end with `delivered` or `failed`. */
  | { readonly type: 'push'; readonly link: LinkName; readonly logs: readonly LogStart[] }
  /** Send these rows; end with `heard` (and `grafted`) or `failed`. */
  | { readonly type: 'announce'; readonly link: LinkName; readonly rows: readonly LogNext[] }
  /** Ask a neighbour for what it announced, now that who was to bring it has not. Nothing comes back. */
  | { readonly type: 'ask'; readonly link: LinkName; readonly want: readonly LogStart[] }
  | { readonly type: 'prune'; readonly link: LinkName }
  | { readonly type: 'want'; readonly link: LinkName; readonly want: readonly LogStart[] }

export interface Plumtree {
  handle(event: PlumtreeEvent, nowMs: number): PlumtreeEffect[]
  isEager(link: LinkName): boolean
  links(): readonly LinkName[]
}

export interface PlumtreeDeps {
  readonly random: Random
  /** What is here. */
  readonly replica: Pick<Replica, 'next' | 'validEnd' | 'forkPoint'>
}

export function createPlumtree({ random, replica }: PlumtreeDeps): Plumtree {
  const links = new Map<LinkName, Link>()
  /** Who was asked to bring a log, up to where and until when it is waited for. */
  const expected = new Map<
    LogId,
    { readonly link: LinkName; readonly next: number; readonly untilMs: number }
  >()

  /** What a pull brought before the push did: the push is then no second way to it, but the first, and late. */
  const fetched: Known = createBoundedMap(FETCHED_LOGS_MAX)

  const lacks = (link: Link, logId: LogId): boolean =>
    knownOf(link, logId) < replica.validEnd(logId) ||
    replica.forkPoint(logId) < (link.knownForks.get(logId) ?? Number.POSITIVE_INFINITY)

  const wake = (name: LinkName, link: Link, message: Message, delayMs: number): PlumtreeEffect[] => {
    // What is under way looks at its queue when it ends.
    if (link.waking.has(message) || link.sending.has(message)) return []
    link.waking.add(message)
    return [{ type: 'wake', link: name, message, delayMs }]
  }
  const wakePush = (name: LinkName, link: Link, delayMs: number) => wake(name, link, 'push', delayMs)
  /** When the oldest may be announced, or a little later. */
  const wakeAnnounce = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    const readyAtMs = link.announcements.readyAtMs()
    if (readyAtMs === null) return []
    const jitterMs = (ANNOUNCE_DELAY_MS / 2) * random.float()
    return wake(name, link, 'announce', Math.max(0, readyAtMs - nowMs) + jitterMs)
  }
  const announceLater = (link: Link, logId: LogId, nowMs: number): void =>
    link.announcements.add({ logId, next: replica.validEnd(logId) }, nowMs + ANNOUNCE_DELAY_MS)

  const store = (logs: readonly LogStart[], isOld: boolean, nowMs: number): PlumtreeEffect[] => {
    const effects: PlumtreeEffect[] = []
    if (isOld) for (const { logId } of logs) fetched.set(logId, replica.next(logId))
    for (const [name, link] of links) {
      const isPush = link.isEager && !isOld
      for (const { logId, from } of logs) {
        if (!lacks(link, logId)) continue
        if (isPush) enqueue(link, logId, from)
        else announceLater(link, logId, nowMs)
      }
      if (link.pushes.size > 0) effects.push(...wakePush(name, link, PUSH_COALESCE_MS))
      effects.push(...wakeAnnounce(name, link, nowMs))
    }
    return effects
  }

  const forked = (logId: LogId): PlumtreeEffect[] =>
    [...links].flatMap(([name, link]) => {
      if (!lacks(link, logId)) return []
      enqueue(link, logId, replica.validEnd(logId))
      return wakePush(name, link, PUSH_COALESCE_MS)
    })

  /** A push of nothing but what is here, or mostly: this link is a second way to the same news. */
  const judge = (
    name: LinkName,
    { rows, fresh, duplicate }: { rows: readonly LogNext[]; fresh: number; duplicate: number },
    nowMs: number,
  ): PlumtreeEffect[] => {
    const link = links.get(name)
    if (!link || duplicate <= fresh) return []
    if (rows.some(({ logId, next }) => next <= (fetched.get(logId) ?? 0))) return []
    return [...makeLazy(name, link, nowMs), { type: 'prune', link: name }]
  }

  const makeLazy = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    link.isEager = false
    for (const logId of link.pushes.keys()) announceLater(link, logId, nowMs)
    link.pushes.clear()
    return wakeAnnounce(name, link, nowMs)
  }

  const askFor = (name: LinkName, rows: readonly LogNext[], nowMs: number): PlumtreeEffect[] => {
    const link = links.get(name)
    const want: LogStart[] = []
    for (const row of rows) {
      const from = replica.next(row.logId)
      if (from >= Math.min(row.next, replica.forkPoint(row.logId)) || want.length >= PULL_RANGES_MAX) continue
      if (isComing(row, name, nowMs)) {
        if (link && link.spares.size < PULL_RANGES_MAX) link.spares.add(row.logId)
        continue
      }
      expect(row, name, nowMs)
      want.push({ logId: row.logId, from })
    }
    if (link && want.length > 0) link.isEager = true
    return [
      ...(want.length > 0 ? [{ type: 'want', link: name, want } as const] : []),
      ...(link && link.spares.size > 0 ? wake(name, link, 'ask', EXPECT_MS) : []),
    ]
  }

  /** Whether another neighbour was asked for this, and may still bring it. */
  const isComing = ({ logId, next }: LogNext, name: LinkName, nowMs: number): boolean => {
    const bringer = expected.get(logId)
    if (!bringer || bringer.link === name || !links.has(bringer.link)) return false
    return bringer.untilMs > nowMs && bringer.next >= next
  }

  /** Who was asked first was lost, or lied. */
  const askSpare = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    const rows: LogNext[] = []
    for (const logId of link.spares) rows.push({ logId, next: knownOf(link, logId) })
    link.spares.clear()
    return askFor(name, rows, nowMs).map((effect) =>
      effect.type === 'want' ? { ...effect, type: 'ask' } : effect,
    )
  }

  const expect = ({ logId, next }: LogNext, link: LinkName, nowMs: number): void => {
    expected.delete(logId)
    expected.set(logId, { link, next, untilMs: nowMs + EXPECT_MS })
    if (expected.size > EXPECTED_LOGS_MAX) dropOldest(expected)
  }

  /** What a neighbour wants by its own account, which counts more than what was thought. */
  const graft = (name: LinkName, link: Link, want: readonly LogStart[]): PlumtreeEffect[] => {
    link.isEager = true
    for (const { logId, from } of want) {
      if (from >= replica.validEnd(logId)) continue
      setKnown(link, logId, from)
      link.announcements.delete(logId)
      enqueue(link, logId, from)
    }
    return link.pushes.size > 0 ? wakePush(name, link, 0) : []
  }

  const refill = (link: Link, offered: readonly LogNext[], want: readonly LogStart[]): void => {
    for (const { logId, from } of want) {
      const isOffered = offered.some((row) => row.logId === logId && from < row.next)
      if (!isOffered || link.refilled.has(logId)) continue
      link.refilled.add(logId)
      setKnown(link, logId, from)
      enqueue(link, logId, from)
    }
  }

  const flushPushes = (name: LinkName, link: Link): PlumtreeEffect[] => {
    if (link.sending.has('push')) return []
    const logs: LogStart[] = []
    for (const [logId, from] of link.pushes)
      if (lacks(link, logId)) logs.push({ logId, from: Math.max(from, knownOf(link, logId)) })
    link.pushes.clear()
    if (logs.length === 0) {
      link.refilled.clear()
      return []
    }
    link.sending.add('push')
    return [{ type: 'push', link: name, logs }]
  }

  const flushAnnouncements = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    if (link.sending.has('announce')) return []
    const rows: LogNext[] = []
    for (const { logId, next } of link.announcements.take(nowMs, IHAVE_ROWS_MAX)) {
      if (!lacks(link, logId)) continue
      const end = replica.validEnd(logId)
      rows.push({ logId, next: Math.min(next, end) })
      // What waited is announced as it was; what is newer follows it.
      if (next < end) announceLater(link, logId, nowMs)
    }
    if (rows.length === 0) return wakeAnnounce(name, link, nowMs)
    link.sending.add('announce')
    return [{ type: 'announce', link: name, rows }]
  }

  /** Later news wait in the queue of a link; a message that has ended goes on with them. */
  const goOn = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => [
    ...(link.pushes.size > 0 ? wakePush(name, link, 0) : []),
    ...wakeAnnounce(name, link, nowMs),
  ]

  const fail = (
    name: LinkName,
    link: Link,
    message: Message,
    logs: readonly LogId[],
    nowMs: number,
  ): PlumtreeEffect[] => {
    link.sending.delete(message)
    // Asked what it lacks before anything is sent again: a lost answer is no lost push.
    for (const logId of [...logs, ...link.pushes.keys()])
      link.announcements.hurry({ logId, next: replica.validEnd(logId) }, nowMs)
    link.pushes.clear()
    link.isEager = false
    return wake(name, link, 'probe', PROBE_DELAY_MS)
  }

  const handleOf = (name: LinkName, link: Link, event: PlumtreeEvent, nowMs: number): PlumtreeEffect[] => {
    switch (event.type) {
      case 'pruned':
        return makeLazy(name, link, nowMs)
      case 'grafted':
        return graft(name, link, event.want)
      case 'due':
        link.waking.delete(event.message)
        if (event.message === 'ask') return askSpare(name, link, nowMs)
        return event.message === 'push' ? flushPushes(name, link) : flushAnnouncements(name, link, nowMs)
      case 'delivered':
        link.sending.delete('push')
        for (const row of event.taken) {
          noteKnown(link.known, row)
          if (row.forkPoint !== undefined) noteKnownFork(link.knownForks, row.logId, row.forkPoint)
        }
        for (const { logId, from } of event.rest) enqueue(link, logId, from)
        refill(link, event.offered, event.want)
        if (link.pushes.size === 0) link.refilled.clear()
        return goOn(name, link, nowMs)
      case 'heard':
        link.sending.delete('announce')
        return goOn(name, link, nowMs)
      case 'failed':
        return fail(name, link, event.message, event.logs, nowMs)
      default:
        return []
    }
  }

  return {
    handle(event, nowMs) {
      if (event.type === 'stored') return store(event.logs, event.isOld, nowMs)
      if (event.type === 'forked') return forked(event.logId)
      const link = links.get(event.link)
      switch (event.type) {
        case 'up':
          if (!link) links.set(event.link, newLink(event.known, event.knownForks))
          return []
        case 'down':
          links.delete(event.link)
          return []
        case 'pushed':
          if (link) for (const row of event.rows) noteKnown(link.known, row)
          return judge(event.link, event, nowMs)
        case 'announced':
          if (link)
            for (const row of event.rows)
              noteKnown(replica.next(row.logId) > 0 ? link.known : link.rumours, row)
          return askFor(event.link, event.rows, nowMs)
        default:
          return link ? handleOf(event.link, link, event, nowMs) : []
      }
    },
    isEager: (name) => links.get(name)?.isEager ?? false,
    links: () => [...links.keys()],
  }
}
