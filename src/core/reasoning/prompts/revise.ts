/** Revision: once others' answers and the flaws that reviews named are known, an answer may be changed. */
import type { Digest } from '../../base/brand.ts'
import type { Role } from '../../protocol/task-payloads.ts'
import { type AnswerReply, answerStructure } from '../answer-reply.ts'
import { anonymised, type OthersAnswer } from '../answers-of-others.ts'
import type { Recollected } from '../recollection.ts'
import { LENSES } from '../roles.ts'
import { answerRules } from './answer.ts'
import * as parts from './parts.ts'

export interface ReviseInput {
  readonly task: Digest
  /** Names one model of one author: its order of the answers is its own. */
  readonly reviser: string
  readonly question: parts.AskedQuestion
  readonly role: Role
  readonly recollected: Recollected
  /** The own earlier answer. */
  readonly own: OthersAnswer
  readonly answers: readonly OthersAnswer[]
  /** Flaws that reviews named, also in the own one. */
  readonly flaws: readonly NamedFlaw[]
}

export interface NamedFlaw {
  readonly contribution: Digest
  readonly flaw: string
}

export interface RevisePrompt extends parts.Prompt<AnswerReply> {
  /** Contributions of others that are shown. */
  readonly shown: readonly Digest[]
}

/** Flaws of one answer that are shown. */
export const SHOWN_FLAWS_MAX = 4

const STEP =
  'You are one of several reasoners that answered the same question independently of each other. You now see the answers of the others, without names, and flaws that anonymous reviewers named.'
const RULES =
  'Answer the question once more. Change your answer only for a reason: a fact, a step or a memory that shows that it is wrong. That others answer otherwise, or many answer alike, is no reason. Flaws may be named wrongly: check them. Keeping your answer is as good as changing it.'

export function revisePrompt(
  { task, reviser, question, role, recollected, own, answers, flaws }: ReviseInput,
  maxTokens = parts.REPLY_TOKENS,
): RevisePrompt {
  const labelled = anonymised(task, reviser, answers, [own.contribution])
  const flawsOf = ({ contribution }: OthersAnswer): readonly string[] =>
    [...new Set(flaws.filter((one) => one.contribution === contribution).map(({ flaw }) => flaw))].slice(
      0,
      SHOWN_FLAWS_MAX,
    )
  return {
    request: parts.toRequest(
      parts.systemText(
        STEP,
        question,
        LENSES[role],
        RULES,
        answerRules(question, recollected.memories.length > 0),
      ),
      [
        parts.questionPart(question),
        ...parts.recollectedParts(recollected),
        `Your earlier answer:\n${parts.ownAnswerPart(own, flawsOf(own))}`,
        labelled.length > 0 ? `The answers of others:\n${parts.answersPart(labelled, flawsOf)}` : null,
        'Answer the question.',
      ],
      maxTokens,
    ),
    structure: answerStructure(question.choices),
    shown: labelled.map(({ contribution }) => contribution),
  }
}
