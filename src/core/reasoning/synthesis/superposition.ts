/**
 * Superposition: a contributor holds several answers possible at once, with weights that sum to 1, and classes are summed over contributors
 * before one is chosen. An answer that nobody holds likeliest but all hold possible can so weigh more than any first choice.
 *
 * Invariant: the same to the bit in any order of the voters: parts are whole numbers, so that their sums have no order, and ties go to the
 * class with more contributors, then to the lower key. What a synthesis comes to is computed by it on every spore (PROTOCOL.md §10), so the
 * switch is at its source: off, a spore's own contributors state their likeliest answer alone.
 */
import { compareText } from '../../base/bytes.ts'
import type { AnswerClass, Classifier } from '../answer-classes.ts'
import type { Contribution } from '../contribution.ts'

/** A class that a contributor holds possible. */
export interface Share {
  readonly class: AnswerClass
  /** Its part of the contributor's weight, 0…1. */
  readonly share: number
  /** As it was written. */
  readonly text: string
}

/** A contribution that names a class. */
export interface Answer {
  readonly contribution: Contribution
  readonly shares: readonly Share[]
}

export interface ClassMass {
  readonly class: AnswerClass
  /** The choice, else the text of the heaviest contribution in it. */
  readonly text: string
  /** Micronats; where the rule is `unweighted`, millionths of an owner's vote. */
  readonly mass: number
  /** Those whose likeliest answer it is. */
  readonly authors: readonly string[]
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

/** Mass of each class, the heaviest first: a voter's vote in the parts of its hypotheses. */
export function massesOf(
  voters: readonly Answer[],
  votes: readonly number[],
  choices: readonly string[],
): ClassMass[] {
  const byClass = new Map<AnswerClass, { mass: number; text: string; heaviest: number; authors: string[] }>()
  for (const [i, { contribution, shares }] of voters.entries())
    for (const [rank, { class: key, share, text }] of shares.entries()) {
      const part = Math.round((votes[i] ?? 0) * share)
      const known = byClass.get(key) ?? { mass: 0, text, heaviest: part, authors: [] }
      byClass.set(key, known)
      known.mass += part
      if (rank === 0) known.authors.push(contribution.author)
      if (part <= known.heaviest) continue
      known.heaviest = part
      known.text = text
    }
  return [...byClass]
    .map(([key, { mass, text, authors }]) => ({
      class: key,
      text: choiceText(key, choices) ?? text,
      mass,
      authors: authors.sort(compareText),
    }))
    .sort((a, b) => b.mass - a.mass || b.authors.length - a.authors.length || compareText(a.class, b.class))
}

const choiceText = (key: AnswerClass, choices: readonly string[]): string | undefined =>
  choices.length === 0 ? undefined : choices[Number(key.slice('choice:'.length))]

/** What an own contributor states beside its likeliest answer: all that it holds possible, or nothing where superposition is off. */
export const statedOthers = <T>(others: readonly T[], isOn: boolean): readonly T[] => (isOn ? others : [])
