/**
 * Add-wins observed-remove set on plain data (PROTOCOL.md §6; Shapiro et al. 2011, in the optimised form of Bieniusa et
 * al. 2012: unique dots and a causal context instead of a tombstone per element). It keeps no object per entry: about
 * 50 bytes for an element with one dot, so that a million fit a small machine.
 *
 * Invariants: a dot belongs to one element; a dot or a removal counts iff it lies below the fork point of its log (or where its
 * author was removed from the space); an element is visible iff one of its dots counts and no removal of that dot does. So the
 * result depends on the sets of adds, removals and these points alone, not on their order or repetition.
 */
import type { Digest, LogId } from '../base/brand.ts'
import { createByteNumbers, createNumbers, createShortNumbers } from '../base/columns.ts'
import { bytesToDigest } from '../base/hash.ts'
import { SEQ_MAX } from '../protocol/limits.ts'
import { BLOCK_BITS, BLOCK_DOTS, createDotTable } from './dot-table.ts'
import { createElementTable } from './element-table.ts'
import { createRemovalTable, type DotRange } from './removal-table.ts'

export interface DotRef {
  readonly logId: LogId
  readonly seq: number
}

/** What an entry adds: its kind and the digest of its payload. */
export interface Element {
  readonly kind: number
  readonly digest: Digest
}

/** An element whose visible dots changed, and whether it was and is visible. */
export interface Transition {
  /** Its number in this set: `element` tells which one it is. */
  readonly element: number
  readonly wasVisible: boolean
  readonly isVisible: boolean
}

export interface OrSet {
  /** `digest`: 32 bytes. */
  add(kind: number, digest: Uint8Array, dot: DotRef): Transition | null
  /** Removes a dot, seen or not, by the retraction that stands at `by`. */
  remove(dot: DotRef, by: DotRef): Transition | null
  /** Removes the dots `from` to `to` (inclusive) of a log, seen or not, by the checkpoint that stands at `by`. */
  removeRange(logId: LogId, from: number, to: number, by: DotRef): Transition[]
  /** Lowers the fork point of a log to `seq`. Costs what the log holds and removes behind it. */
  cut(logId: LogId, seq: number): Transition[]
  /** Puts that point where it now is, lower or higher. Costs what the log holds and removes behind the lower of the two. */
  limit(logId: LogId, seq: number): Transition[]
  /** Elements are numbered from 0 to below this, in the order in which they first came. */
  readonly size: number
  element(number: number): Element
  /** The digest of an element that is visible and of this kind; null where it is not. */
  visibleDigest(number: number, kind: number): Uint8Array | null
  kindOf(number: number): number
  /** Number of dots that make an element visible: 0 where it is not. */
  count(kind: number, digest: Uint8Array): number
  /** The dots that make the element visible, in the order in which they came. */
  dots(kind: number, digest: Uint8Array): DotRef[]
  /** Whether this dot makes its element visible. */
  isVisibleDot(dot: DotRef): boolean
  /** Visible elements, in the order in which they first came. */
  visible(): IterableIterator<Element>
}

export interface OrSetOptions {
  /** Nobody who chooses what is added should know it: 32 bits that the tables mix into their hashes. */
  readonly secret: number
}

/** The count that stands for "look beside". */
const COUNT_HIGH = 255

