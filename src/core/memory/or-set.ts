/**
 * Add-wins observed-remove set on plain data (PROTOCOL.md §6; Shapiro et al. 2011, in the optimised form of Bieniusa et
 * al. 2012: unique dots and a causal context instead of a tombstone per element).
 *
 * Invariants: a dot belongs to one element; a dot or a removal counts iff it lies below the fork point of its log; an
 * element is visible iff one of its dots counts and no removal of that dot does. So the result depends on the sets of
 * adds, removals and fork points alone, not on their order or repetition.
 */
import type { LogId } from '../base/brand.ts'
import { SEQ_MAX } from '../protocol/limits.ts'

export interface DotRef {
  readonly logId: LogId
  readonly seq: number
}

/** An element whose visible dots changed, and whether it was and is visible. */
export interface Transition<Element> {
  readonly element: Element
  readonly wasVisible: boolean
  readonly isVisible: boolean
}

export interface OrSet<Element> {
  add(element: Element, dot: DotRef): Transition<Element> | null
  /** Removes a dot, seen or not, by the retraction that stands at `by`. */
  remove(dot: DotRef, by: DotRef): Transition<Element> | null
  /** Removes the dots `from` to `to` (inclusive) of a log, seen or not, by the checkpoint that stands at `by`. */
  removeRange(logId: LogId, from: number, to: number, by: DotRef): Transition<Element>[]
  /** Lowers the fork point of a log to `seq`. Scans the set: forks are rare. */
  cut(logId: LogId, seq: number): Transition<Element>[]
  has(element: Element): boolean
  /** Whether this dot makes its element visible. */
  isVisibleDot(dot: DotRef): boolean
  /** The dots that make the element visible, in the order in which they came. */
  dots(element: Element): DotRef[]
  /** Visible elements, in the order in which they became visible. */
  visible(): IterableIterator<Element>
}

/** (log, seq) packed into one safe integer; the number of a log is local to this replica. */
type Dot = number
const SEQS = SEQ_MAX + 1

export function createOrSet<Element>(): OrSet<Element> {
  const logNumbers = new Map<LogId, number>()
  const logIds: LogId[] = []
  const elements = new Map<Dot, Element>()
  const removals = new Map<Dot, Dot[]>()
  const visible = new Map<Element, Dot[]>()
  /** By the number of a log: ranges of its dots, and the checkpoint that removed them. */
  const ranges = new Map<number, { readonly from: number; readonly to: number; readonly by: Dot }[]>()
  const forkPoints = new Map<number, number>()

  const pack = ({ logId, seq }: DotRef): Dot => {
    let number = logNumbers.get(logId)
    if (number === undefined) {
      number = logIds.length
      logNumbers.set(logId, number)
      logIds.push(logId)
    }
    return number * SEQS + seq
  }
  const unpack = (dot: Dot): DotRef => ({ logId: logIds[Math.floor(dot / SEQS)] as LogId, seq: dot % SEQS })
  const counts = (dot: Dot): boolean => dot % SEQS < (forkPoints.get(Math.floor(dot / SEQS)) ?? SEQS)

  const isInRange = (dot: Dot): boolean => {
    const ofLog = ranges.get(Math.floor(dot / SEQS))
    const seq = dot % SEQS
    return ofLog?.some(({ from, to, by }) => from <= seq && seq <= to && counts(by)) ?? false
  }

  /** Brings `visible` in line with what now holds of one dot. */
  const settle = (dot: Dot): Transition<Element> | null => {
    const element = elements.get(dot)
    if (element === undefined) return null
    const dots = visible.get(element) ?? []
    const wasListed = dots.includes(dot)
    const isListed = counts(dot) && !removals.get(dot)?.some(counts) && !isInRange(dot)
    if (wasListed === isListed) return null
    const rest = isListed ? [...dots, dot] : dots.filter((other) => other !== dot)
    if (rest.length > 0) visible.set(element, rest)
    else visible.delete(element)
    return { element, wasVisible: dots.length > 0, isVisible: rest.length > 0 }
  }

  return {
    add(element, ref) {
      const dot = pack(ref)
      if (elements.has(dot)) return null
      elements.set(dot, element)
      return settle(dot)
    },
    remove(ref, by) {
      const dot = pack(ref)
      const retraction = pack(by)
      const known = removals.get(dot)
      if (known?.includes(retraction)) return null
      removals.set(dot, [...(known ?? []), retraction])
      return settle(dot)
    },
    removeRange(logId, from, to, by) {
      const number = Math.floor(pack({ logId, seq: 0 }) / SEQS)
      ranges.set(number, [...(ranges.get(number) ?? []), { from, to, by: pack(by) }])
      const [first, last] = [number * SEQS + from, number * SEQS + to]
      const dots = [...elements.keys()].filter((dot) => dot >= first && dot <= last)
      return dots.map(settle).filter((transition) => transition !== null)
    },
    cut(logId, seq) {
      const number = Math.floor(pack({ logId, seq: 0 }) / SEQS)
      if (seq >= (forkPoints.get(number) ?? SEQS)) return []
      forkPoints.set(number, seq)
      const lost = (dot: Dot): boolean => Math.floor(dot / SEQS) === number && !counts(dot)
      const isInLostRange = (dot: Dot): boolean =>
        ranges.get(Math.floor(dot / SEQS))?.some(({ by }) => lost(by)) ?? false
      const dots = [...elements.keys()].filter(
        (dot) => lost(dot) || removals.get(dot)?.some(lost) || isInLostRange(dot),
      )
      return dots.map(settle).filter((transition) => transition !== null)
    },
    has: (element) => visible.has(element),
    isVisibleDot(ref) {
      const dot = pack(ref)
      const element = elements.get(dot)
      return element !== undefined && (visible.get(element)?.includes(dot) ?? false)
    },
    dots: (element) => (visible.get(element) ?? []).map(unpack),
    visible: () => visible.keys(),
  }
}
