/**
 * What a contributor's stated confidence is worth, learnt from its scored answers. Raw confidence is never used: models say
 * 90 % whether they are right or not.
 *
 * Confidences are divided into classes of equal count (what one calls 0.9 another calls 0.6), and the share of right answers
 * of each is mixed with the author's mean. The factor on a weight is log-odds of the class over log-odds of the mean: 1 where
 * confidence tells nothing or nothing is known about it.
 */
import type { AggregationParams } from './aggregation-params.ts'
import { logOdds } from './log-odds.ts'

export interface ScoredConfidence {
  /** As stated, 0…1. */
  readonly confidence: number
  readonly isRight: boolean
}

export interface Calibration {
  /** Chance of being right over all confidences. */
  readonly mean: number
  /** Ascending; a class reaches from its own `from` up to the next one's. */
  readonly classes: readonly { readonly from: number; readonly right: number }[]
}

/** Null where there are too few scored answers to tell two classes apart. */
export function learnCalibration(
  answers: readonly ScoredConfidence[],
  params: AggregationParams,
): Calibration | null {
  const froms = classStarts(
    answers.map(({ confidence }) => confidence),
    params,
  )
  if (froms.length < 2) return null
  const prior = params.calibrationPriorAnswers
  const mean = answers.filter(({ isRight }) => isRight).length / answers.length
  const classes = froms.map((from, i) => {
    const to = froms[i + 1] ?? Number.POSITIVE_INFINITY
    const within = answers.filter(({ confidence }) => confidence >= from && confidence < to)
    const right = within.filter(({ isRight }) => isRight).length
    return { from, right: (right + prior * mean) / (within.length + prior) }
  })
  return { mean, classes }
}

/** Where classes of about equal count begin; equal confidences stay in one, and the last is never too small. */
function classStarts(
  confidences: readonly number[],
  { calibrationBins, calibrationAnswersMin }: AggregationParams,
): number[] {
  const sorted = [...confidences].sort((a, b) => a - b)
  const enough = Math.max(calibrationAnswersMin, Math.ceil(sorted.length / calibrationBins))
  // What lies below everything that was ever stated is of the first class.
  const starts = [Number.NEGATIVE_INFINITY]
  let begun = 0
  for (const [i, confidence] of sorted.entries()) {
    const isNext = i > 0 && confidence !== sorted[i - 1]
    if (!isNext || i - begun < enough || sorted.length - i < calibrationAnswersMin) continue
    starts.push(confidence)
    begun = i
  }
  return starts
}

/** Factor on the weight of an answer with this stated confidence, 0…`confidenceFactorMax`. */
export function confidenceFactor(
  calibration: Calibration | null,
  confidence: number | null,
  classes: number,
  params: AggregationParams,
): number {
  if (!calibration || confidence === null || Number.isNaN(confidence)) return 1
  const mean = logOdds(calibration.mean, classes, params)
  // Who is no better than chance is weighed by trust alone; confidence does not bring a weight back.
  if (mean <= 0) return 1
  let right = calibration.mean
  for (const found of calibration.classes) if (confidence >= found.from) right = found.right
  const factor = logOdds(right, classes, params) / mean
  return Math.min(params.confidenceFactorMax, Math.max(0, factor))
}
