/** What stated confidence is worth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import {
  confidenceFactor,
  learnCalibration,
  type ScoredConfidence,
} from '../../../../src/core/reasoning/recalibration.ts'

const params = createAggregationParams()
/** `count` answers with this confidence, the first `right` of them right. */
const answers = (confidence: number, count: number, right: number): ScoredConfidence[] =>
  Array.from({ length: count }, (_, i) => ({ confidence, isRight: i < right }))
const factorOf = (scored: readonly ScoredConfidence[], confidence: number | null): number =>
  confidenceFactor(learnCalibration(scored, params), confidence, 2, params)

test('who knows when he is right gains weight where he is sure and loses it where he is not', () => {
  const scored = [...answers(0.9, 30, 28), ...answers(0.6, 30, 15)]
  assert.ok(factorOf(scored, 0.95) > 1.3)
  assert.ok(factorOf(scored, 0.5) < 0.6)
})

test('whose confidence tells nothing, or the opposite, is not heavier for boasting', () => {
  assert.equal(factorOf([...answers(0.99, 30, 21), ...answers(0.6, 30, 21)], 0.99), 1)
  assert.ok(factorOf([...answers(0.99, 30, 15), ...answers(0.6, 30, 27)], 0.99) < 1)
})

test('confidence that is always the same counts for nothing', () => {
  assert.equal(factorOf(answers(0.95, 100, 70), 0.95), 1)
  assert.equal(factorOf(answers(0.95, 100, 70), 1), 1)
})

test('raw confidence is ignored: without a calibration, with too few answers, or when it is no number', () => {
  assert.equal(confidenceFactor(null, 0.999, 2, params), 1)
  const least = params.calibrationAnswersMin
  assert.equal(learnCalibration([...answers(0.9, least - 1, 9), ...answers(0.1, least, 0)], params), null)
  assert.notEqual(learnCalibration([...answers(0.9, least, 9), ...answers(0.1, least, 0)], params), null)
  const scored = [...answers(0.9, 30, 28), ...answers(0.6, 30, 15)]
  assert.equal(factorOf(scored, null), 1)
  assert.equal(factorOf(scored, Number.NaN), 1)
})

test('a factor has an upper bound, and brings nobody back who is at chance', () => {
  const steep = [...answers(0.9, 500, 499), ...answers(0.5, 1500, 600)]
  assert.equal(factorOf(steep, 1), params.confidenceFactorMax)
  const atChance = [...answers(0.9, 30, 30), ...answers(0.5, 30, 0)]
  assert.equal(factorOf(atChance, 0.9), 1)
})

test('the order of answers makes no difference', () => {
  const scored = [...answers(0.9, 17, 15), ...answers(0.6, 20, 9), ...answers(0.7, 13, 8)]
  assert.deepEqual(learnCalibration(scored, params), learnCalibration(scored.toReversed(), params))
})
