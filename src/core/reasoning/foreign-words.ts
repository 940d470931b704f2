/** What of a step's prompt others wrote: with it is compared what the model says (`own-words.ts`). */
import type { Did } from '../base/brand.ts'
import type { StatedAnswer } from './answers-of-others.ts'
import type { AskedQuestion } from './prompts/parts.ts'
import type { Recollected } from './recollection.ts'

/** The question of somebody else, with its choices; nothing of the operator's own. */
export const foreignQuestion = ({ text, choices, isForeign }: AskedQuestion): readonly string[] =>
  isForeign ? [text, ...choices] : []

/** Memories of others, what stands behind their cut among it; and earlier questions and answers, unless they are all this spore's own. */
export const foreignRecollected = ({ memories, similar }: Recollected, self: Did): readonly string[] => [
  ...memories.filter(({ author }) => author !== self).map(({ text }) => text),
  ...similar
    .filter(({ authors = [] }) => authors.length === 0 || authors.some((author) => author !== self))
    .flatMap(({ text, answer }) => [text, answer]),
]

/** Answers of others with what stands beside them. */
export const foreignAnswers = (answers: readonly StatedAnswer[]): readonly string[] =>
  answers.flatMap(({ text, reason, claims }) => [
    text,
    ...(reason === null ? [] : [reason]),
    ...claims.map((claim) => claim.text),
  ])
