/**
 * What scored tasks say about who answered them: chance of being right a domain, calibration of stated confidence, errors
 * made together. A fold over tasks that have a resolution; the task at hand is never among them.
 *
 * A spore takes `trustOf` from trust, which remembers more than these tasks and hears others (`evidence-book.ts`); the one here is what
 * these tasks alone teach, for whoever judges a part of history by the rest of it.
 * Invariant: the same for the same tasks in any order.
 */
import { compareText } from '../base/bytes.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'
import { type Contribution, onePerAuthor, sharesOf } from './contribution.ts'
import { type Calibration, learnCalibration, type ScoredConfidence } from './recalibration.ts'
import { entanglementOf, type SharedOutcomes } from './synthesis/entanglement.ts'

/** A task whose right answer is known. */
export interface ScoredTask {
  readonly id: string
  readonly domain: string
  readonly choices: readonly string[]
  readonly contributions: readonly Contribution[]
  /** The right answer, as a resolution gives it. */
  readonly right: string
}

/** What aggregation weighs contributors by. */
export interface Evidence {
  /** Chance (0…1) that the author's answer in this domain is right; null where nothing is known: at chance, weight 0. */
  trustOf(author: string, domain: string): number | null
  calibrationOf(author: string, domain: string): Calibration | null
  /** How far two authors err together, 0…1; from both sides the same. */
  entanglement(a: string, b: string): number
}

/** Whether an author is one of the operator's own models or of a peer that the operator configured. */
export type IsConfigured = (author: string) => boolean

/**
 * Authors whose errors are compared with one another, those with the most scored answers: 130,000 pairs. Who has answered
 * less is of little weight yet.
 */
export const COMPARED_AUTHORS_MAX = 512

/** Evidence from scored tasks; from none, own models and configured peers stand at the start value, all others at chance. */
export function learnTrackRecord(
  tasks: readonly ScoredTask[],
  params: AggregationParams,
  isConfigured: IsConfigured = () => false,
): Evidence {
  const records = new Map<string, AuthorRecord>()
  const outcomes = new Map<string, Map<string, boolean>>()
  for (const task of inOrder(tasks))
    for (const scored of scoresOf(task)) {
      noteRecord(records, task.domain, scored)
      const known = outcomes.get(scored.author)
      if (known) known.set(task.id, scored.isRight)
      else outcomes.set(scored.author, new Map([[task.id, scored.isRight]]))
    }
  const entangled = entangledPairs(outcomes, params)
  const calibrations = new Map<string, Calibration | null>()
  for (const [key, { confidences }] of records) calibrations.set(key, learnCalibration(confidences, params))
  return {
    trustOf: (author, domain) => {
      const record = records.get(keyOf(author, domain))
      const start = isConfigured(author) ? params.startTrust : null
      return record ? trustIn(record, start, params) : start
    },
    calibrationOf: (author, domain) => calibrations.get(keyOf(author, domain)) ?? null,
    entanglement: (a, b) => entangled.get(a)?.get(b) ?? 0,
  }
}

/** How one author did at a scored task. */
export interface Score {
  readonly author: string
  readonly isRight: boolean
  readonly confidence: number | null
  /** Classes of the task: what chance is measured by. */
  readonly classes: number
}

/** Scores of all who answered. A failure is not scored; an answer that is none of the choices is wrong. */
export function scoresOf({ contributions, choices, right }: ScoredTask): Score[] {
  const classOf = createClassifier(choices)
  const rightClass = classOf(right)
  if (rightClass === null) return []
  const answered = onePerAuthor(contributions).flatMap((contribution) =>
    'failure' in contribution.outcome ? [] : [{ contribution, shares: sharesOf(contribution, classOf) }],
  )
  const seen = new Set(answered.flatMap(({ shares }) => shares.map((share) => share.class)))
  const classes = classCount(choices, seen)
  return answered.map(({ contribution: { author, outcome }, shares }) => ({
    author,
    isRight: shares[0]?.class === rightClass,
    confidence: 'failure' in outcome ? null : outcome.confidence,
    classes,
  }))
}

/** K of the log-odds: the choices, else the classes seen plus one; at least two. */
export const classCount = (choices: readonly string[], seen: ReadonlySet<AnswerClass>): number =>
  Math.max(2, choices.length > 0 ? choices.length : seen.size + 1)

/** Tasks by id, each once. */
export function inOrder(tasks: readonly ScoredTask[]): ScoredTask[] {
  const sorted = [...tasks].sort((a, b) => compareText(a.id, b.id))
  return sorted.filter(({ id }, i) => i === 0 || sorted[i - 1]?.id !== id)
}

interface AuthorRecord {
  answers: number
  right: number
  /** Sum of 1/K over the answers: how often chance would have been right. */
  byChance: number
  readonly confidences: ScoredConfidence[]
}

function noteRecord(records: Map<string, AuthorRecord>, domain: string, score: Score): void {
  const { author, isRight, confidence, classes } = score
  const key = keyOf(author, domain)
  const record = records.get(key) ?? { answers: 0, right: 0, byChance: 0, confidences: [] }
  records.set(key, record)
  record.answers++
  if (isRight) record.right++
  record.byChance += 1 / classes
  if (confidence !== null && !Number.isNaN(confidence)) record.confidences.push({ confidence, isRight })
}

/** Mean of a Beta posterior, its prior at the start value or at chance. */
function trustIn(record: AuthorRecord, start: number | null, { priorAnswers }: AggregationParams): number {
  const { answers, right, byChance } = record
  return (right + priorAnswers * (start ?? byChance / answers)) / (answers + priorAnswers)
}

function entangledPairs(outcomes: Outcomes, params: AggregationParams): Map<string, Map<string, number>> {
  const pairs = new Map<string, Map<string, number>>()
  const known = [...outcomes].sort(([a, x], [b, y]) => y.size - x.size || compareText(a, b))
  const compared = known.slice(0, COMPARED_AUTHORS_MAX)
  for (const [i, [a, ofA]] of compared.entries())
    for (const [b, ofB] of compared.slice(0, i)) {
      const overlap = entanglementOf(sharedBy(ofA, ofB), params)
      if (overlap === 0) continue
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        pairs.set(from, (pairs.get(from) ?? new Map()).set(to, overlap))
    }
  return pairs
}

/** Author → task → whether he was right. */
type Outcomes = ReadonlyMap<string, ReadonlyMap<string, boolean>>

function sharedBy(a: ReadonlyMap<string, boolean>, b: ReadonlyMap<string, boolean>): SharedOutcomes {
  const shared = { both: 0, onlyA: 0, onlyB: 0, neither: 0 }
  for (const [task, isRight] of a) {
    const other = b.get(task)
    if (other === undefined) continue
    if (isRight) shared[other ? 'both' : 'onlyA']++
    else shared[other ? 'onlyB' : 'neither']++
  }
  return shared
}

/** The length of the author keeps two pairs from being one. */
const keyOf = (author: string, domain: string): string => `${author.length}:${author}${domain}`
