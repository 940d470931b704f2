/** Contributions and evidence that tests of aggregation are made of. */
import type { Contribution } from '../../../../src/core/reasoning/contribution.ts'
import type { Evidence, ScoredTask } from '../../../../src/core/reasoning/track-record.ts'

/** An answer by an author with an owner of its own and no model family, unless `rest` says otherwise. */
export function answer(
  author: string,
  text: string,
  rest: Partial<Contribution> & { confidence?: number; reason?: string } = {},
): Contribution {
  const { confidence = null, reason, ...fields } = rest
  const outcome = {
    hypotheses: [{ text, weight: 1 }],
    confidence,
    ...(reason !== undefined && { reason }),
  }
  return { id: `id-${author}`, author, owner: author, modelFamily: null, outcome, ...fields }
}

export function failed(author: string, failure: string): Contribution {
  return { id: `id-${author}`, author, owner: author, modelFamily: null, outcome: { failure } }
}

/** Evidence with these chances; of others nothing is known. */
export function trusting(chances: Readonly<Record<string, number>>, rest: Partial<Evidence> = {}): Evidence {
  return {
    trustOf: (author) => chances[author] ?? null,
    calibrationOf: () => null,
    entanglement: () => 0,
    ...rest,
  }
}

/** A scored task of `yes` or `no` whose right answer is `yes`; `answers` by author. */
export function scored(
  number: number,
  answers: Readonly<Record<string, string>>,
  confidences: Readonly<Record<string, number>> = {},
): ScoredTask {
  return {
    id: `task-${String(number).padStart(4, '0')}`,
    domain: 'd',
    choices: ['yes', 'no'],
    contributions: Object.entries(answers).map(([author, text]) => {
      const confidence = confidences[author]
      return answer(author, text, confidence === undefined ? {} : { confidence })
    }),
    right: 'yes',
  }
}
