/** What a verdict says about those who took part. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeReview, type ResolutionPayload } from '../../../../src/core/protocol/task-payloads.ts'
import { outcomesOf } from '../../../../src/core/reasoning/verdict-outcomes.ts'
import { ADA, all, BOB, CID, DEE, EVE, story } from './fixtures-story.ts'

/** Ada asked; Cid and Dee say a, Eve says b; Bob and Cid reviewed. */
function judged(verdict: Pick<ResolutionPayload, 'verdict' | 'answer' | 'correction'>, cited = [EVE]) {
  const of = story()
  of.ask(ADA)
  const [a, , b] = [of.answer(CID, 'a'), of.answer(DEE, 'a'), of.answer(EVE, 'b')] as const
  const ranking = (...ids: readonly (typeof a)[]) =>
    encodeReview({
      task: of.task,
      round: 0,
      model: 'm',
      ranking: ids.map((contribution) => ({ contribution, flaw: null })),
    })
  of.write(BOB, KINDS.review, ranking(a, b))
  of.write(CID, KINDS.review, ranking(b, a))
  // Who was shown one answer alone has chosen nothing.
  of.write(DEE, KINDS.review, ranking(b))
  const outcomes = outcomesOf(of.told(), { task: of.task, ...verdict }, cited, ADA, all)
  const rows = outcomes.map(({ subject, kind, isRight, chance, domain }) => {
    assert.equal(domain, 'general')
    return [kind, subject.split(' ')[0], isRight, chance] as const
  })
  // Answers come by their ids.
  return rows.sort(
    ([kind, x], [other, y]) =>
      KINDS_IN_ORDER.indexOf(kind) - KINDS_IN_ORDER.indexOf(other) || (`${x}` < `${y}` ? -1 : 1),
  )
}
const KINDS_IN_ORDER = ['answer', 'review', 'citation']

test('a right answer is the merit of those who gave it, who ranked it first, and whom it cites', () => {
  assert.deepEqual(judged({ verdict: 'right', answer: 'a', correction: null }), [
    ['answer', CID, true, 333],
    ['answer', DEE, true, 333],
    ['answer', EVE, false, 333],
    ['review', BOB, true, 500],
    ['review', CID, false, 500],
    ['citation', EVE, true, 500],
  ])
})

test('where another answer is right, it is the merit of those who gave that one', () => {
  const outcomes = judged({ verdict: 'corrected', answer: 'a', correction: 'b' })
  assert.deepEqual(
    outcomes.map(([kind, , isRight]) => [kind, isRight]),
    [
      ['answer', false],
      ['answer', false],
      ['answer', true],
      ['review', false],
      ['review', true],
      ['citation', false],
    ],
  )
})

test('that an answer is wrong says nothing of those who gave another', () => {
  const outcomes = judged({ verdict: 'wrong', answer: 'a', correction: null })
  assert.deepEqual(
    outcomes.filter(([kind]) => kind === 'answer').map(([, subject, isRight]) => [subject, isRight]),
    [
      [CID, false],
      [DEE, false],
    ],
  )
})

test('nobody is judged by a verdict on a question that is not held', () => {
  const of = story()
  of.answer(CID, 'a')
  const resolution = { task: of.task, verdict: 'right', answer: 'a', correction: null } as const
  assert.deepEqual(outcomesOf(of.told(), resolution, [EVE], ADA, all), [])
})
