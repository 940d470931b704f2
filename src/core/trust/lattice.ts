/**
 * The lattice that evidence is: rows of grow-only counters, whose join is the greater of each counter. Whoever holds the same entries
 * has the same rows, in whatever order and however often they came.
 *
 * Invariants: joining is commutative, associative, idempotent, and never makes a counter less. A set of rows is bounded by its canonical
 * order alone — the first `max` stay, the newest periods first — so that dropping commutes with joining: a row that is dropped has `max`
 * rows before it, and they stay.
 */
import type { SpaceId } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'
import {
  type Counters,
  EVIDENCE_KINDS,
  type EvidenceKind,
  type EvidenceRow,
  type Recent,
} from '../protocol/evidence-payload.ts'

/** What a row is about; rater and space are those of the set that it is in. */
export type RowKey = Pick<EvidenceRow, 'subject' | 'domain' | 'kind' | 'period'>

/** A row as it is kept: `counters` and `recent` grow. */
export interface KeptRow extends RowKey {
  readonly space: SpaceId
  counters: Counters
  recent: Recent
}

/** Rows of one rater in one space: a thousand authors judged in a period. The rows of older periods go first. */
export const ROWS_MAX = 1024
/** Rows of this spore itself in one space: a thousand authors, and all that it remembers of them. */
export const OWN_ROWS_MAX = 65_536

export const joinCounters = (a: Counters, b: Counters): Counters => ({
  right: Math.max(a.right, b.right),
  wrong: Math.max(a.wrong, b.wrong),
  chance: Math.max(a.chance, b.chance),
  rightBack: Math.max(a.rightBack, b.rightBack),
  wrongBack: Math.max(a.wrongBack, b.wrongBack),
  chanceBack: Math.max(a.chanceBack, b.chanceBack),
})

/** The later of two states; of two with as many outcomes, as only a forked author can have, the greater: any rule, the same for all. */
export const joinRecent = (a: Recent, b: Recent): Recent =>
  a.outcomes !== b.outcomes ? (a.outcomes > b.outcomes ? a : b) : a.bits >= b.bits ? a : b

/** The canonical order: the newest period first. */
export const compareRows = (a: RowKey, b: RowKey): number =>
  b.period - a.period ||
  compareText(a.subject, b.subject) ||
  compareText(a.domain, b.domain) ||
  EVIDENCE_KINDS.indexOf(a.kind) - EVIDENCE_KINDS.indexOf(b.kind)

export interface RowSet {
  readonly size: number
  /** The row that has changed, null where it said nothing new; and the row that made room, which may be the same. */
  join(row: EvidenceRow): Joined
  get(subject: string, domain: string, kind: EvidenceKind, period: number): KeptRow | null
  rows(): IterableIterator<KeptRow>
}

export interface Joined {
  readonly changed: KeptRow | null
  readonly dropped: KeptRow | null
}

const UNCHANGED: Joined = { changed: null, dropped: null }

export function createRowSet(space: SpaceId, max: number): RowSet {
  const kept = new Map<string, KeptRow>()
  /** The last row of a full set; null where it has to be looked for. */
  let last: KeptRow | null = null

  const findLast = (): KeptRow => {
    let found: KeptRow | null = null
    for (const row of kept.values()) if (!found || compareRows(row, found) > 0) found = row
    return found as KeptRow
  }
  const add = (row: EvidenceRow): Joined => {
    const added: KeptRow = { ...row, space }
    if (kept.size < max) {
      kept.set(keyOf(row), added)
      last = null
      return { changed: added, dropped: null }
    }
    last ??= findLast()
    if (compareRows(row, last) > 0) return UNCHANGED
    const dropped = last
    kept.delete(keyOf(dropped))
    kept.set(keyOf(row), added)
    last = null
    return { changed: added, dropped }
  }

  return {
    get size() {
      return kept.size
    },
    join(row) {
      const known = kept.get(keyOf(row))
      if (!known) return add(row)
      const counters = joinCounters(known.counters, row.counters)
      const recent = joinRecent(known.recent, row.recent)
      if (isSameCounters(counters, known.counters) && isSameRecent(recent, known.recent)) return UNCHANGED
      known.counters = counters
      known.recent = recent
      return { changed: known, dropped: null }
    },
    get: (subject, domain, kind, period) => kept.get(keyOf({ subject, domain, kind, period })) ?? null,
    rows: () => kept.values(),
  }
}

const isSameCounters = (a: Counters, b: Counters): boolean =>
  a.right === b.right &&
  a.wrong === b.wrong &&
  a.chance === b.chance &&
  a.rightBack === b.rightBack &&
  a.wrongBack === b.wrongBack &&
  a.chanceBack === b.chanceBack
const isSameRecent = (a: Recent, b: Recent): boolean => a.outcomes === b.outcomes && a.bits === b.bits

/** The length of the domain keeps two keys from being one. */
const keyOf = ({ subject, domain, kind, period }: RowKey): string =>
  `${period} ${kind} ${domain.length} ${domain}${subject}`
