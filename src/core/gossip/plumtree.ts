/**
 * How news spread along the links: a pure state machine after Plumtree (Leitão, Pereira, Rodrigues 2007).
 *
 * Each link is eager or lazy. News go to eager neighbours whole, to lazy ones as an announcement, later. Who is pushed
 * what it has prunes the link, so what stays eager is a tree (by the news of one log: `tree-measure.ts`); who is announced what
 * nobody brought it grafts the link, so the tree heals. Invariants: nothing is sent but what is stored here; at most one push and one
 * announcement a link are under way; a queue is bounded and drops its oldest: what is lost that way, or any other, the next pull finds.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import type { Random } from '../base/ports.ts'
import { IHAVE_ROWS_MAX, PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { LogNext, LogStart } from '../protocol/messages.ts'
import { noteKnown, noteKnownFork } from './peers.ts'
import type { Known, LinkName, Message, PlumtreeEffect, PlumtreeEvent } from './plumtree-events.ts'
import { dropOldest, enqueue, type Held, knownOf, type Link, newLink, setKnown } from './plumtree-link.ts'
import { createShortcuts } from './shortcuts.ts'
import { createTreeMeasure } from './tree-measure.ts'

export type { Known, LinkName, Message, PlumtreeEffect, PlumtreeEvent } from './plumtree-events.ts'
export { QUEUE_LOGS_MAX, RUMOURS_MAX } from './plumtree-link.ts'

/** News that come within this time go out in one push. What others pushed waits only where a push has just gone out: each hop counts. */
export const PUSH_COALESCE_MS = 50
/**
 * An announcement waits this long, and up to half as long again: along a deep tree news reach one of two neighbours up to 2 s
 * before the other, and the push should come first. What is newer than it has a time of its own, or it would overtake its push.
 */
export const ANNOUNCE_DELAY_MS = 2000
/** The same where the link may have been one too many to prune (`tree-measure.ts`). */
export const CROSSED_DELAY_MS = 500
/** After a lost push or announcement the neighbour is asked this much later what it lacks. */
export const PROBE_DELAY_MS = 250
/** What somebody was asked to bring is not asked of another for so long: a round trip and a push of 1 MiB. */
export const EXPECT_MS = 2000
/** Logs that were fetched lately. */
const FETCHED_LOGS_MAX = 4096
/** Logs that somebody was asked to bring. */
const EXPECTED_LOGS_MAX = 16_384

export interface Plumtree {
  handle(event: PlumtreeEvent, nowMs: number): PlumtreeEffect[]
  isEager(link: LinkName): boolean
  links(): readonly LinkName[]
}

export interface PlumtreeDeps {
  readonly random: Random
  /** What is here, and what of it a neighbour may see: nothing else is told it, and nothing else decides what it is asked for. */
  readonly replica: Held
  readonly seenBy?: (link: LinkName) => Held
}

