/**
 * What one contributor brings to a task, as aggregation sees it: an answer, or a failure, which is never an answer. The
 * text around an answer (claims, reasons) is beside it, and has no part in which class it belongs to.
 */
import { compareText } from '../base/bytes.ts'
import type { AnswerClass, Classifier } from './answer-classes.ts'

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

/** A class that a contributor holds possible. */
export interface Share {
  readonly class: AnswerClass
  /** Its part of the contributor's weight, 0…1. */
  readonly share: number
  /** As it was written. */
  readonly text: string
}

/** Hypotheses of one contribution that count; a longer list is cut. Eight are more than any model tells apart. */
export const HYPOTHESES_MAX = 8

/** The classes of a contribution, the likeliest first; none where it failed or names no class. */
export function sharesOf({ outcome }: Contribution, classOf: Classifier): readonly Share[] {
  if ('failure' in outcome) return []
  const byClass = new Map<AnswerClass, { weight: number; text: string }>()
  let total = 0
  for (const { text, weight } of outcome.hypotheses.slice(0, HYPOTHESES_MAX)) {
    if (!(weight > 0 && weight <= Number.MAX_SAFE_INTEGER)) continue
    const key = classOf(text)
    if (key === null) continue
    total += weight
    const known = byClass.get(key)
    if (known) known.weight += weight
    else byClass.set(key, { weight, text })
  }
  return [...byClass]
    .map(([key, { weight, text }]) => ({ class: key, share: weight / total, text }))
    .sort((a, b) => b.share - a.share || compareText(a.class, b.class))
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
