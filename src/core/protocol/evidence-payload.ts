/**
 * What an author counted about others (PROTOCOL.md §5, §11): evidence, never a score. Each row is a set of grow-only counters of one
 * rater about one subject; the entry's signature is the rater's, so nobody writes another's.
 */
import type { Digest } from '../base/brand.ts'
import { type Canonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes } from '../base/hash.ts'
import { isBytes, isUint } from './entry.ts'
import { decodeFields, isText } from './payloads.ts'
import { AUTHOR_CHARS_MAX, DOMAIN_CHARS_MAX, MODEL_CHARS_MAX } from './task-limits.ts'

/**
 * What was judged: an answer to a resolved task; a review that ranked answers of which one was right; a memory that a resolved answer
 * cites (weak); work that both sides signed a receipt for. Numbers in entries are their places in this list.
 */
export const EVIDENCE_KINDS = ['answer', 'review', 'citation', 'receipt'] as const
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number]

/**
 * Whole numbers that only grow. What is `…Back` was counted before and is taken back, as where an operator judges anew: so a correction
 * grows, too, and the join stays the greater of each.
 */
export interface Counters {
  readonly right: number
  readonly wrong: number
  /** How often chance would have been right, in thousandths: 250 for one answer of four choices. */
  readonly chance: number
  readonly rightBack: number
  readonly wrongBack: number
  readonly chanceBack: number
}

/** The newest outcomes, in their order: what tells that somebody has changed. */
export interface Recent {
  /** Outcomes that were ever noted in this row: of two states, the one with more is the later. */
  readonly outcomes: number
  /** The last 32, the newest in the lowest bit; 1 is right. */
  readonly bits: number
}

export interface EvidenceRow {
  /** An author's did:key, or one and a model family with a space between them. */
  readonly subject: string
  readonly domain: string
  readonly kind: EvidenceKind
  /** Stretches of 30 days since the Unix epoch, in which it was judged. */
  readonly period: number
  readonly counters: Counters
  readonly recent: Recent
}

export interface EvidencePayload {
  readonly rows: readonly EvidenceRow[]
  /** Elements that it rests on: resolutions, receipts. */
  readonly because: readonly Digest[]
}

/** Rows of one entry: contributors of a task, their reviews, and whom they cite. */
export const EVIDENCE_ROWS_MAX = 64
/** Elements that one entry rests on. */
export const EVIDENCE_BECAUSE_MAX = 48
/** Characters of a subject: an author and a family. */
export const SUBJECT_CHARS_MAX = AUTHOR_CHARS_MAX + 1 + MODEL_CHARS_MAX
/** The greatest counter: a thousandfold of what anybody judges in 30 days, and sums of them stay whole. */
export const COUNTER_MAX = 2 ** 32 - 1
/** Outcomes of which the order is kept. */
export const RECENT_OUTCOMES = 32
/** Milliseconds of a period. */
export const PERIOD_MS = 30 * 24 * 3_600_000
/** The greatest period: 10,000 years. */
export const PERIOD_MAX = 121_750

/** The period of a time in milliseconds since the Unix epoch; a clock that is off is in the first or the last. */
export const periodAt = (ms: number): number => Math.min(PERIOD_MAX, Math.max(0, Math.floor(ms / PERIOD_MS)))

export function encodeEvidence({ rows, because }: EvidencePayload): Uint8Array {
  return encodeCanonical({
    rows: rows.map(({ subject, domain, kind, period, counters, recent }) => [
      subject,
      domain,
      EVIDENCE_KINDS.indexOf(kind),
      period,
      COUNTERS.map((name) => counters[name]),
      [recent.outcomes, recent.bits],
    ]),
    ...(because.length > 0 && { because: because.map(digestToBytes) }),
  })
}

/** Null for what is no evidence: a subject twice in one domain, kind and period among it. */
export function decodeEvidence(bytes: Uint8Array): EvidencePayload | null {
  const fields = decodeFields(bytes)
  if (!fields) return null
  const { rows: listed, because = [] } = fields
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > EVIDENCE_ROWS_MAX) return null
  if (!Array.isArray(because) || because.length > EVIDENCE_BECAUSE_MAX) return null
  const reasons = (because as Canonical[]).filter((digest) => isBytes(digest, 32))
  if (reasons.length < because.length) return null
  const rows: EvidenceRow[] = []
  const seen = new Set<string>()
  for (const item of listed as Canonical[]) {
    const row = decodeRow(item)
    if (!row) return null
    const key = JSON.stringify([row.subject, row.domain, row.kind, row.period])
    if (seen.has(key)) return null
    seen.add(key)
    rows.push(row)
  }
  return { rows, because: reasons.map((digest) => bytesToDigest(digest as Uint8Array)) }
}

const COUNTERS = ['right', 'wrong', 'chance', 'rightBack', 'wrongBack', 'chanceBack'] as const

function decodeRow(item: Canonical): EvidenceRow | null {
  if (!Array.isArray(item) || item.length !== 6) return null
  const [subject, domain, place, period, counted, last] = item as Canonical[]
  if (!isText(subject, SUBJECT_CHARS_MAX) || !isText(domain, DOMAIN_CHARS_MAX)) return null
  if (!isUint(place, EVIDENCE_KINDS.length - 1) || !isUint(period, PERIOD_MAX)) return null
  if (!isCounts(counted, COUNTERS.length) || !isCounts(last, 2)) return null
  const [right, wrong, chance, rightBack, wrongBack, chanceBack] = counted as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  // What is taken back was counted.
  if (rightBack > right || wrongBack > wrong || chanceBack > chance) return null
  const [outcomes, bits] = last as [number, number]
  return {
    subject,
    domain,
    kind: EVIDENCE_KINDS[place] as EvidenceKind,
    period,
    counters: { right, wrong, chance, rightBack, wrongBack, chanceBack },
    recent: { outcomes, bits },
  }
}

const isCounts = (value: Canonical | undefined, count: number): value is number[] =>
  Array.isArray(value) && value.length === count && value.every((one) => isUint(one, COUNTER_MAX))
