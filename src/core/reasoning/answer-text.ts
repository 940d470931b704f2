/**
 * The text that goes with an answer. The class is decided before any text is written; a synthesizer's text stands beside it,
 * and one that states another answer is put aside.
 */
import type { Aggregate } from './aggregate.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'

export interface AnswerText {
  /** The aggregate's, whatever the text says. */
  readonly class: AnswerClass
  readonly text: string
  /** True where the written text was put aside for the contributors' own. */
  readonly isPutAside: boolean
}

/** Null where there is no answer: no text makes one. */
export function answerText(
  { answer, masses }: Pick<Aggregate, 'answer' | 'masses'>,
  written: string | null,
  choices: readonly string[],
): AnswerText | null {
  if (!answer) return null
  if (written === null || written.trim() === '')
    return { class: answer.class, text: answer.text, isPutAside: false }
  const stated = createClassifier(choices)(written)
  // A longer text has a class of its own, or none; only one that as a whole states another answer contradicts.
  const contradicts =
    stated !== null &&
    stated !== answer.class &&
    (choices.length > 0 || masses.some(({ class: key }) => key === stated))
  return { class: answer.class, text: contradicts ? answer.text : written, isPutAside: contradicts }
}
