/**
 * Answers that were given before, among the memories. A synthesis is written together with a memory of it, which is found like any
 * other. It is no source for the next answer unless somebody found it right: a model takes what it is shown for known, and would repeat
 * its own guesses (docs/evaluation.md, memory).
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Digest } from '../base/brand.ts'
import { cidToDigest } from '../base/hash.ts'
import type { MemoryPayload } from '../protocol/payloads.ts'

/** What marks such a memory; its first source is the synthesis. */
export const ANSWER_TAG = 'synthesis'
/** Syntheses of which it is known what they answered; an older one is no source, whatever became of it. */
export const PAST_ANSWERS_MAX = 16_384

export interface PastAnswers {
  /** A synthesis counts as the answer of an attempt. */
  note(synthesis: Digest, attempt: Digest): void
  /** Whether an answer may rest on a memory: on any that is no answer, and on one that was found right. */
  isSource(memory: Pick<MemoryPayload, 'text' | 'tags' | 'sources'>): boolean
}

/** `isRight`: whether this spore's operator has found the answer of an attempt right. */
export function createPastAnswers(isRight: (attempt: Digest) => boolean): PastAnswers {
  const attempts = createBoundedMap<Digest, Digest>(PAST_ANSWERS_MAX)
  return {
    note(synthesis, attempt) {
      attempts.set(synthesis, attempt)
    },
    isSource(memory) {
      const synthesis = synthesisOf(memory)
      if (synthesis === null) return true
      const attempt = attempts.peek(synthesis)
      return attempt !== undefined && isRight(attempt)
    },
  }
}

/** The text of the memory of an answer. */
export const answerMemoryText = (question: string, answer: string): string =>
  `${QUESTION}${question}\n${ANSWER}${answer}`
const QUESTION = 'Question: '
const ANSWER = 'Answer: '

/** What an answer among the memories was put together as; null for any other memory, tagged alike as it may be. */
function synthesisOf({
  text,
  tags,
  sources: [first = ''],
}: Pick<MemoryPayload, 'text' | 'tags' | 'sources'>): Digest | null {
  if (!tags.includes(ANSWER_TAG) || !text.startsWith(QUESTION) || !text.includes(`\n${ANSWER}`)) return null
  return cidToDigest(first)
}
