/** Counting outcomes: rows only grow, and what is taken back is as if it had not been counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  COUNTER_MAX,
  decodeEvidence,
  type EvidenceRow,
  encodeEvidence,
  RECENT_OUTCOMES,
} from '../../../../src/core/protocol/evidence-payload.ts'
import { counted, emptyRow, lastOutcomes, type Outcome, takenBack } from '../../../../src/core/trust/tally.ts'
import { fuzz } from '../../../support/fuzz.ts'

const KEY = { subject: 'did:key:zAda', domain: 'general', kind: 'answer', period: 690 } as const
const outcome = (isRight: boolean, chance = 250): Outcome => ({ ...KEY, isRight, chance })
const all = (rights: readonly boolean[], from: EvidenceRow | null = null): EvidenceRow =>
  rights.reduce<EvidenceRow>((row, isRight) => counted(row, KEY, outcome(isRight)), from ?? emptyRow(KEY))

test('outcomes are counted, and the order of the last ones is kept', () => {
  const row = all([true, true, false])
  assert.deepEqual(row.counters, { ...emptyRow(KEY).counters, right: 2, wrong: 1, chance: 750 })
  assert.deepEqual(lastOutcomes(row), [false, true, true])
})

test('of more outcomes than order is kept of, the last ones are known', () => {
  const rights = Array.from({ length: RECENT_OUTCOMES + 1 }, (_, i) => i === 0 || i === RECENT_OUTCOMES)
  const row = all(rights)
  assert.equal(row.recent.outcomes, RECENT_OUTCOMES + 1)
  assert.deepEqual(lastOutcomes(row), [...rights].reverse().slice(0, RECENT_OUTCOMES))
})

test('a counter that is full stays full', () => {
  const { counters } = emptyRow(KEY)
  const full = { ...emptyRow(KEY), counters: { ...counters, right: COUNTER_MAX, chance: COUNTER_MAX - 1 } }
  const row = counted(full, KEY, outcome(true))
  assert.deepEqual([row.counters.right, row.counters.chance], [COUNTER_MAX, COUNTER_MAX])
})

test('whatever is counted and taken back, no counter falls, and the row is evidence', () =>
  fuzz(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 60 }), (steps) => {
    let row = counted(null, KEY, outcome(true))
    for (const [isRight, isBack] of steps) {
      const next = isBack ? takenBack(row, outcome(isRight)) : counted(row, KEY, outcome(isRight))
      for (const [name, count] of Object.entries(row.counters))
        assert.ok(next.counters[name as keyof EvidenceRow['counters']] >= count, name)
      row = next
    }
    assert.deepEqual(decodeEvidence(encodeEvidence({ rows: [row], because: [] }))?.rows, [row])
  }))

test('what is taken back that was counted leaves what there was without it', () => {
  const net = ({ counters }: EvidenceRow) => [
    counters.right - counters.rightBack,
    counters.wrong - counters.wrongBack,
    counters.chance - counters.chanceBack,
  ]
  const before = all([true, false])
  assert.deepEqual(net(takenBack(all([true], before), outcome(true))), net(before))
})
