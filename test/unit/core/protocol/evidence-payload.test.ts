/** Evidence as bytes: what is written is read again, and anything else is no evidence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Canonical, encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { bytesToDigest } from '../../../../src/core/base/hash.ts'
import {
  COUNTER_MAX,
  decodeEvidence,
  EVIDENCE_BECAUSE_MAX,
  EVIDENCE_KINDS,
  EVIDENCE_ROWS_MAX,
  type EvidenceRow,
  encodeEvidence,
  PERIOD_MAX,
  PERIOD_MS,
  periodAt,
  SUBJECT_CHARS_MAX,
} from '../../../../src/core/protocol/evidence-payload.ts'
import { PAYLOAD_BYTES_MAX } from '../../../../src/core/protocol/limits.ts'
import { DOMAIN_CHARS_MAX } from '../../../../src/core/protocol/task-limits.ts'
import { fuzz } from '../../../support/fuzz.ts'

const digest = (byte: number) => bytesToDigest(new Uint8Array(32).fill(byte))
const row = (changes: Partial<EvidenceRow> = {}): EvidenceRow => ({
  ...{ subject: 'did:key:zAda', domain: 'general', kind: 'answer', period: 690 },
  counters: { right: 3, wrong: 2, chance: 1250, rightBack: 1, wrongBack: 0, chanceBack: 250 },
  recent: { outcomes: 5, bits: 0b10101 },
  ...changes,
})
/** The bytes of one row as a hostile author may write it. */
const raw = (...fields: Canonical[]) => encodeCanonical({ rows: [fields] })
const COUNTERS = [3, 2, 1250, 1, 0, 250]

test('evidence that is written is read as it was', () =>
  fuzz(
    fc.record({
      subject: fc.string({ minLength: 1, maxLength: SUBJECT_CHARS_MAX }).filter((s) => s.isWellFormed()),
      domain: fc.string({ minLength: 1, maxLength: DOMAIN_CHARS_MAX }).filter((s) => s.isWellFormed()),
      kind: fc.constantFrom(...EVIDENCE_KINDS),
      period: fc.nat(PERIOD_MAX),
      right: fc.nat(COUNTER_MAX),
      outcomes: fc.nat(COUNTER_MAX),
      because: fc.array(fc.nat(255).map(digest), { maxLength: EVIDENCE_BECAUSE_MAX }),
    }),
    ({ subject, domain, kind, period, right, outcomes, because }) => {
      const counters = { right, wrong: 0, chance: right, rightBack: right, wrongBack: 0, chanceBack: 0 }
      const rows = [{ ...{ subject, domain, kind, period, counters }, recent: { outcomes, bits: 1 } }]
      assert.deepEqual(decodeEvidence(encodeEvidence({ rows, because })), { rows, because })
    },
  ))

test('as many rows and reasons as may be are evidence, and one more is none', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => row({ subject: `did:key:z${i}` }))
  const reasons = (count: number) => Array.from({ length: count }, () => digest(1))
  const isRead = (count: number, because: number) =>
    decodeEvidence(encodeEvidence({ rows: rows(count), because: reasons(because) })) !== null
  assert.deepEqual(
    [isRead(EVIDENCE_ROWS_MAX, EVIDENCE_BECAUSE_MAX), isRead(EVIDENCE_ROWS_MAX + 1, 0), isRead(0, 0)],
    [true, false, false],
  )
  assert.equal(isRead(1, EVIDENCE_BECAUSE_MAX + 1), false)
})

test('the longest evidence fits into a payload', () => {
  const full = { right: COUNTER_MAX, wrong: COUNTER_MAX, chance: COUNTER_MAX }
  const back = { rightBack: COUNTER_MAX, wrongBack: COUNTER_MAX, chanceBack: COUNTER_MAX }
  const rows = Array.from({ length: EVIDENCE_ROWS_MAX }, (_, i) =>
    row({
      subject: `${i}`.padEnd(SUBJECT_CHARS_MAX, '語'),
      domain: '語'.repeat(DOMAIN_CHARS_MAX),
      counters: { ...full, ...back },
    }),
  )
  const because = Array.from({ length: EVIDENCE_BECAUSE_MAX }, () => digest(1))
  assert.ok(encodeEvidence({ rows, because }).length <= PAYLOAD_BYTES_MAX)
})

test('one beyond any bound, another form, or counters that took back more than they counted are no evidence', () => {
  assert.ok(decodeEvidence(raw('a', 'b', 0, 1, COUNTERS, [5, 21])))
  for (const bytes of [
    raw('a'.repeat(SUBJECT_CHARS_MAX + 1), 'b', 0, 1, COUNTERS, [5, 21]),
    raw('', 'b', 0, 1, COUNTERS, [5, 21]),
    raw('a', 'b'.repeat(DOMAIN_CHARS_MAX + 1), 0, 1, COUNTERS, [5, 21]),
    raw('a', 'b', EVIDENCE_KINDS.length, 1, COUNTERS, [5, 21]),
    raw('a', 'b', 0, PERIOD_MAX + 1, COUNTERS, [5, 21]),
    raw('a', 'b', 0, 1, [COUNTER_MAX + 1, 0, 0, 0, 0, 0], [5, 21]),
    raw('a', 'b', 0, 1, [1, 0, 0, 2, 0, 0], [5, 21]),
    raw('a', 'b', 0, 1, [1, 0, 0, 0, 1, 0], [5, 21]),
    raw('a', 'b', 0, 1, [1, 0, 0, 0, 0, 1], [5, 21]),
    raw('a', 'b', 0, 1, [-1, 0, 0, 0, 0, 0], [5, 21]),
    raw('a', 'b', 0, 1, [1, 0, 0, 0, 0], [5, 21]),
    raw('a', 'b', 0, 1, COUNTERS, [5]),
    raw('a', 'b', 0, 1, COUNTERS, [5, COUNTER_MAX + 1]),
    raw('a', 'b', 0, 1, COUNTERS),
    encodeCanonical({ rows: 'a' }),
    encodeCanonical({ rows: [[['a']]] }),
    encodeCanonical({ rows: [['a', 'b', 0, 1, COUNTERS, [5, 21]]], because: ['x'] }),
    encodeCanonical([]),
    new Uint8Array(),
  ])
    assert.equal(decodeEvidence(bytes), null)
})

test('a subject that stands twice in one domain, kind and period is no evidence, and in two of them is', () => {
  const isRead = (...rows: EvidenceRow[]) => decodeEvidence(encodeEvidence({ rows, because: [] })) !== null
  assert.equal(isRead(row(), row()), false)
  assert.equal(isRead(row(), row({ period: 691 }), row({ domain: 'code' }), row({ kind: 'review' })), true)
})

test('whatever bytes come, reading them does not throw', () =>
  fuzz(fc.uint8Array({ maxLength: 64 }), (bytes) => void decodeEvidence(bytes)))

test('a time that no clock should show is in the first or in the last period', () => {
  assert.deepEqual([-1, 0, PERIOD_MS - 1, PERIOD_MS, Number.MAX_SAFE_INTEGER].map(periodAt), [
    0,
    0,
    0,
    1,
    PERIOD_MAX,
  ])
})
