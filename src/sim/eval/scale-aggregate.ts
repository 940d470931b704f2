/** Answers of a federation of any size, put together by the aggregation that a spore runs, without the spores around it. */
import { type Aggregate, aggregate } from '../../core/reasoning/aggregate.ts'
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { findBestSingle } from '../../core/reasoning/best-single.ts'
import type { Contribution } from '../../core/reasoning/contribution.ts'
import { listedOf } from '../../core/reasoning/listed.ts'
import { LISTED_MAX } from '../../core/reasoning/synthesis-job.ts'
import type { ScoredTask } from '../../core/reasoning/track-record.ts'
import { evidenceFrom } from './learnt-trust.ts'
import { CHOICES, type ScaleAnswer, type ScaleWorld } from './scale-world.ts'

export const SCALE_METHODS = {
  first: 'the first answers',
  listed: 'as many as a synthesis lists',
  all: 'all answers',
  scored: 'all answers, some scored before',
  plurality: 'plurality of all',
  best: 'the best spore alone',
} as const
export type ScaleMethod = keyof typeof SCALE_METHODS
export const SCALE_METHOD_NAMES = Object.keys(SCALE_METHODS) as readonly ScaleMethod[]

export interface ScaleAggregateOptions {
  /** Questions that count, and questions that are scored before. */
  readonly questions: number
  readonly scored: number
  /** Answers that a spore waits for. */
  readonly waitsFor: number
}

/** Shares of right answers, 0 … 1. */
export type ScaleAccuracies = Readonly<Record<ScaleMethod, number>>

/** Numbers of questions that are scored; those that count begin at 0. */
const FIRST_SCORED = 1_000_000
const DOMAIN = 'eval'

export function aggregateScale(
  world: ScaleWorld,
  { questions, scored, waitsFor }: ScaleAggregateOptions,
  params: AggregationParams,
): ScaleAccuracies {
  const isConfigured = (): boolean => true
  const answersOf = (n: number): readonly ScaleAnswer[] =>
    world.spores.map((_, place) => world.answer(place, n))
  const contributionsOf = (answers: readonly ScaleAnswer[]): Contribution[] =>
    answers.map((answer, place) => toContribution(world, place, answer))
  const tasks = Array.from({ length: scored }, (_, i): ScoredTask => {
    const n = FIRST_SCORED + i
    const contributions = contributionsOf(answersOf(n))
    return {
      id: `task-${n}`,
      domain: DOMAIN,
      choices: CHOICES,
      contributions,
      right: CHOICES[world.truth(n)] as string,
    }
  })
  const start = evidenceFrom([], params, isConfigured)
  const learnt = evidenceFrom(tasks, params, isConfigured)
  const bestSingle = findBestSingle(tasks, params, isConfigured)
  const weigh = (
    contributions: readonly Contribution[],
    evidence = start,
    bestSingle: string | null = null,
  ) => aggregate({ domain: DOMAIN, choices: CHOICES, contributions, evidence, bestSingle }, params)
  const best = world.spores.reduce(
    (top, { accuracy }, at) => (accuracy > (world.spores[top]?.accuracy ?? 0) ? at : top),
    0,
  )
  const right: Record<ScaleMethod, number> = { first: 0, listed: 0, all: 0, scored: 0, plurality: 0, best: 0 }
  for (let n = 0; n < questions; n++) {
    const answers = answersOf(n)
    const contributions = contributionsOf(answers)
    const quickest = contributions
      .map((contribution, place) => ({ contribution, ms: answers[place]?.delayMs ?? 0 }))
      .sort((a, b) => a.ms - b.ms)
      .slice(0, waitsFor)
      .map(({ contribution }) => contribution)
    const all = weigh(contributions)
    const said: Record<ScaleMethod, string | undefined> = {
      first: weigh(quickest).answer?.text,
      listed: weigh(listedIn(contributions, all)).answer?.text,
      all: all.answer?.text,
      scored: weigh(contributions, learnt, bestSingle).answer?.text,
      plurality: plurality(answers),
      best: CHOICES[answers[best]?.choice ?? 0] as string,
    }
    for (const method of SCALE_METHOD_NAMES) if (said[method] === CHOICES[world.truth(n)]) right[method]++
  }
  return Object.fromEntries(
    SCALE_METHOD_NAMES.map((method) => [method, right[method] / questions]),
  ) as ScaleAccuracies
}

/** What a synthesis lists, and then weighs, where there are more answers than it can list. */
function listedIn(
  contributions: readonly Contribution[],
  { participants }: Aggregate,
): readonly Contribution[] {
  const masses = new Map(participants.map(({ id, mass }) => [id, mass]))
  return listedOf(contributions, LISTED_MAX, ({ id, modelFamily }) => ({
    ...{ id, family: modelFamily },
    mass: masses.get(id) ?? -1,
  }))
}

function toContribution(
  { spores }: ScaleWorld,
  place: number,
  { choice, confidence }: ScaleAnswer,
): Contribution {
  const { name, family } = spores[place] as ScaleWorld['spores'][number]
  return {
    ...{ id: name, author: name, owner: name, modelFamily: family },
    outcome: { hypotheses: [{ text: CHOICES[choice] as string, weight: 1 }], confidence: confidence / 100 },
  }
}

function plurality(answers: readonly ScaleAnswer[]): string {
  const counts = CHOICES.map((_, choice) => answers.filter((answer) => answer.choice === choice).length)
  return CHOICES[counts.indexOf(Math.max(...counts))] as string
}
