/**
 * Answers of others as one reader sees them: without names, in an order of its own, its own left out. Who reads which label as whose
 * answer is known to the reader's spore alone, so nobody is followed for his name or his place in the list.
 */
import type { Digest } from '../base/brand.ts'
import { compareText, utf8ToBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import { REVIEWED_MAX } from '../protocol/task-limits.ts'
import type { Claim, Quote } from '../protocol/task-payloads.ts'

/** An answer of a contribution, with what stands beside it. */
export interface StatedAnswer {
  readonly text: string
  readonly reason: string | null
  readonly claims: readonly Claim[]
  readonly quotes: readonly Quote[]
}

export interface OthersAnswer extends StatedAnswer {
  readonly contribution: Digest
}

export interface LabelledAnswer extends OthersAnswer {
  /** `R1`, `R2`, …: means something to one reader of one task alone. Not a letter: those name choices. */
  readonly label: string
}

/**
 * At most `REVIEWED_MAX` of the answers, labelled for `reader` (one model of one author). Which ones, and in what order, is a hash of the task, the
 * reader and the contribution: where there are more, every reader gets others of them.
 */
export function anonymised(
  task: string,
  reader: string,
  answers: readonly OthersAnswer[],
  own: readonly Digest[],
): readonly LabelledAnswer[] {
  const byId = new Map(answers.map((answer) => [answer.contribution, answer]))
  for (const id of own) byId.delete(id)
  const placeOf = (id: Digest): string =>
    bytesToDigest(sha256(utf8ToBytes(JSON.stringify(['label', task, reader, id]))))
  return [...byId.values()]
    .map((answer) => ({ answer, place: placeOf(answer.contribution) }))
    .sort((a, b) => compareText(a.place, b.place))
    .slice(0, REVIEWED_MAX)
    .map(({ answer }, i) => ({ ...answer, label: `R${i + 1}` }))
}