export function createPlumtree({ random, replica, seenBy = () => replica }: PlumtreeDeps): Plumtree {
  const links = new Map<LinkName, Link>()
  /** Who was asked to bring a log, up to where and until when it is waited for. */
  const expected = new Map<
    string,
    { readonly link: LinkName; readonly next: number; readonly untilMs: number }
  >()

  /** What a pull brought before the push did: the push is then no second way to it, but the first, and late. */
  const fetched: Known = createBoundedMap(FETCHED_LOGS_MAX)

  /** Which link brought the last of a log. */
  const broughtBy = createBoundedMap<LogId, LinkName>(FETCHED_LOGS_MAX)
  const shortcuts = createShortcuts(ANNOUNCE_DELAY_MS, random)
  const measure = createTreeMeasure()
  /** Who was the last to push anything new. */
  let bringer: LinkName | null = null

  const lacks = (link: Link, logId: LogId): boolean =>
    knownOf(link, logId) < link.here().validEnd(logId) ||
    link.here().forkPoint(logId) < (link.knownForks.peek(logId) ?? Number.POSITIVE_INFINITY)

  const wake = (name: LinkName, link: Link, message: Message, delayMs: number): PlumtreeEffect[] => {
    // What is under way looks at its queue when it ends.
    if (link.waking.has(message) || link.sending.has(message)) return []
    link.waking.add(message)
    return [{ type: 'wake', link: name, message, delayMs }]
  }
  const wakePush = (name: LinkName, link: Link, delayMs: number) => wake(name, link, 'push', delayMs)
  /** What is left of the moment after the last push, in which others share the next. */
  const pauseOf = ({ pushedAtMs }: Link, nowMs: number): number =>
    Math.max(0, Math.min(PUSH_COALESCE_MS, pushedAtMs + PUSH_COALESCE_MS - nowMs))
  /** When the oldest may be announced, or a little later. */
  const wakeAnnounce = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    const readyAtMs = link.announcements.readyAtMs()
    if (readyAtMs === null) return []
    const jitterMs = (announceDelayMs(link, nowMs) / 2) * random.float()
    return wake(name, link, 'announce', Math.max(0, readyAtMs - nowMs) + jitterMs)
  }
  const announceDelayMs = ({ soonUntilMs }: Link, nowMs: number): number =>
    nowMs < soonUntilMs ? CROSSED_DELAY_MS : ANNOUNCE_DELAY_MS
  const announceLater = (link: Link, logId: LogId, nowMs: number): void =>
    link.announcements.add({ logId, next: link.here().validEnd(logId) }, nowMs + announceDelayMs(link, nowMs))

  const store = (
    { logs, by }: Extract<PlumtreeEvent, { type: 'stored' }>,
    nowMs: number,
  ): PlumtreeEffect[] => {
    const effects: PlumtreeEffect[] = []
    if (by === 'here') measure.note(logs, nowMs)
    const isFetched = typeof by === 'object'
    if (isFetched) for (const { logId } of logs) fetched.set(logId, replica.next(logId))
    // Who brings the news was quicker asked than it pushed: it will not push them any more, and others wait for them here.
    const isNews = isFetched && links.get(by.fetchedFrom)?.isEager === true
    for (const [name, link] of links) {
      if (isNews && link.isEager) effects.push(...announceNow(name, link, logs, nowMs))
      for (const { logId, from } of logs) {
        if (!lacks(link, logId)) continue
        if (link.isEager && !isFetched) enqueue(link, logId, from)
        else if (!link.isEager || !isNews) announceLater(link, logId, nowMs)
      }
      const delayMs = by === 'push' ? pauseOf(link, nowMs) : PUSH_COALESCE_MS
      if (link.pushes.size > 0) effects.push(...wakePush(name, link, delayMs))
      effects.push(...wakeAnnounce(name, link, nowMs))
    }
    return effects
  }

  /** Announced rather than pushed: how much of it the neighbour lacks is not known. */
  const announceNow = (
    name: LinkName,
    link: Link,
    logs: readonly { readonly logId: LogId }[],
    nowMs: number,
  ): PlumtreeEffect[] => {
    const lacking = logs.filter(({ logId }) => lacks(link, logId))
    for (const { logId } of lacking)
      link.announcements.hurry({ logId, next: link.here().validEnd(logId) }, nowMs)
    return lacking.length > 0 ? wake(name, link, 'probe', PUSH_COALESCE_MS) : []
  }

  /** News that a pull was quicker to bring go on along the tree when they come along it: at the pull, they were off it. */
  const passOn = (name: LinkName, rows: readonly LogNext[], nowMs: number): PlumtreeEffect[] => {
    const late = rows.filter(({ logId, next }) => next <= (fetched.peek(logId) ?? 0))
    for (const { logId } of late) fetched.delete(logId)
    return [...links].flatMap(([other, link]) =>
      other !== name && link.isEager ? announceNow(other, link, late, nowMs) : [],
    )
  }

  const forked = (logId: LogId): PlumtreeEffect[] =>
    [...links].flatMap(([name, link]) => {
      if (!lacks(link, logId)) return []
      enqueue(link, logId, link.here().validEnd(logId))
      return wakePush(name, link, PUSH_COALESCE_MS)
    })

  /** A push of nothing but what is here: this link is a second way to the same news. */
  const judge = (
    name: LinkName,
    { rows, fresh, duplicate }: { rows: readonly LogNext[]; fresh: number; duplicate: number },
    nowMs: number,
  ): PlumtreeEffect[] => {
    const link = links.get(name)
    if (fresh > 0) for (const { logId } of rows) broughtBy.set(logId, name)
    if (!link || fresh > 0 || duplicate === 0) return []
    // It brings the same twice where it was asked for what was already on its way.
    if (rows.length > 0 && rows.every(({ logId }) => broughtBy.peek(logId) === name)) return []
    if (rows.some(({ logId, next }) => next <= (fetched.peek(logId) ?? 0))) return passOn(name, rows, nowMs)
    if (!measure.includes(rows) && !isGraftInVain(link)) return []
    return [...makeLazy(name, link, nowMs), { type: 'prune', link: name }]
  }

  const noteBrought = (name: LinkName, rows: readonly LogNext[], nowMs: number): void => {
    bringer = name
    shortcuts.brought(rows, nowMs)
  }

  /** Makes a link eager at both ends. */
  const woo = (name: LinkName, link: Link): PlumtreeEffect[] => {
    link.isEager = true
    return [{ type: 'ask', link: name, want: [] }]
  }

  const shorten = (name: LinkName, rows: readonly LogNext[], nowMs: number): PlumtreeEffect[] => {
    const link = links.get(name)
    // What it announces sooner than others do says nothing of how long it has had that.
    if (!link || link.isEager || nowMs < link.soonUntilMs + ANNOUNCE_DELAY_MS) return []
    return shortcuts.isOne(rows, nowMs) ? woo(name, link) : []
  }

  /** Who brought the news is gone: another is asked to at once, rather than when an announcement shows that they lack. */
  const unlink = (name: LinkName): PlumtreeEffect[] => {
    const isBringer = links.get(name)?.isEager === true && bringer === name
    links.delete(name)
    const lazy = [...links].filter(([, { isEager }]) => !isEager)
    const chosen = lazy[Math.floor(random.float() * lazy.length)]
    return isBringer && chosen ? woo(...chosen) : []
  }

  /** Pruned by the first push that it was grafted for: it was announced too soon, and that came along the tree, from far. */
  const isGraftInVain = ({ pushesSinceGraft }: Link): boolean => pushesSinceGraft <= 1
  const makeEager = (link: Link): void => {
    if (!link.isEager) link.pushesSinceGraft = 0
    link.isEager = true
  }

  const makeLazy = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    link.soonUntilMs = isGraftInVain(link) ? nowMs : measure.crossingUntilMs()
    link.isEager = false
    for (const logId of link.pushes.keys()) announceLater(link, logId, nowMs)
    link.pushes.clear()
    return wakeAnnounce(name, link, nowMs)
  }

  const askFor = (name: LinkName, rows: readonly LogNext[], nowMs: number): PlumtreeEffect[] => {
    const [link, here] = [links.get(name), seenBy(name)]
    const want: LogStart[] = []
    for (const row of rows) {
      const from = here.next(row.logId)
      if (from >= Math.min(row.next, here.validPoint(row.logId)) || want.length >= PULL_RANGES_MAX) continue
      if (isComing(row, name, nowMs)) {
        if (link && link.spares.size < PULL_RANGES_MAX) link.spares.add(row.logId)
        continue
      }
      expect(row, name, nowMs)
      want.push({ logId: row.logId, from })
    }
    if (link && want.length > 0) makeEager(link)
    return [
      ...(want.length > 0 ? [{ type: 'want', link: name, want } as const] : []),
      ...(link && link.spares.size > 0 ? wake(name, link, 'ask', EXPECT_MS) : []),
    ]
  }

  /** Of a log that the neighbour may not see, nothing shows that others were asked for it. */
  const expectKey = (logId: LogId, name: LinkName): string =>
    seenBy(name).isHidden(logId) ? `hidden ${logId}` : logId

  /** Whether another neighbour was asked for this, and may still bring it. */
  const isComing = ({ logId, next }: LogNext, name: LinkName, nowMs: number): boolean => {
    const bringer = expected.get(expectKey(logId, name))
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
    const key = expectKey(logId, link)
    expected.delete(key)
    expected.set(key, { link, next, untilMs: nowMs + EXPECT_MS })
    if (expected.size > EXPECTED_LOGS_MAX) dropOldest(expected)
  }

  /** What a neighbour wants by its own account, which counts more than what was thought. */
  const graft = (name: LinkName, link: Link, want: readonly LogStart[]): PlumtreeEffect[] => {
    makeEager(link)
    for (const { logId, from } of want) {
      if (from >= link.here().validEnd(logId)) continue
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

  const flushPushes = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
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
    link.pushedAtMs = nowMs
    return [{ type: 'push', link: name, logs }]
  }

  const flushAnnouncements = (name: LinkName, link: Link, nowMs: number): PlumtreeEffect[] => {
    if (link.sending.has('announce')) return []
    const rows: LogNext[] = []
    for (const { logId, next } of link.announcements.take(nowMs, IHAVE_ROWS_MAX)) {
      if (!lacks(link, logId)) continue
      const end = link.here().validEnd(logId)
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
      link.announcements.hurry({ logId, next: link.here().validEnd(logId) }, nowMs)
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
        return event.message === 'push'
          ? flushPushes(name, link, nowMs)
          : flushAnnouncements(name, link, nowMs)
      case 'delivered':
        link.sending.delete('push')
        link.pushesSinceGraft++
        for (const row of event.taken) {
          noteKnown(link, row.logId, row.next)
          if (row.forkPoint !== undefined) noteKnownFork(link, row.logId, row.forkPoint)
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
      if (event.type === 'stored') return store(event, nowMs)
      if (event.type === 'forked') return forked(event.logId)
      const link = links.get(event.link)
      switch (event.type) {
        case 'up':
          if (!link) links.set(event.link, newLink(event, seenBy))
          return []
        case 'down':
          return unlink(event.link)
        case 'pushed':
          if (link) {
            link.pushesSinceGraft++
            for (const { logId, next } of event.rows) noteKnown(link, logId, next)
          }
          measure.note(event.rows, nowMs)
          if (event.fresh > 0) noteBrought(event.link, event.rows, nowMs)
          return judge(event.link, event, nowMs)
        case 'announced':
          if (link)
            for (const { logId, next } of event.rows)
              noteKnown({ known: replica.next(logId) > 0 ? link.known : link.rumours }, logId, next)
          return [...shorten(event.link, event.rows, nowMs), ...askFor(event.link, event.rows, nowMs)]
        default:
          return link ? handleOf(event.link, link, event, nowMs) : []
      }
    },
    isEager: (name) => links.get(name)?.isEager ?? false,
    links: () => [...links.keys()],
  }
}
