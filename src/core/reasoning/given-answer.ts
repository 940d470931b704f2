/**
 * What one contributor came to: the reply of its model, with every quote looked up in the memory that it is said to be of, and all of it
 * within what a contribution may hold.
 */
import type { Digest } from '../base/brand.ts'
import { utf8Length } from '../base/bytes.ts'
import { PAYLOAD_BYTES_MAX, REFERENCES_MAX } from '../protocol/limits.ts'
import * as bounds from '../protocol/task-limits.ts'
import type { Claim, Quote } from '../protocol/task-payloads.ts'
import type { AnswerReply } from './answer-reply.ts'
import type { Hypothesis } from './contribution.ts'
import { createQuoting } from './quoting.ts'
import type { RecalledMemory } from './recollection.ts'

export interface GivenAnswer {
  readonly model: string
  readonly family: string
  /** 1 … 8, the likeliest first; weights are whole, per mille, and sum to at most 1,000. Of a task with choices each is one of them. */
  readonly hypotheses: readonly Hypothesis[]
  /** Stated chance of being right, per mille; null where none was stated. */
  readonly confidence: number | null
  readonly reason: string | null
  /** Their quotes are places in `quotes`. */
  readonly claims: readonly Claim[]
  /** Each a piece of its memory, to the letter. */
  readonly quotes: readonly Quote[]
  /** Memories that it was given to read. */
  readonly recalled: readonly Digest[]
  /** Contributions of others that it was shown; none for a first answer. */
  readonly responds: readonly Digest[]
}

export interface GivenBy {
  readonly model: string
  readonly family: string
  /** Behind the labels 1, 2, … that the model was shown. */
  readonly memories: readonly RecalledMemory[]
  readonly responds: readonly Digest[]
}

/** Bytes of the texts of an answer; the rest of a payload is for digests, numbers and names. */
export const ANSWER_BYTES_MAX = PAYLOAD_BYTES_MAX - 16 * 1024
/** Bytes that the frame of one text takes beside it, the digest of a quote among them. */
const FRAME_BYTES = 48

export function toGivenAnswer(
  { hypotheses, confidence, reason, claims }: Extract<AnswerReply, { kind: 'answered' }>,
  { model, family, memories, responds }: GivenBy,
): GivenAnswer {
  const room = createRoom(ANSWER_BYTES_MAX)
  const [first, ...others] = hypotheses
  const held = [first as Hypothesis]
  room.take((first as Hypothesis).text)
  const keptReason = reason !== null && room.take(reason) ? reason : null
  const quoting = createQuoting()
  const quotes: Quote[] = []
  const keptClaims: Claim[] = []

  const placeOf = (quote: Quote): number | null => {
    const known = quotes.findIndex(({ memory, text }) => memory === quote.memory && text === quote.text)
    if (known >= 0) return known
    return quotes.length < REFERENCES_MAX && room.take(quote.text) ? quotes.push(quote) - 1 : null
  }

  for (const other of others) if (room.take(other.text)) held.push(other)
  for (const claim of claims) {
    if (!room.take(claim.text)) break
    const places = new Set<number>()
    for (const { label, said } of claim.quotes) {
      if (places.size === bounds.CLAIM_SOURCES_MAX) break
      const memory = memories[label - 1]
      const text = memory ? quoting.quote(memory.text, said, claim.text) : null
      const place = memory && text !== null ? placeOf({ memory: memory.memory, text }) : null
      if (place !== null) places.add(place)
    }
    keptClaims.push({ text: claim.text, quotes: [...places] })
  }
  return {
    model: named(model),
    family: named(family),
    hypotheses: held,
    confidence,
    reason: keptReason,
    claims: keptClaims,
    quotes,
    recalled: [...new Set(memories.map(({ memory }) => memory))].slice(0, bounds.RECALLED_MAX),
    responds: responds.slice(0, REFERENCES_MAX),
  }
}

/** The name of a model or family as entries may hold it. */
export const named = (name: string): string =>
  name.slice(0, bounds.MODEL_CHARS_MAX).toWellFormed() || 'unnamed'

/** Says of each text whether there is room left for it, in bytes of UTF-8. */
export function createRoom(bytes: number): { take(text: string): boolean } {
  let left = bytes
  return {
    take(text) {
      const size = utf8Length(text) + FRAME_BYTES
      if (size > left) return false
      left -= size
      return true
    },
  }
}
