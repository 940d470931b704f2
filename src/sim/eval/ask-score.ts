/** Answers of real models to questions whose answer is known: how each did alone, and what becomes of them together. Pure. */
import { type Aggregate, aggregate } from '../../core/reasoning/aggregate.ts'
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { createClassifier } from '../../core/reasoning/answer-classes.ts'
import { findBestSingle } from '../../core/reasoning/best-single.ts'
import { type Contribution, sharesOf } from '../../core/reasoning/contribution.ts'
import type { Evidence, ScoredTask } from '../../core/reasoning/track-record.ts'
import { createRandom } from '../random.ts'
import { evidenceFrom } from './learnt-trust.ts'

export interface AskQuestion {
  /** In the file. */
  readonly line: number
  readonly text: string
  /** Empty for an open question. */
  readonly choices: readonly string[]
  readonly answer: string
  readonly domain: string
}

/** What one family said to one question. */
export interface FamilyAnswer {
  readonly outcome: Contribution['outcome']
  readonly tookMs: number
}

export interface AskedQuestion {
  readonly question: AskQuestion
  /** In the order of the families. */
  readonly answers: readonly FamilyAnswer[]
}

/** Whether the likeliest answer is the right one. A failure is not. */
export function isRight({ choices, answer }: AskQuestion, outcome: Contribution['outcome']): boolean {
  const classOf = createClassifier(choices)
  const [first] = sharesOf(contributionOf('', '', outcome), classOf)
  return first !== undefined && first.class === classOf(answer)
}

const contributionOf = (id: string, family: string, outcome: Contribution['outcome']): Contribution => ({
  ...{ id: `${id} ${family}`, author: family, owner: family, modelFamily: family },
  outcome,
})

const contributionsOf = ({ question, answers }: AskedQuestion, families: readonly string[]): Contribution[] =>
  answers.map(({ outcome }, i) => contributionOf(String(question.line), families[i] as string, outcome))

const isOwn = (): boolean => true

/** What the aggregation of a spore makes of the answers. */
export function together(
  asked: AskedQuestion,
  families: readonly string[],
  params: AggregationParams,
  evidence: Evidence = evidenceFrom([], params, isOwn),
  bestSingle: string | null = null,
): Aggregate {
  const { domain, choices } = asked.question
  return aggregate(
    { domain, choices, contributions: contributionsOf(asked, families), evidence, bestSingle },
    params,
  )
}

export const isTogetherRight = (
  { question: { choices, answer } }: AskedQuestion,
  found: Aggregate,
): boolean => found.answer !== null && found.answer.class === createClassifier(choices)(answer)

/** Whether the commonest answer is right; of equals the one that the first family gave. */
export function isPluralityRight({ question, answers }: AskedQuestion): boolean {
  const classOf = createClassifier(question.choices)
  const counts = new Map<string, number>()
  for (const { outcome } of answers) {
    const [first] = sharesOf(contributionOf('', '', outcome), classOf)
    if (first) counts.set(first.class, (counts.get(first.class) ?? 0) + 1)
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a)
  return best !== undefined && best[0] === classOf(question.answer)
}

/** Shares of right answers in the half that counts, with the other half scored before. */
export interface HalfAccuracies {
  readonly scored: number
  readonly unscored: number
  readonly plurality: number
  /** Of the family that was best in the half that was scored. */
  readonly bestByScores: number
  /** Of the family that is best in the half that counts, which nobody could know. */
  readonly bestInTruth: number
}

/** One way of drawing the halves. Null where there are fewer than two questions. */
export function scoreHalves(
  asked: readonly AskedQuestion[],
  families: readonly string[],
  params: AggregationParams,
  seed: number,
): HalfAccuracies | null {
  if (asked.length < 2) return null
  const order = createRandom(`eval ask ${seed}`).shuffle(asked)
  const before = order.slice(0, Math.floor(order.length / 2))
  const counting = order.slice(before.length)
  const tasks = before.map((one): ScoredTask => {
    const { line, domain, choices, answer } = one.question
    return {
      id: `line ${line}`,
      domain,
      choices,
      contributions: contributionsOf(one, families),
      right: answer,
    }
  })
  const evidence = evidenceFrom(tasks, params, isOwn)
  const tasksByDomain = Map.groupBy(tasks, ({ domain }) => domain)
  const bestSingles = new Map(
    [...tasksByDomain].map(([domain, of]) => [domain, findBestSingle(of, params, isOwn)]),
  )
  const bestIn = ({ question }: AskedQuestion) => bestSingles.get(question.domain) ?? null
  const share = (has: (one: AskedQuestion) => boolean): number =>
    counting.filter(has).length / counting.length
  const rights = (of: readonly AskedQuestion[]): number[] =>
    families.map((_, i) => of.filter((one) => isFamilyRight(one, i)).length)
  const known = rights(before)
  const best = known.indexOf(Math.max(...known))
  return {
    scored: share((one) => isTogetherRight(one, together(one, families, params, evidence, bestIn(one)))),
    unscored: share((one) => isTogetherRight(one, together(one, families, params))),
    plurality: share(isPluralityRight),
    bestByScores: share((one) => isFamilyRight(one, best)),
    bestInTruth: Math.max(...rights(counting)) / counting.length,
  }
}

export const isFamilyRight = ({ question, answers }: AskedQuestion, i: number): boolean => {
  const outcome = answers[i]?.outcome
  return outcome !== undefined && isRight(question, outcome)
}