export function createOrSet({ secret }: OrSetOptions): OrSet {
  const logNumbers = new Map<LogId, number>()
  const logIds: LogId[] = []
  const forkPoints = new Map<number, number>()
  const elements = createElementTable(secret)
  const dots = createDotTable(secret)
  const removals = createRemovalTable()
  /** By dot: its element + 1, and the dot of that element that came next + 1; behind the last comes the first. */
  const elementsByDot = createNumbers()
  const nextDots = createNumbers()
  /** By block of dots: a bit for each that makes its element visible. */
  const visibleDots = createShortNumbers()
  /** By element: its last dot, and how many dots make it visible; what does not fit a byte stands beside it. */
  const lastDots = createNumbers()
  const counts = createByteNumbers()
  const highCounts = new Map<number, number>()

  const numberOf = (logId: LogId): number => {
    const known = logNumbers.get(logId)
    if (known !== undefined) return known
    logNumbers.set(logId, logIds.length)
    return logIds.push(logId) - 1
  }
  const forkPointOf = (log: number): number => forkPoints.get(log) ?? SEQ_MAX + 1
  const isListed = (dot: number): boolean =>
    ((visibleDots.get(dot >>> BLOCK_BITS) >>> (dot & (BLOCK_DOTS - 1))) & 1) === 1
  const refOf = (dot: number): DotRef => ({ logId: logIds[dots.log(dot)] as LogId, seq: dots.seq(dot) })

  const countOf = (element: number): number => {
    const count = counts.get(element)
    return count < COUNT_HIGH ? count : (highCounts.get(element) as number)
  }
  const setCount = (element: number, count: number): void => {
    counts.set(element, Math.min(count, COUNT_HIGH))
    if (count >= COUNT_HIGH) highCounts.set(element, count)
    else if (count === COUNT_HIGH - 1) highCounts.delete(element)
  }
  /** The dot of the same element behind this one; most are the only one, and nothing is kept of that. */
  const nextOf = (dot: number): number => {
    const next = nextDots.get(dot)
    return next === 0 ? dot : next - 1
  }

  /** Puts a new dot behind the others of its element. */
  const link = (dot: number, element: number, isFirst: boolean): void => {
    elementsByDot.set(dot, element + 1)
    if (!isFirst) {
      const last = lastDots.get(element)
      nextDots.set(dot, nextOf(last) + 1)
      nextDots.set(last, dot + 1)
    }
    lastDots.set(element, dot)
  }

  /** Brings what is visible in line with what now holds of one dot. */
  const settle = (dot: number, log: number, seq: number): Transition | null => {
    const element = elementsByDot.get(dot) - 1
    if (element < 0) return null
    const holds = seq < forkPointOf(log) && !removals.isRemoved(log, seq, forkPointOf)
    if (holds === isListed(dot)) return null
    const block = dot >>> BLOCK_BITS
    visibleDots.set(block, visibleDots.get(block) ^ (1 << (dot & (BLOCK_DOTS - 1))))
    const count = countOf(element)
    const now = count + (holds ? 1 : -1)
    setCount(element, now)
    return { element, wasVisible: count > 0, isVisible: now > 0 }
  }

  const settleRanges = (ranges: Iterable<DotRange>): Transition[] => {
    const transitions: Transition[] = []
    for (const range of ranges) settleRange(range, transitions)
    return transitions
  }

  const settleRange = ({ log, from, to }: DotRange, transitions: Transition[]): void => {
    for (const first of dots.blocks(log, from, to))
      for (let dot = first; dot < first + BLOCK_DOTS; dot++) {
        const seq = dots.seq(dot)
        const transition = seq >= from && seq <= to ? settle(dot, log, seq) : null
        if (transition) transitions.push(transition)
      }
  }

  const limit = (logId: LogId, seq: number): Transition[] => {
    const log = numberOf(logId)
    const before = forkPointOf(log)
    const now = Math.min(seq, SEQ_MAX + 1)
    if (now === before) return []
    forkPoints.set(log, now)
    const from = Math.min(now, before)
    const transitions = settleRanges([{ log, from, to: Math.max(now, before) - 1 }])
    return transitions.concat(settleRanges(removals.removedFrom({ log, seq: from })))
  }

  const find = (kind: number, digest: Uint8Array): number => elements.find(kind, digest)
  const elementOf = (number: number): Element => ({
    kind: elements.kind(number),
    digest: bytesToDigest(elements.digest(number)),
  })

  return {
    add(kind, digest, { logId, seq }) {
      const log = numberOf(logId)
      const dot = dots.intern(log, seq)
      if (elementsByDot.get(dot) !== 0) return null
      const known = elements.size
      const element = elements.intern(kind, digest)
      link(dot, element, element === known)
      return settle(dot, log, seq)
    },
    remove({ logId, seq }, by) {
      const log = numberOf(logId)
      if (!removals.remove(log, seq, { log: numberOf(by.logId), seq: by.seq })) return null
      const dot = dots.find(log, seq)
      return dot < 0 ? null : settle(dot, log, seq)
    },
    removeRange(logId, from, to, by) {
      const remover = { log: numberOf(by.logId), seq: by.seq }
      return settleRanges(removals.removeRange({ log: numberOf(logId), from, to }, remover))
    },
    cut: (logId, seq) => (seq < forkPointOf(numberOf(logId)) ? limit(logId, seq) : []),
    limit,
    get size() {
      return elements.size
    },
    element: elementOf,
    visibleDigest: (number, kind) =>
      counts.get(number) > 0 && elements.kind(number) === kind ? elements.digest(number) : null,
    kindOf: elements.kind,
    count(kind, digest) {
      const element = find(kind, digest)
      return element < 0 ? 0 : countOf(element)
    },
    dots(kind, digest) {
      const element = find(kind, digest)
      if (element < 0 || counts.get(element) === 0) return []
      const found: DotRef[] = []
      const last = lastDots.get(element)
      for (let dot = nextOf(last); ; dot = nextOf(dot)) {
        if (isListed(dot)) found.push(refOf(dot))
        if (dot === last) return found
      }
    },
    isVisibleDot({ logId, seq }) {
      const log = logNumbers.get(logId)
      const dot = log === undefined ? -1 : dots.find(log, seq)
      return dot >= 0 && isListed(dot)
    },
    *visible() {
      for (let number = 0; number < elements.size; number++)
        if (counts.get(number) > 0) yield elementOf(number)
    },
  }
}
