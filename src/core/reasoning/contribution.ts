/**
 * What one contributor brings to a task, as aggregation sees it: an answer, or a failure, which is never an answer. The
 * text around an answer (claims, reasons) is beside it, and has no part in which class it belongs to.
 */
import { compareText } from '../base/bytes.ts'

export { HYPOTHESES_MAX, type Share, sharesOf } from './synthesis/superposition.ts'

export interface Contribution {
  /** Content id of the entry: breaks every tie, the same way everywhere. */
  readonly id: string
  /** Who answered: an author, or one model of an author. It has one answer to a task. */
  readonly author: string
  /** Whose spore it is. One owner counts once. */
  readonly owner: string
  /** As the contributor names it; null where it has none or hides it. */
  readonly modelFamily: string | null
  readonly outcome: Answered | Failed
  /** Given after the answers of others were seen, or in a round behind the first. */
  readonly isRevised?: boolean
}

export interface Answered {
  /** One or several possible answers with their weights, relative to one another. */
  readonly hypotheses: readonly Hypothesis[]
  /** Stated chance of being right, 0…1; null where none was stated. Never used without a calibration. */
  readonly confidence: number | null
  /** Why, in words; listed beside a dissenting answer. */
  readonly reason?: string
}

export interface Hypothesis {
  readonly text: string
  readonly weight: number
}

/** A provider's error, a refusal, an empty reply. */
export interface Failed {
  readonly failure: string
}

/**
 * One contribution an author, by id. Of two by the same author that with the lower id counts: which one arrived first is not
 * the same everywhere.
 */
export function onePerAuthor(contributions: readonly Contribution[]): Contribution[] {
  const byAuthor = new Map<string, Contribution>()
  const sorted = [...contributions].sort((a, b) => compareText(a.id, b.id))
  for (const contribution of sorted)
    if (!byAuthor.has(contribution.author)) byAuthor.set(contribution.author, contribution)
  return [...byAuthor.values()]
}
