/**
 * The operator's word on answers, as entries: the resolution, and beside it, in the same commit, what it says of those who took part
 * (PROTOCOL.md §11). A verdict that is changed takes back what the one before had counted, and nothing else.
 */
import type { Did, Digest } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes, sha256 } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import type { Draft } from '../memory/draft.ts'
import type { Library } from '../memory/library.ts'
import type { LogState } from '../memory/log-table.ts'
import type { Memory } from '../memory/memory.ts'
import { retractDots } from '../memory/retraction.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Failure } from '../protocol/errors.ts'
import {
  EVIDENCE_KINDS,
  EVIDENCE_ROWS_MAX,
  type EvidenceKind,
  type EvidenceRow,
  encodeEvidence,
  periodAt,
} from '../protocol/evidence-payload.ts'
import { KINDS } from '../protocol/kinds.ts'
import { encodeResolution, type ResolutionPayload, type TaskPayload } from '../protocol/task-payloads.ts'
import { counted, type Outcome, type RowKey, takenBack } from '../trust/tally.ts'
import type { Trust } from '../trust/trust-contract.ts'
import { type Accepted, acceptedOf } from './acceptance.ts'
import type { Attempt, Counts } from './attempt.ts'
import { resolutionOf } from './evidence-book.ts'
import { outcomesOf } from './verdict-outcomes.ts'

export interface Judgements {
  /** Writes an own verdict. One at a time: each counts on from what the one before has left. */
  judge(attempt: Attempt, accepted: Accepted, resolution: ResolutionPayload): Promise<Result<void, Failure>>
  /** Counts own verdicts that were given before there was evidence. */
  catchUp(attempts: Iterable<Attempt>): Promise<void>
  /** What is under way is done; nothing more is caught up. */
  stop(): Promise<void>
}

export interface JudgementsDeps {
  readonly memory: Memory
  readonly library: Pick<Library, 'read'>
  readonly writer: Pick<Writer, 'write'>
  readonly store: Pick<MemoryStore, 'value'>
  readonly clock: Clock
  readonly trust: Pick<Trust, 'ownRow'>
  readonly counts: Counts
}

/** Something that was counted, and when. */
interface Counted extends Outcome {
  readonly period: number
}

/** Where it stands what was counted of an attempt, so that it can be taken back to the letter. */
const countedAs = (attempt: Digest): string => `trust/counted/${bytesToHex(digestToBytes(attempt))}`

