/**
 * Every number of aggregation and convergence, with its reason. Where a value was measured, it is by `spore eval aggregate`
 * (docs/aggregation.md); the others are the design's.
 */

export interface AggregationParams {
  /** Chance of being right that an operator's own models and configured peers start with. Others start at chance. */
  readonly startTrust: number
  /**
   * Bounds of a chance before its log-odds: nobody's record is so long that his answer outweighs any number of others.
   * At .99 and two classes one answer weighs as much as eleven of .6.
   */
  readonly trustMin: number
  readonly trustMax: number
  /** Answers at chance that a record is mixed with: 4 keep a newcomer with 3 lucky answers below one who has 50. */
  readonly priorAnswers: number
  /** Classes of stated confidence that are told apart: with 50 answers more would hold too few each. */
  readonly calibrationBins: number
  /** Scored answers in each such class; who has fewer for two of them has his confidence ignored. */
  readonly calibrationAnswersMin: number
  /** Answers at the author's own mean that each class is mixed with, so that chance in small classes is not believed. */
  readonly calibrationPriorAnswers: number
  /** How much a well-founded confidence may raise a weight at most; it may lower it to 0. */
  readonly confidenceFactorMax: number
  /** Correlation of errors (phi, shrunk) from which two contributors count as one: the design's. A lower one counts in part. */
  readonly entangledAt: number
  /** Shared tasks without correlation that a measured one is mixed with. */
  readonly correlationPriorTasks: number
  /** Standard deviations by which a correlation must differ from none before it counts at all: 1 pair in 40 does by chance. */
  readonly correlationSigmas: number
  /** Scored tasks before one contributor may overrule the panel. */
  readonly bestSingleTasksMin: number
  /** By how many standard deviations of a fair coin he must have been right more often than the panel. */
  readonly bestSingleSigmas: number
  /** Parts that history is divided in, each judged with weights learnt from the others. */
  readonly folds: number
  /**
   * Similarity from which two claims say the same: of 13 pairs of sentences those that did had .72 … 1, those that did not
   * .04 … .61, and one .75 ("by the moon", "by the wind"). And similarity from which answers of one house are copies.
   */
  readonly claimsAlikeAt: number
  readonly copiesAlikeAt: number
  /** Agreement from which a round counts as agreed, and the same once answers went to and fro. */
  readonly agreedAt: number
  readonly agreedAfterOscillation: number
  /** How many rounds agreement has to stay within how much. */
  readonly stableRounds: number
  readonly stableWithin: number
  /** How often agreement may cross its threshold before it counts as oscillation. */
  readonly crossingsMax: number
  /** Share of all claims that one contributor may have. */
  readonly claimShareMax: number
}

const DEFAULTS: AggregationParams = {
  startTrust: 0.6,
  trustMin: 0.01,
  trustMax: 0.99,
  priorAnswers: 4,
  calibrationBins: 3,
  calibrationAnswersMin: 10,
  calibrationPriorAnswers: 10,
  confidenceFactorMax: 2,
  entangledAt: 0.55,
  correlationPriorTasks: 5,
  correlationSigmas: 2,
  bestSingleTasksMin: 20,
  bestSingleSigmas: 2,
  folds: 10,
  claimsAlikeAt: 0.65,
  copiesAlikeAt: 0.95,
  agreedAt: 0.7,
  agreedAfterOscillation: 0.6,
  stableRounds: 3,
  stableWithin: 0.05,
  crossingsMax: 3,
  claimShareMax: 0.4,
}

/** The defaults with some values replaced, checked and frozen. A value outside of its range is a bug: it throws. */
export function createAggregationParams(changes: Partial<AggregationParams> = {}): AggregationParams {
  const params = { ...DEFAULTS, ...changes }
  for (const [name, value] of Object.entries(params)) check(name, value, RANGES[name as keyof typeof RANGES])
  if (params.agreedAfterOscillation > params.agreedAt)
    throw new RangeError('aggregation parameter agreedAfterOscillation is above agreedAt')
  return Object.freeze(params)
}

type Range = readonly [min: number, max: number, isWhole?: 'whole']

const SHARE: Range = [0, 1]
const RANGES: Readonly<Record<keyof AggregationParams, Range>> = {
  // At 0 and at 1 log-odds have no value, and one answer would decide everything.
  startTrust: [0.001, 0.999],
  trustMin: [0.0001, 0.5],
  trustMax: [0.5, 0.9999],
  // Without a prior, one right answer would be certainty.
  priorAnswers: [0.5, 1000],
  calibrationBins: [1, 20, 'whole'],
  calibrationAnswersMin: [1, 1e6, 'whole'],
  calibrationPriorAnswers: [0.5, 1000],
  // Below 1 confidence could only take weight away.
  confidenceFactorMax: [1, 10],
  // At 0 everybody would be entangled with everybody.
  entangledAt: [0.05, 1],
  correlationPriorTasks: [0, 1000],
  correlationSigmas: [0, 10],
  bestSingleTasksMin: [1, 1e6, 'whole'],
  bestSingleSigmas: [0, 10],
  folds: [2, 100, 'whole'],
  claimsAlikeAt: SHARE,
  copiesAlikeAt: SHARE,
  agreedAt: [0.5, 1],
  agreedAfterOscillation: [0.5, 1],
  stableRounds: [1, 100, 'whole'],
  stableWithin: SHARE,
  crossingsMax: [1, 100, 'whole'],
  claimShareMax: [0.05, 1],
}

function check(name: string, value: number, range: Range | undefined): void {
  if (!range) throw new RangeError(`there is no aggregation parameter ${name}`)
  const [min, max, isWhole] = range
  if (value >= min && value <= max && (isWhole === undefined || Number.isInteger(value))) return
  throw new RangeError(
    `aggregation parameter ${name} is ${value}, not ${isWhole ?? 'a number'} in ${min}…${max}`,
  )
}
