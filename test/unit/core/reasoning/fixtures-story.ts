/** Entries of one task, written by hand, and the attempt that somebody knows to whom they came. */
import type { Did, Digest, HybridTime, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import {
  encodeContribution,
  encodeSeal,
  encodeSynthesis,
  encodeTask,
  type SynthesisPayload,
} from '../../../../src/core/protocol/task-payloads.ts'
import type { Attempt, Counts } from '../../../../src/core/reasoning/attempt.ts'
import { createTaskBook } from '../../../../src/core/reasoning/task-book.ts'

export const COMMONS = 'commons' as SpaceId
export const who = (name: string): Did => `did:key:z${name}` as Did
export const [ADA, BOB, CID, DEE, EVE] = ['Ada', 'Bob', 'Cid', 'Dee', 'Eve'].map(who) as [
  Did,
  Did,
  Did,
  Did,
  Did,
]
export const all: Counts = () => true

export type Entry = Omit<Change, 'arrival' | 'header' | 'references'>

/** Entries of one task with the choices a, b and c. */
export function story() {
  const entries: Entry[] = []
  const seqs = new Map<Did, number>()
  let clock = 0
  const payload = encodeTask({ text: 'Which one?', space: COMMONS, choices: ['a', 'b', 'c'] })
  const task = bytesToDigest(sha256(payload))
  const write = (author: Did, kind: number, bytes: Uint8Array, space = COMMONS): Digest => {
    const seq = (seqs.get(author) ?? -1) + 1
    seqs.set(author, seq)
    const element = bytesToDigest(sha256(bytes))
    const logId = `log of ${author}` as Change['logId']
    entries.push({ logId, seq, author, space, kind, clock: ++clock as HybridTime, element, payload: bytes })
    return element
  }
  const answerBytes = (author: Did, text: string, more: object = {}): Uint8Array =>
    encodeContribution({
      task,
      model: 'm',
      family: `of ${author}`,
      by: author,
      outcome: { text, quotes: [], failure: null },
      ...more,
    })
  const seal = (author: Did, bytes: Uint8Array): Digest =>
    write(author, KINDS.contribution, encodeSeal({ task, round: 0, seal: bytesToDigest(sha256(bytes)) }))
  return {
    entries,
    task,
    write,
    answerBytes,
    seal,
    ask: (author: Did) => write(author, KINDS.task, payload),
    answer(author: Did, text: string, more: object = {}): Digest {
      const bytes = answerBytes(author, text, more)
      seal(author, bytes)
      return write(author, KINDS.contribution, bytes)
    },
    synthesize(
      author: Did,
      text: string,
      contributions: readonly Digest[],
      more: Partial<SynthesisPayload> = {},
    ): Digest {
      const outcome = { text, quotes: [], failure: null } as const
      return write(author, KINDS.synthesis, encodeSynthesis({ task, contributions, outcome, ...more }))
    },
    fail: (author: Did) =>
      write(
        author,
        KINDS.synthesis,
        encodeSynthesis({ task, contributions: [], outcome: { text: null, quotes: [], failure: 'nothing' } }),
      ),
    /** The attempt as somebody knows it to whom the entries came in this order. */
    told(order: readonly Entry[] = entries): Attempt {
      const book = createTaskBook(who('Observer'))
      order.forEach((entry, i) => void book.note({ ...entry, arrival: i + 1 } as Change))
      return book.attempt(task) as Attempt
    },
  }
}
