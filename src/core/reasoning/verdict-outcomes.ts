/**
 * What a verdict on an answer says about those who took part: whose first answer was right, whose review put a right answer first, whose
 * memory a right answer rests on. Facts about behaviour; what is made of them is trust's.
 */
import type { Did, Digest } from '../base/brand.ts'
import { PER_MILLE } from '../protocol/task-limits.ts'
import type { ResolutionPayload, ReviewPayload } from '../protocol/task-payloads.ts'
import type { Outcome } from '../trust/tally.ts'
import { createClassifier } from './answer-classes.ts'
import { type Attempt, type Counts, type Noted, saidOf } from './attempt.ts'
import { sharesOf } from './contribution.ts'
import { roundAnswers, toContribution } from './first-answers.ts'
import { domainOf } from './task-domain.ts'
import { type ScoredTask, scoresOf } from './track-record.ts'

/**
 * First answers with the right one; null where the verdict tells nothing of any. An answer that is only said to be wrong tells nothing of
 * the others: those alone are scored who gave it.
 */
export function scoredTask(
  attempt: Attempt,
  { verdict, answer, correction }: ResolutionPayload,
  self: Did,
  counts: Counts,
): ScoredTask | null {
  const { task } = attempt
  if (!task) return null
  const { choices } = task
  const contributions = roundAnswers(attempt, 0, self, counts).answers.map(toContribution)
  const base = { id: attempt.id, domain: domainOf(task), choices }
  if (verdict !== 'wrong') return { ...base, contributions, right: correction ?? answer }
  const classOf = createClassifier(choices)
  const wrong = classOf(answer)
  const right = choices.length === 0 ? NOT_AN_ANSWER : choices.find((choice) => classOf(choice) !== wrong)
  if (wrong === null || right === undefined) return null
  const gaveIt = contributions.filter((one) => sharesOf(one, classOf)[0]?.class === wrong)
  return { ...base, contributions: gaveIt, right }
}
/** Nobody answers this by chance. */
const NOT_AN_ANSWER = 'the answer that was said to be wrong is not this one'

/** `cited`: authors of the memories that the accepted answer quotes. */
export function outcomesOf(
  attempt: Attempt,
  resolution: ResolutionPayload,
  cited: readonly Did[],
  self: Did,
  counts: Counts,
): Outcome[] {
  const scored = scoredTask(attempt, resolution, self, counts)
  if (!scored || !attempt.task) return []
  const domain = domainOf(attempt.task)
  const answers = scoresOf(scored).map(
    ({ author, isRight, classes }): Outcome => ({
      ...{ subject: author, domain, kind: 'answer', isRight },
      chance: Math.round(PER_MILLE / classes),
    }),
  )
  const citations = [...new Set(cited)].map(
    (subject): Outcome => ({
      ...{ subject, domain, kind: 'citation', isRight: resolution.verdict === 'right' },
      chance: PER_MILLE / 2,
    }),
  )
  return [...answers, ...reviewOutcomes(attempt, scored, self, counts), ...citations]
}

/** A review that ranked right and wrong answers was right where it put a right one first. */
function reviewOutcomes(
  attempt: Attempt,
  { choices, right }: ScoredTask,
  self: Did,
  counts: Counts,
): Outcome[] {
  if (right === NOT_AN_ANSWER || !attempt.task) return []
  const classOf = createClassifier(choices)
  const rightClass = classOf(right)
  if (rightClass === null) return []
  const isRight = new Map<Digest, boolean>()
  for (const noted of saidOf(attempt, attempt.contributions, counts)) {
    const likeliest = sharesOf(toContribution(noted), classOf)[0]
    if (likeliest) isRight.set(noted.element, likeliest.class === rightClass)
  }
  const domain = domainOf(attempt.task)
  const firstOf = new Map<Did, Noted<ReviewPayload>>()
  for (const noted of saidOf(attempt, attempt.reviews, counts))
    if (noted.payload.round === 0 && noted.author !== self && !firstOf.has(noted.author))
      firstOf.set(noted.author, noted)
  return [...firstOf].flatMap(([subject, { payload }]): Outcome[] => {
    const judged = payload.ranking.flatMap(({ contribution }) => isRight.get(contribution) ?? [])
    const rights = judged.filter((one) => one).length
    if (rights === 0 || rights === judged.length) return []
    const chance = Math.round((PER_MILLE * rights) / judged.length)
    return [{ subject, domain, kind: 'review', isRight: judged[0] === true, chance }]
  })
}
