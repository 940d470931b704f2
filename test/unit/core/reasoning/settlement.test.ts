/** How an answer is shown to have come about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { digestToCid } from '../../../../src/core/base/hash.ts'
import type { TaskPayload } from '../../../../src/core/protocol/task-payloads.ts'
import { acceptedOf } from '../../../../src/core/reasoning/acceptance.ts'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { settlementOf } from '../../../../src/core/reasoning/settlement.ts'
import { learnTrackRecord } from '../../../../src/core/reasoning/track-record.ts'
import { ADA, all, BOB, CID, DEE, EVE, story } from './fixtures-story.ts'

const params = createAggregationParams()

/** Ada's synthesis of two answers a and one b, as somebody sees it who trusts these authors. */
function settled(self: Did, trusted: readonly Did[]) {
  const of = story()
  of.ask(ADA)
  const answers = [of.answer(CID, 'a'), of.answer(DEE, 'a'), of.answer(EVE, 'b', { reason: 'It is b.' })]
  of.synthesize(ADA, 'a', answers, { masses: [4, 2, 2], rule: 'weighted' })
  const attempt = of.told()
  const isTrusted = (author: string): boolean => trusted.some((did) => author.startsWith(did))
  const evidence = {
    of: () => ({ evidenceIn: learnTrackRecord([], params, isTrusted), bestSingle: null }),
  }
  const accepted = acceptedOf(attempt, all)
  assert.ok(accepted)
  const settlement = settlementOf(accepted, attempt.task as TaskPayload, { self, evidence, params })
  assert.ok(settlement)
  return { settlement, answers }
}

test('masses, margin, dissent with its reasons, and who took part, are those that the synthesis lists', () => {
  const { settlement, answers } = settled(BOB, [CID, DEE])
  assert.equal(settlement.conclusion, 'a')
  assert.equal(settlement.margin, 0.5)
  assert.deepEqual(settlement.masses, [
    { answer: 'a', share: 0.75, authors: [CID, DEE] },
    { answer: 'b', share: 0.25, authors: [EVE] },
  ])
  assert.deepEqual(settlement.dissent, [
    { answer: 'b', share: 0.25, authors: [EVE], reasons: [{ author: EVE, reason: 'It is b.' }] },
  ])
  assert.deepEqual(
    settlement.participants.map(({ contribution, mass }) => [contribution, mass]),
    answers.map((id, i) => [digestToCid(id), [4, 2, 2][i]]),
  )
  assert.equal(settlement.synthesizer, ADA)
})

test('own trust is shown beside it where it makes another answer, and nowhere else', () => {
  assert.equal(settled(BOB, [CID, DEE]).settlement.ownView, null)
  const other = settled(BOB, [EVE]).settlement.ownView
  assert.deepEqual([other?.conclusion, other?.rule], ['b', 'weighted'])
  assert.equal(settled(ADA, [EVE]).settlement.ownView, null, 'who put it together has said what it thinks')
})
