/**
 * The answers of each round as one spore may weigh them: those that were sealed before it showed its own, so that nobody who had seen
 * one could change another.
 */
import type { Did } from '../base/brand.ts'
import { PER_MILLE } from '../protocol/task-limits.ts'
import type { ContributionPayload, SealPayload } from '../protocol/task-payloads.ts'
import { type Attempt, type Counts, contributorOf, type Noted, partKey, saidOf, sealFor } from './attempt.ts'
import type { Contribution } from './contribution.ts'

export interface RoundAnswers {
  /** Seals that came in time. */
  readonly seals: readonly Noted<SealPayload>[]
  /** What these showed, one a contributor; failures are none. */
  readonly answers: readonly Noted<ContributionPayload>[]
  /** Seals whose answer has not come. */
  readonly missing: readonly Noted<SealPayload>[]
}

/** `self`: whose own showing ended the time for sealing; where it showed nothing, all seals are in time. */
export function roundAnswers(attempt: Attempt, round: number, self: Did, counts: Counts): RoundAnswers {
  const bySeal = new Map<string, Noted<ContributionPayload>>()
  let shownAt = Number.POSITIVE_INFINITY
  for (const noted of saidOf(attempt, attempt.contributions, counts)) {
    if (noted.payload.round !== round || !sealFor(attempt, noted, counts)) continue
    bySeal.set(partKey(noted.author, noted.element), noted)
    if (noted.author === self) shownAt = Math.min(shownAt, noted.arrival)
  }
  const seals = [...sealsOf(attempt, round, counts)].filter(
    ({ author, arrival }) => author === self || arrival < shownAt,
  )
  const answers = new Map<string, Noted<ContributionPayload>>()
  const missing: Noted<SealPayload>[] = []
  for (const seal of seals) {
    const shown = bySeal.get(partKey(seal.author, seal.payload.seal))
    if (!shown) missing.push(seal)
    else if (shown.payload.outcome.failure === null) keepFirst(answers, shown)
  }
  return { seals, answers: [...answers.values()], missing }
}

/** Seals of a round, in time or not. */
export function* sealsOf(
  attempt: Attempt,
  round: number,
  counts: Counts,
): IterableIterator<Noted<SealPayload>> {
  for (const noted of saidOf(attempt, attempt.seals, counts)) if (noted.payload.round === round) yield noted
}

/** Of two answers of one contributor the lower element counts: which one came first is not the same everywhere. */
function keepFirst(
  answers: Map<string, Noted<ContributionPayload>>,
  shown: Noted<ContributionPayload>,
): void {
  const key = contributorOf(shown)
  const known = answers.get(key)
  if (!known || shown.element < known.element) answers.set(key, shown)
}

/** The newest answer of each contributor up to a round: who did not revise stands by what he said. */
export function latestAnswers(
  attempt: Attempt,
  upTo: number,
  self: Did,
  counts: Counts,
): Noted<ContributionPayload>[] {
  const latest = new Map<string, Noted<ContributionPayload>>()
  for (let round = 0; round <= upTo; round++)
    for (const noted of roundAnswers(attempt, round, self, counts).answers)
      latest.set(contributorOf(noted), noted)
  return [...latest.values()].sort((a, b) => (a.element < b.element ? -1 : 1))
}

/** A contribution as aggregation sees it. */
export function toContribution(noted: Noted<ContributionPayload>): Contribution {
  const { payload, author, element } = noted
  const { outcome, weight, others, confidence, reason, family, model } = payload
  return {
    id: element,
    author: contributorOf(noted),
    owner: author,
    modelFamily: family ?? model,
    ...(payload.round > 0 && { isRevised: true }),
    outcome:
      outcome.failure === null
        ? {
            hypotheses: [{ text: outcome.text, weight }, ...others],
            confidence: confidence === null ? null : confidence / PER_MILLE,
            ...(reason !== null && { reason }),
          }
        : { failure: outcome.failure },
  }
}
