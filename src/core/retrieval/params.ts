/**
 * Every number of the pipeline, with its reason. Measured values come from two unlike collections (aerodynamics
 * abstracts with long questions, chats over months with short ones) and are round: no value was fitted to one of them.
 */

export interface RetrievalParams {
  /** BM25: how soon repetitions of a term stop to count (Robertson & Zaragoza 2009: 1.2). */
  readonly k1: number
  /** BM25: how much a long text is held against it, 0 … 1 (the same source: .75). */
  readonly b: number
  /**
   * Exponent of the coordination factor: the share of the query's idf that a text matches. At .25 a text with every
   * rare word of the query passes one that repeats a single word of it; 0 switches it off.
   */
  readonly coordination: number
  /** Weight of the 4-gram part beside the terms' 1: it finds other forms and misspellings, but blurs topics. */
  readonly gramWeight: number
  /**
   * Postings of terms that one query reads beside those of its rarest term and of short lists: two milliseconds, however large
   * the collection. The commonest terms are left out, which tell least.
   */
  readonly postingsMax: number
  /** Documents that are scored from their own tokens, for the terms and for feedback each; more where a page wants more. */
  readonly scoredMax: number
  /** Postings of grams, each a word, that one query reads to find words like its own, the rarest gram first. */
  readonly gramPostingsMax: number
  /** They are looked for where a term of the query has fewer documents than this: a word that many use is spelt right. */
  readonly fuzzyBelow: number
  /** Documents of such words that are scored, and postings that are read for them. */
  readonly fuzzyMax: number
  readonly fuzzyPostingsMax: number
  /** Documents that may have a feedback term which finds documents by itself. A commoner one only lifts what else was found. */
  readonly rareMax: number
  /**
   * Share of the idf of a query's grams that an entry must have which matches no term: a misspelt word has most of its
   * grams right, while "wedding" and "something" share the end that half of all texts have.
   */
  readonly gramShareMin: number
  /**
   * Documents imagined on top for that share: in a collection of five, the grams of a word that all five have would
   * weigh nothing, and the word misspelt would find none of them.
   */
  readonly imaginedDocuments: number
  /**
   * Weight of the closeness in meaning beside the terms' 1, where there is a model. As much as the terms: which of the two is
   * right depends on the model, and none was measured.
   */
  readonly denseWeight: number
  /** Weight of relevance feedback (RM3, Abdul-Jaleel et al. 2004) beside the terms' 1. */
  readonly feedbackWeight: number
  /** Best documents that feedback learns from, and terms it takes: the usual 10 and 20. */
  readonly feedbackDocuments: number
  readonly feedbackTerms: number
  /**
   * Terms a query must have for feedback: the best hits of a shorter one are too unsure to learn from. It gains 2 points
   * on questions of a sentence or two and loses as much on those of four words.
   */
  readonly feedbackQueryTermsMin: number
  /**
   * Share of their score that entries one and two places away in the same thread lend: the answer often stands beside
   * the words of the question.
   */
  readonly neighbourWeights: readonly [number, number]
  /** Share of its score that a linked entry lends. Only the best link counts, so that links cannot be piled up. */
  readonly linkWeight: number
  /** Weight of the BM25 score of the whole thread, as if it were one text: what is asked is mostly what the talk was about. */
  readonly threadWeight: number
  /** Factor on what was said by someone whom the query names. */
  readonly speakerFactor: number
  /** Weight of a memory's age, 0 … 1; its rate a day, and the least that is left of a memory (`age.ts`). */
  readonly ageWeight: number
  readonly ageRate: number
  readonly ageFloor: number
  /** Candidates, best first, whose neighbours, links and factors are looked at: deeper ones do not reach a page. */
  readonly candidatesMax: number
  /** Distinct terms, and grams, of a query that count: a paragraph has fewer. */
  readonly queryTermsMax: number
  readonly queryGramsMax: number
}

const DEFAULTS: RetrievalParams = {
  k1: 1.2,
  b: 0.75,
  coordination: 0.25,
  gramWeight: 0.4,
  postingsMax: 262_144,
  scoredMax: 128,
  gramPostingsMax: 16_384,
  fuzzyBelow: 20,
  fuzzyMax: 64,
  fuzzyPostingsMax: 16_384,
  rareMax: 1000,
  gramShareMin: 0.25,
  imaginedDocuments: 1000,
  denseWeight: 1,
  feedbackWeight: 0.4,
  feedbackDocuments: 10,
  feedbackTerms: 20,
  feedbackQueryTermsMin: 7,
  neighbourWeights: [0.5, 0.25],
  linkWeight: 0.5,
  threadWeight: 0.4,
  speakerFactor: 1.25,
  ageWeight: 0.15,
  ageRate: 0.1,
  ageFloor: 0.15,
  candidatesMax: 500,
  queryTermsMax: 256,
  queryGramsMax: 1024,
}

/** The defaults with some values replaced, checked and frozen. A value outside of its range is a bug: it throws. */
export function createRetrievalParams(changes: Partial<RetrievalParams> = {}): RetrievalParams {
  const params = { ...DEFAULTS, ...changes }
  const { neighbourWeights, ...numbers } = params
  for (const [name, value] of Object.entries(numbers)) check(name, value, RANGES[name as NumberName])
  for (const weight of neighbourWeights) check('neighbourWeights', weight, SHARE)
  return Object.freeze({ ...params, neighbourWeights: Object.freeze([...neighbourWeights] as const) })
}

type Range = readonly [min: number, max: number, isWhole?: 'whole']
type NumberName = Exclude<keyof RetrievalParams, 'neighbourWeights'>

const SHARE: Range = [0, 1]
const RANGES: Readonly<Record<NumberName, Range>> = {
  k1: [0, 10],
  b: SHARE,
  coordination: SHARE,
  gramWeight: SHARE,
  gramPostingsMax: [0, 1e9, 'whole'],
  rareMax: [0, 1e9, 'whole'],
  postingsMax: [1, 1e9, 'whole'],
  scoredMax: [10, 1e9, 'whole'],
  fuzzyBelow: [0, 1e9, 'whole'],
  fuzzyMax: [0, 1e9, 'whole'],
  fuzzyPostingsMax: [0, 1e9, 'whole'],
  gramShareMin: SHARE,
  imaginedDocuments: [0, 1e9, 'whole'],
  denseWeight: [0, 10],
  feedbackWeight: SHARE,
  feedbackDocuments: [1, 100, 'whole'],
  feedbackTerms: [1, 1000, 'whole'],
  feedbackQueryTermsMin: [1, 1e9, 'whole'],
  linkWeight: SHARE,
  threadWeight: SHARE,
  // Below 1 a query would hide what the person it names has said.
  speakerFactor: [1, 10],
  ageWeight: SHARE,
  ageRate: [0, 100],
  ageFloor: SHARE,
  candidatesMax: [100, 1e6, 'whole'],
  queryTermsMax: [1, 1e5, 'whole'],
  queryGramsMax: [1, 1e5, 'whole'],
}

function check(name: string, value: number, [min, max, isWhole]: Range): void {
  if (value >= min && value <= max && (isWhole === undefined || Number.isInteger(value))) return
  throw new RangeError(
    `retrieval parameter ${name} is ${value}, not ${isWhole ?? 'a number'} in ${min}…${max}`,
  )
}
