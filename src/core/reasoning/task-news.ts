/** What an entry tells those who follow a task. */
import type { Change } from '../memory/change.ts'
import type * as api from '../protocol/api.ts'
import { type Attempt, type Counts, saidOf, sealFor } from './attempt.ts'
import { toContribution, toReview } from './task-view.ts'

/** Nothing where the entry does not count, or says what is told otherwise. */
export function* newsOf(
  attempt: Attempt,
  { element, author }: Change,
  counts: Counts,
): IterableIterator<api.TaskEvent> {
  const isIt = (noted: { readonly element: string; readonly author: string }): boolean =>
    noted.element === element && noted.author === author
  for (const noted of saidOf(attempt, attempt.seals, counts))
    if (isIt(noted)) yield { type: 'seal', author, round: noted.payload.round }
  for (const noted of saidOf(attempt, attempt.contributions, counts)) {
    const wasSealed = sealFor(attempt, noted, counts) !== null
    if (isIt(noted)) yield { type: 'contribution', contribution: toContribution(noted, wasSealed) }
  }
  for (const noted of saidOf(attempt, attempt.reviews, counts))
    if (isIt(noted)) yield { type: 'review', review: toReview(noted) }
}
