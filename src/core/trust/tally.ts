/**
 * Counting: how an own row of evidence grows by outcomes. What was counted by mistake is taken back by counters that grow, too, so that
 * no state is ever less than one before it.
 */
import {
  COUNTER_MAX,
  type EvidenceKind,
  type EvidenceRow,
  RECENT_OUTCOMES,
} from '../protocol/evidence-payload.ts'

/** Something that was said, and whether it was right. */
export interface Outcome {
  readonly subject: string
  readonly domain: string
  readonly kind: EvidenceKind
  readonly isRight: boolean
  /** How often chance would have been right, in thousandths. */
  readonly chance: number
}

/** What tells the rows of one rater in one space apart. */
export type RowKey = Pick<EvidenceRow, 'subject' | 'domain' | 'kind' | 'period'>

/** `before`: the row as it stands; null where there is none. The outcome is one of its subject, domain and kind. */
export function counted(before: EvidenceRow | null, key: RowKey, { isRight, chance }: Outcome): EvidenceRow {
  const { counters, recent } = before ?? emptyRow(key)
  return {
    ...rowKey(key),
    counters: {
      ...counters,
      right: plus(counters.right, isRight ? 1 : 0),
      wrong: plus(counters.wrong, isRight ? 0 : 1),
      chance: plus(counters.chance, chance),
    },
    recent: {
      outcomes: plus(recent.outcomes, 1),
      bits: ((recent.bits << 1) | (isRight ? 1 : 0)) >>> 0,
    },
  }
}

/** The same outcome does not count any more: it was judged anew. The order of the last ones keeps it. */
export function takenBack(before: EvidenceRow, { isRight, chance }: Outcome): EvidenceRow {
  const { counters, recent } = before
  return {
    ...rowKey(before),
    counters: {
      ...counters,
      rightBack: Math.min(counters.right, counters.rightBack + (isRight ? 1 : 0)),
      wrongBack: Math.min(counters.wrong, counters.wrongBack + (isRight ? 0 : 1)),
      chanceBack: Math.min(counters.chance, counters.chanceBack + chance),
    },
    recent,
  }
}

export const emptyRow = (key: RowKey): EvidenceRow => ({
  ...rowKey(key),
  counters: { right: 0, wrong: 0, chance: 0, rightBack: 0, wrongBack: 0, chanceBack: 0 },
  recent: { outcomes: 0, bits: 0 },
})

const rowKey = ({ subject, domain, kind, period }: RowKey): RowKey => ({ subject, domain, kind, period })

/** A counter that is full stays what it is: it has said all that it can. */
const plus = (count: number, more: number): number => Math.min(COUNTER_MAX, count + more)

/** Of a row, the last outcomes whose order is known, the newest first. */
export function lastOutcomes({ recent: { outcomes, bits } }: EvidenceRow): boolean[] {
  return Array.from({ length: Math.min(outcomes, RECENT_OUTCOMES) }, (_, i) => ((bits >>> i) & 1) === 1)
}