export function createJudgements(deps: JudgementsDeps): Judgements {
  const { memory, library, writer, store, clock, trust, counts } = deps
  const { self } = memory
  let last: Promise<unknown> = Promise.resolve()
  let isStopped = false

  const inTurn = <T>(todo: () => Promise<T>): Promise<T> => {
    const done = last.then(todo)
    last = done.catch(() => {})
    return done
  }

  /** Authors of the memories that an answer quotes, without this spore's own. */
  const citedBy = async ({ noted: { payload, space } }: Accepted): Promise<Did[]> => {
    const memories = await library.read(payload.outcome.quotes.map(({ memory: id }) => id))
    const authors = memories.flatMap((one) => {
      const dots = one?.dots.filter((dot) => dot.space === space) ?? []
      // What several have said is nobody's merit alone.
      return dots.length === 1 ? (dots[0] as { author: Did }).author : []
    })
    return authors.filter((author) => author !== self)
  }

  /** What a verdict counts, as rows that grow from the present ones; what one before had counted otherwise is taken back. */
  const rowsFor = (space: TaskPayload['space'], now: readonly Counted[], before: readonly Counted[]) => {
    const rows = new Map<string, EvidenceRow>()
    const change = (key: RowKey, grow: (row: EvidenceRow | null) => EvidenceRow | null): void => {
      const { subject, domain, kind, period } = key
      const name = JSON.stringify([subject, domain, kind, period])
      const grown = grow(rows.get(name) ?? trust.ownRow(space, subject, domain, kind, period))
      if (grown) rows.set(name, grown)
    }
    for (const one of before) if (!now.includes(one)) change(one, (row) => row && takenBack(row, one))
    for (const one of now) if (!before.includes(one)) change(one, (row) => counted(row, one, one))
    return [...rows.values()]
  }

  const appendEvidence = (
    draft: Draft,
    { id, task }: Attempt,
    rows: readonly EvidenceRow[],
    because: Digest,
    now: readonly Counted[],
  ): void => {
    const { space } = task as TaskPayload
    for (let at = 0; at < rows.length; at += EVIDENCE_ROWS_MAX) {
      const payload = encodeEvidence({ rows: rows.slice(at, at + EVIDENCE_ROWS_MAX), because: [because] })
      draft.append({ space, kind: KINDS.evidence, payload, references: [because] })
    }
    draft.setValue(countedAs(id), encodeCounted(now))
  }

  const countedNow = async (
    attempt: Attempt,
    accepted: Accepted,
    resolution: ResolutionPayload,
    before: readonly Counted[],
  ): Promise<Counted[]> => {
    const period = periodAt(clock.now())
    const cited = await citedBy(accepted)
    return outcomesOf(attempt, resolution, cited, self, counts).map(
      (one) => before.find((known) => isSame(known, one)) ?? { ...one, period },
    )
  }

  const judge: Judgements['judge'] = (attempt, accepted, resolution) =>
    inTurn(async () => {
      const { space } = attempt.task as TaskPayload
      const before = decodeCounted(await store.value(countedAs(attempt.id)))
      const now = await countedNow(attempt, accepted, resolution, before)
      const payload = encodeResolution(resolution)
      return writer.write((draft) => {
        // The latest word counts, so the same word is said again by a new entry.
        const own = [...attempt.resolutions.values()].filter((one) => one.author === self && counts(one))
        retractDots(draft, own, (logId) => memory.logs.get(logId) as LogState)
        const references = [attempt.id, accepted.noted.element]
        draft.append({ space, kind: KINDS.resolution, payload, references })
        appendEvidence(draft, attempt, rowsFor(space, now, before), bytesToDigest(sha256(payload)), now)
      })
    })

  return {
    judge,
    async catchUp(attempts) {
      for (const attempt of [...attempts]) {
        await inTurn(async () => {
          if (isStopped) return
          const resolution = resolutionOf(attempt, self, counts)
          const accepted = acceptedOf(attempt, counts)
          if (!attempt.task || !resolution || !accepted || (await store.value(countedAs(attempt.id)))) return
          const { space } = attempt.task
          const now = await countedNow(attempt, accepted, resolution.payload, [])
          await writer.write((draft) =>
            appendEvidence(draft, attempt, rowsFor(space, now, []), resolution.element, now),
          )
        })
      }
    },
    async stop() {
      isStopped = true
      await last
    },
  }
}

/** What was counted already is left as it is. */
const isSame = (a: Outcome, b: Outcome): boolean =>
  a.subject === b.subject &&
  a.domain === b.domain &&
  a.kind === b.kind &&
  a.isRight === b.isRight &&
  a.chance === b.chance

const encodeCounted = (list: readonly Counted[]): Uint8Array =>
  encodeCanonical(
    list.map(({ subject, domain, kind, isRight, chance, period }) => [
      subject,
      domain,
      EVIDENCE_KINDS.indexOf(kind),
      isRight,
      chance,
      period,
    ]),
  )

/** Own bytes, written by `encodeCounted`; nothing where there are none, or the disk has damaged them. */
function decodeCounted(bytes: Uint8Array | null | undefined): Counted[] {
  const decoded = bytes ? decodeCanonical(bytes) : null
  if (!decoded?.ok || !Array.isArray(decoded.value)) return []
  return (decoded.value as Canonical[]).flatMap((item): Counted[] => {
    const [subject, domain, kind, isRight, chance, period] = item as [
      string,
      string,
      number,
      boolean,
      number,
      number,
    ]
    const name = EVIDENCE_KINDS[kind]
    return name ? [{ subject, domain, kind: name satisfies EvidenceKind, isRight, chance, period }] : []
  })
}
