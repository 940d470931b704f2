/**
 * Every number of trust, with its range and its reason (docs/trust.md). Where a value was measured, it is by `spore eval trust`; the
 * others are the design's (05-reasoning §5).
 */
import type { EvidenceKind } from '../protocol/evidence-payload.ts'

export interface TrustParams {
  /** Mean that an author chosen by the operator starts with; others start at chance. As in aggregation. */
  readonly startTrust: number
  /** Answers at the start value that evidence is mixed with: 4 keep a newcomer with 3 lucky answers below one who has 50. */
  readonly priorAnswers: number
  /** What is taken for chance where nobody has counted: of two answers, one. */
  readonly unknownChance: number
  /** The least mean: whoever has not forged or forked keeps a way back. */
  readonly meanMin: number
  /** Standard deviations between the mean and the lower bound that tiers go by: below it is one truth in six. */
  readonly lowerSigmas: number

  /** What is left of evidence after a period of 30 days: the cube root of a half, so a half after 90 days. */
  readonly keptPerPeriod: number
  /** Periods after which evidence is forgotten: a 2^-12th of it would be left. */
  readonly horizonPeriods: number

  /** What one judged outcome of each kind weighs against an answer. */
  readonly answerWeight: number
  readonly reviewWeight: number
  readonly citationWeight: number
  readonly receiptWeight: number

  /**
   * The last 32 outcomes count in full; all that came before as this many at most. So who changes is followed even where no test tells
   * it. Measured with 96, 64, 48 and 32: a swap of qualities is followed after 37, 33, 29 and 24 tasks, and honest peers are below
   * contributor in 1.5, 1.9, 2.3 and 3.1 % of the time.
   */
  readonly olderAnswersMax: number
  /**
   * Chance of so few right ones below which the newest outcomes are a fall. Between this and 0 what was before counts in proportion, so
   * that bad luck takes little and a plain fall everything. Measured with .05, .03, .02 and without: a sleeper is found out after 2.3,
   * 2.8, 3.0 and more than 4 lies, and 94.28, 94.3, 94.37 and 94.42 % of answers are right where nobody changes.
   */
  readonly fallLevel: number
  /** Outcomes of which a fall is told: two may be bad luck. */
  readonly fallOutcomesMin: number
  /** The same for a rise: stricter and of more outcomes, so that a liar does not buy his way back with a few truths. */
  readonly riseLevel: number
  readonly riseOutcomesMin: number

  /** What an outcome of another domain, or of the same author's other model, weighs; and how many answers they make at most. */
  readonly relatedWeight: number
  readonly relatedAnswersMax: number

  /** Answers that one other author's word about somebody counts for at most. */
  readonly raterAnswersMax: number
  /** Answers that all others' words count for at most: less than a good handful of own outcomes. */
  readonly hearsayAnswersMax: number
  /**
   * Own outcomes at which that is halved: who has seen for himself listens less. Measured with 8, 24 and 64: after 50 judged tasks the
   * better of ten is preferred in 87.5, 92.5 and 97.5 % of the seeds. With 64, eight own lies would not outweigh eight words of praise.
   */
  readonly hearsayYieldsAt: number
  /** Squares of standard deviations by which two raters may differ about somebody before it tells: by chance 1 pair in 12 does. */
  readonly contradictionFrom: number
  /** The most of them that one subject counts for: one odd disagreement does not silence anybody. */
  readonly contradictionMax: number
  /** What a contradiction weighs against the subjects that both rated. */
  readonly contradictionWeight: number
  /** Subjects without contradiction that a rater starts with. */
  readonly contradictionPrior: number

  /** Wrong outcomes that an invalid run counts for, and a flood; forgotten like any other. */
  readonly invalidRunWrong: number
  readonly floodWrong: number

  /**
   * Factor on the relevance of whoever is not yet a contributor, and whoever is no more: the same for both, so that a new name is no
   * better than a bad one. An exact hit is still the first: at .5 it stood behind own memories that share a word with the query.
   */
  readonly relevanceMin: number
}

