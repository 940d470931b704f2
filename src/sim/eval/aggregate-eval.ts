/**
 * Aggregation against its rivals, in worlds whose truth is known. Per seed: some questions are scored, as resolutions
 * would score them, and everybody learns from those alone; then all answer the questions that count, with what was learnt
 * left as it is. Nothing of a question's own truth reaches any method but the oracle, which knows the world, not the truth.
 */
import { aggregate } from '../../core/reasoning/aggregate.ts'
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import type { AnswerClass } from '../../core/reasoning/answer-classes.ts'
import { findBestSingle } from '../../core/reasoning/best-single.ts'
import type { Contribution } from '../../core/reasoning/contribution.ts'
import type { Evidence, ScoredTask } from '../../core/reasoning/track-record.ts'
import { createRandom } from '../random.ts'
import { bestOf, linear, plurality, type Tally } from './baselines.ts'
import { dawidSkene } from './dawid-skene.ts'
import { evidenceFrom } from './learnt-trust.ts'
import { oracleAnswer } from './oracle.ts'
import { CHOICES, drawQuestion, type Question, type World } from './reasoners.ts'
import { meanOf, standardError } from './statistics.ts'

/** Methods, in the order of the table's columns. */
export const METHODS = {
  aggregate: 'ours',
  unscored: 'ours, nothing scored',
  plurality: 'plurality',
  bestSingle: 'best single by scores',
  bestTrue: 'best single in truth',
  linear: 'linear weights',
  dawidSkene: 'Dawid–Skene',
  oracle: 'oracle',
} as const
export type Method = keyof typeof METHODS
export const METHOD_NAMES = Object.keys(METHODS) as readonly Method[]

/** Shares of right answers, 0…1. */
export type Accuracies = Readonly<Record<Method, number>>

export interface WorldResult {
  readonly world: string
  readonly about: string
  readonly isIndependent: boolean
  /** Mean over the seeds. */
  readonly mean: Accuracies
  /** Standard error of that mean. */
  readonly error: Accuracies
  readonly seeds: readonly SeedResult[]
}

export interface SeedResult {
  readonly seed: number
  readonly right: Accuracies
  /** Who overruled the panel, null where nobody did. */
  readonly bestSingle: string | null
}

export interface EvalSizes {
  /** Questions that count, a seed. */
  readonly questions: number
  /** Questions that were scored before. */
  readonly scored: number
}

/** What a newcomer weighs with linear weights: the half that a plain average of nothing is often given. */
const LINEAR_NEWCOMER = 0.5
const DOMAIN = 'eval'
const LABELS: readonly string[] = ['north', 'east', 'south', 'west'].slice(0, CHOICES)

/** What the seeds of one world say together. */
export function summarizeWorld(
  { name, about, isIndependent }: World,
  seeds: readonly SeedResult[],
): WorldResult {
  const over = (combine: (values: readonly number[]) => number): Accuracies =>
    toAccuracies((method) => combine(seeds.map(({ right }) => right[method])))
  return { world: name, about, isIndependent, mean: over(meanOf), error: over(standardError), seeds }
}

/** One seed of one world: the same seed gives the same result, alone or among others. */
export function evaluateSeed(
  world: World,
  { questions: count, scored: scoredCount }: EvalSizes,
  seed: number,
  params: AggregationParams,
): SeedResult {
  const random = createRandom(`eval aggregate ${world.name} ${seed}`)
  const draw = (n: number): Question[] => Array.from({ length: n }, () => drawQuestion(world, random))
  const scored = draw(scoredCount)
  const questions = draw(count)
  const tasks = scored.map((question, i) => toScoredTask(world, question, i))
  const configured = new Set(
    world.reasoners.filter((reasoner) => reasoner.isConfigured).map(({ name }) => name),
  )
  const isConfigured = (author: string): boolean => configured.has(author)
  const evidence = evidenceFrom(tasks, params, isConfigured)
  const bestSingle = findBestSingle(tasks, params, isConfigured)
  const start = evidenceFrom([], params, isConfigured)
  const tallies = talliesOf(world, scored)
  const [best, trueBest] = [bestOf(tallies), mostAccurate(world)]
  const tookPart = world.reasoners.map(({ isNew }) => !isNew)
  const inferred = dawidSkene(scored, questions, tookPart)
  const weighLinear = linear(tallies, LINEAR_NEWCOMER)
  const answers: Readonly<Record<Method, (question: Question, i: number) => number>> = {
    aggregate: (question) => ourAnswer(world, question, evidence, bestSingle, params),
    unscored: (question) => ourAnswer(world, question, start, null, params),
    plurality,
    bestSingle: ({ answers: given }) => given[best] as number,
    bestTrue: ({ answers: given }) => given[trueBest] as number,
    linear: weighLinear,
    dawidSkene: (_, i) => inferred[i] as number,
    oracle: (question) => oracleAnswer(world, question),
  }
  const right = toAccuracies((method) => {
    const rights = questions.filter((question, i) => answers[method](question, i) === question.truth)
    return rights.length / questions.length
  })
  return { seed, right, bestSingle }
}

/** The answer of the code that a spore runs, through texts and contributions. */
function ourAnswer(
  world: World,
  question: Question,
  evidence: Evidence,
  bestSingle: string | null,
  params: AggregationParams,
): number {
  const contributions = world.reasoners.map((_, i) => toContribution(world, question, i))
  const { answer } = aggregate(
    { domain: DOMAIN, choices: LABELS, contributions, evidence, bestSingle },
    params,
  )
  return answer ? classToIndex(answer.class) : -1
}

const classToIndex = (key: AnswerClass): number => Number(key.slice('choice:'.length))

function toContribution({ reasoners }: World, { answers, stated }: Question, i: number): Contribution {
  // Each has an owner of its own and hides its model: nothing but its answers gives it away.
  const { name } = reasoners[i] as World['reasoners'][number]
  const text = LABELS[answers[i] as number] as string
  return {
    id: name,
    author: name,
    owner: name,
    modelFamily: null,
    outcome: { hypotheses: [{ text, weight: 1 }], confidence: stated[i] as number },
  }
}

function toScoredTask(world: World, question: Question, number: number): ScoredTask {
  const contributions = world.reasoners.flatMap(({ isNew }, i) =>
    isNew ? [] : [toContribution(world, question, i)],
  )
  const right = LABELS[question.truth] as string
  return { id: `task-${number}`, domain: DOMAIN, choices: LABELS, contributions, right }
}

const talliesOf = ({ reasoners }: World, scored: readonly Question[]): Tally[] =>
  reasoners.map(({ isNew }, i) => ({
    right: isNew ? 0 : scored.filter(({ truth, answers }) => answers[i] === truth).length,
    answered: isNew ? 0 : scored.length,
  }))

const mostAccurate = ({ reasoners }: World): number =>
  bestOf(reasoners.map(({ accuracy }) => ({ right: accuracy, answered: 1 })))

function toAccuracies(accuracyOf: (method: Method) => number): Accuracies {
  return Object.fromEntries(METHOD_NAMES.map((method) => [method, accuracyOf(method)])) as Accuracies
}
