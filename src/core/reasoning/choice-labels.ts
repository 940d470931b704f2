/**
 * How the choices of a task are named to a model, and which of them a reply means. What a letter stands for is decided by the
 * classifier that everybody uses (`answer-classes.ts`): where it would read a letter as another choice's text, none is shown.
 */
import { createClassifier, LETTERS } from './answer-classes.ts'

export interface ChoiceLabels {
  /** A letter for each choice, in their order; null where letters would be taken for choices themselves. */
  readonly letters: readonly string[] | null
  /** The choice that a reply means, to the letter as the task has it; null for none of them. */
  choiceOf(reply: string): string | null
}

/** Characters of a reply that may be no more than a letter in some marks. */
const MARKED_CHARS_MAX = 40
const MARKS = /^[\s"'`*_([{<]+|[\s"'`*_)\]}>.]+$/g

export function createChoiceLabels(choices: readonly string[]): ChoiceLabels {
  const classify = createClassifier(choices)
  const indexOf = (reply: string): number | null => {
    const found = classify(reply)
    return found?.startsWith(PREFIX) ? Number(found.slice(PREFIX.length)) : null
  }
  const letters = [...LETTERS.toUpperCase()].slice(0, choices.length)
  const areClear = choices.length <= letters.length && letters.every((letter, i) => indexOf(letter) === i)
  return {
    letters: areClear ? letters : null,
    choiceOf(reply) {
      if (choices.length === 0) return null
      const bare = reply.length <= MARKED_CHARS_MAX ? reply.replace(MARKS, '') : reply
      const index = indexOf(reply) ?? indexOf(bare)
      return index === null ? null : (choices[index] ?? null)
    },
  }
}
const PREFIX = 'choice:'