const DEFAULTS: TrustParams = {
  startTrust: 0.6,
  priorAnswers: 4,
  unknownChance: 0.5,
  meanMin: 0.01,
  lowerSigmas: 1,
  keptPerPeriod: 0.7937005259840998,
  horizonPeriods: 36,
  answerWeight: 1,
  reviewWeight: 0.25,
  citationWeight: 0.1,
  receiptWeight: 0.5,
  olderAnswersMax: 64,
  fallLevel: 0.03,
  fallOutcomesMin: 3,
  riseLevel: 0.02,
  riseOutcomesMin: 16,
  relatedWeight: 0.25,
  relatedAnswersMax: 4,
  raterAnswersMax: 4,
  hearsayAnswersMax: 8,
  hearsayYieldsAt: 24,
  contradictionFrom: 3,
  contradictionMax: 12,
  contradictionWeight: 4,
  contradictionPrior: 4,
  invalidRunWrong: 12,
  floodWrong: 6,
  relevanceMin: 0.8,
}

/** The defaults with some values replaced, checked and frozen. A value outside of its range is a bug: it throws. */
export function createTrustParams(changes: Partial<TrustParams> = {}): TrustParams {
  const params = { ...DEFAULTS, ...changes }
  for (const [name, value] of Object.entries(params)) check(name, value, RANGES[name as keyof TrustParams])
  return Object.freeze(params)
}

export const kindWeights = (params: TrustParams): Readonly<Record<EvidenceKind, number>> => ({
  answer: params.answerWeight,
  review: params.reviewWeight,
  citation: params.citationWeight,
  receipt: params.receiptWeight,
})

type Range = readonly [min: number, max: number, isWhole?: 'whole']

const SHARE: Range = [0, 1]
const RANGES: Readonly<Record<keyof TrustParams, Range>> = {
  // At 0 and at 1 log-odds have no value.
  startTrust: [0.001, 0.999],
  // Without a prior, one right answer would be certainty.
  priorAnswers: [0.5, 1000],
  unknownChance: [0.001, 0.999],
  meanMin: [0, 0.2],
  lowerSigmas: [0, 10],
  // At 1 nothing is ever forgotten; at 0 everything within a period.
  keptPerPeriod: SHARE,
  horizonPeriods: [1, 1000, 'whole'],
  answerWeight: SHARE,
  reviewWeight: SHARE,
  citationWeight: SHARE,
  receiptWeight: SHARE,
  olderAnswersMax: [0, 1e6],
  // 1e-12 turns the test off.
  fallLevel: [1e-12, 0.5],
  fallOutcomesMin: [1, 32, 'whole'],
  riseLevel: [1e-12, 0.5],
  riseOutcomesMin: [1, 32, 'whole'],
  relatedWeight: SHARE,
  relatedAnswersMax: [0, 1000],
  raterAnswersMax: [0, 1000],
  hearsayAnswersMax: [0, 1000],
  hearsayYieldsAt: [0.5, 1e6],
  contradictionFrom: [0, 100],
  contradictionMax: [0, 1000],
  // 0 believes slanderers.
  contradictionWeight: [0, 1000],
  contradictionPrior: [0.5, 1000],
  invalidRunWrong: [0, 1000],
  floodWrong: [0, 1000],
  // At 0 an exact hit of somebody distrusted could not be found any more.
  relevanceMin: [0.05, 1],
}

function check(name: string, value: number, range: Range | undefined): void {
  if (!range) throw new RangeError(`there is no trust parameter ${name}`)
  const [min, max, isWhole] = range
  if (value >= min && value <= max && (isWhole === undefined || Number.isInteger(value))) return
  throw new RangeError(`trust parameter ${name} is ${value}, not ${isWhole ?? 'a number'} in ${min}…${max}`)
}
