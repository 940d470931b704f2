/** The first step: a question is answered alone, with what was recalled, through the lens of a role. */
import type { Role } from '../../protocol/task-payloads.ts'
import { type AnswerReply, answerStructure } from '../answer-reply.ts'
import type { Recollected } from '../recollection.ts'
import { LENSES } from '../roles.ts'
import * as parts from './parts.ts'

export interface AnswerInput {
  readonly question: parts.AskedQuestion
  readonly role: Role
  readonly recollected: Recollected
  /** First answers agreed before anybody doubted them: the adversarial lens, whatever the role. */
  readonly isChallenge?: boolean
  /** An answer of others to start from, as if it were right; it is foreign text. */
  readonly premise?: string | null
}

const STEP =
  'You are one of several reasoners that answer the same question independently of each other. Your answer is compared with theirs, and your stated chance of being right with what turns out to be right.'
const CHALLENGE =
  'The obvious answer to this question was given by all who were asked so far, and nobody has doubted it. First find the strongest reason why it is wrong. Then forget who said what, and give the answer that you hold to be right.'

const PREMISE =
  'Those who were asked so far agree on an answer, and are not sure of it. In the fence `premise` stands another answer that was given. Suppose first that it is right, and work out what would have to be true then, and whether it is. Then forget who said what, and give the answer that you hold to be right, whichever it is.'

/** What holds for every answer, first or revised. */
export const answerRules = (question: parts.AskedQuestion, hasMemories: boolean): string =>
  [
    `Reply in JSON. \`answer\` is ${parts.answerForm(question)}. If you are unsure give your best guess with its low chance; null only if you have none.`,
    '`confidence` is the percent chance that your answer is right, a whole number from 0 to 100. `others` are other answers that may be right, each with its own chance.',
    hasMemories
      ? '`claims` are the few statements that your answer rests on. Where a memory says it, name the number of the memory, `[1]` as 1, and copy the sentence to the letter. Memories may be wrong, out of date or beside the question: use them as evidence, and your own knowledge where they say nothing.'
      : '`claims` are the few statements that your answer rests on, each without quotes: nothing was recalled for this question.',
  ].join('\n')

export function answerPrompt(
  { question, role, recollected, isChallenge = false, premise = null }: AnswerInput,
  maxTokens = parts.REPLY_TOKENS,
): parts.Prompt<AnswerReply> {
  const lens =
    premise !== null
      ? `${PREMISE}\n${LENSES[role]}`
      : isChallenge
        ? `${CHALLENGE}\n${LENSES.adversarial}`
        : LENSES[role]
  const rules = answerRules(question, recollected.memories.length > 0)
  return {
    request: parts.toRequest(
      parts.systemText(STEP, question, lens, rules),
      [
        parts.questionPart(question),
        ...parts.recollectedParts(recollected),
        parts.premisePart(premise),
        'Answer the question.',
      ],
      maxTokens,
    ),
    structure: answerStructure(question.choices),
  }
}
