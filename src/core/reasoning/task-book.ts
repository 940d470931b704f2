/**
 * All attempts at questions that entries brought: a fold over the change feed. What others say is bounded, by attempt, by author
 * and in all; what is this spore's own is always kept.
 */
import type { Did, Digest, LogId } from '../base/brand.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import type { Change } from '../memory/change.ts'
import { decodeCall } from '../protocol/call-payload.ts'
import { KINDS } from '../protocol/kinds.ts'
import {
  decodeContribution,
  decodeResolution,
  decodeReview,
  decodeSynthesis,
  decodeTask,
  encodeTask,
  type TaskPayload,
} from '../protocol/task-payloads.ts'
import { AGAIN, type Attempt, type Noted, newAttempt, note, partKey } from './attempt.ts'

export interface TaskBook {
  /** Takes in an entry; the attempt that it is about, or null. */
  note(change: Change): Attempt | null
  /** Drops what is kept of purged elements; the attempts that lost something. */
  forget(purged: ReadonlySet<Digest>): readonly Attempt[]
  attempt(id: Digest): Attempt | undefined
  /** Attempts at a question, the first one first; `id` of any of them. */
  attemptsAt(id: Digest): readonly Attempt[]
  /** What the entries of a log are about, by sequence number. */
  entriesIn(logId: LogId): ReadonlyMap<number, Attempt>
  /** Those that somebody asked, by the time at which they arrived first. */
  all(): IterableIterator<Attempt>
  /** Hears of attempts that had to go. */
  onDropped(listener: (attempt: Attempt) => void): void
}

/** Entries of a kind kept about one attempt, and of these by one author: eight rounds of eight models' answers each. */
export const RECORDS_PER_TASK_MAX = 256
export const RECORDS_PER_AUTHOR_MAX = 64
/** Bytes of what others say about one attempt: 16 answers of the longest, or thousands of the usual. */
export const TASK_BYTES_MAX = 1024 * 1024
/**
 * Bytes of them by one author: who floods a task must not keep others from being heard, for then some spores would know what others
 * do not. 64 answers of 4 KiB.
 */
export const TASK_BYTES_PER_AUTHOR_MAX = TASK_BYTES_MAX / 4
/** Attempts of others that are kept, and bytes of their payloads in memory; ~6 KiB a task. */
export const FOREIGN_TASKS_MAX = 10_000
export const FOREIGN_TASK_BYTES_MAX = 64 * 1024 * 1024
/** Asks of one attempt that are kept, and of these by one asker. */
export const ASKS_MAX = 64
export const ASKS_PER_ASKER_MAX = 4

type Ask = Noted<TaskPayload>
type Place = Pick<Change, 'logId' | 'seq'>

export function createTaskBook(self: Did): TaskBook {
  /** The oldest first. */
  const attempts = new Map<Digest, Attempt>()
  const questions = new Map<Digest, Attempt[]>()
  const byLog = new Map<LogId, Map<number, Attempt>>()
  const listeners: ((attempt: Attempt) => void)[] = []
  let foreignRecords = 0
  let foreignBytes = 0

  const attemptOf = (id: Digest): Attempt => {
    const known = attempts.get(id)
    if (known) return known
    const attempt = newAttempt(id)
    attempts.set(id, attempt)
    foreignRecords++
    return attempt
  }

  const countForeign = (attempt: Attempt, sign: 1 | -1): void => {
    if (attempt.isOwn) return
    foreignRecords += sign
    foreignBytes += sign * attempt.bytes
  }

  const place = (attempt: Attempt, { logId, seq }: Place): void => {
    const entries = byLog.get(logId) ?? new Map<number, Attempt>()
    byLog.set(logId, entries.set(seq, attempt))
  }

  const unplace = ({ logId, seq }: Place): void => {
    const entries = byLog.get(logId)
    if (entries?.delete(seq) && entries.size === 0) byLog.delete(logId)
  }

  const drop = (attempt: Attempt): void => {
    attempts.delete(attempt.id)
    const others = questions.get(attempt.question)?.filter((one) => one !== attempt) ?? []
    if (others.length > 0) questions.set(attempt.question, others)
    else questions.delete(attempt.question)
    countForeign(attempt, -1)
    for (const noted of entriesOf(attempt)) unplace(noted)
    for (const listener of listeners) listener(attempt)
  }

  /** Counts what is kept; where others’ is too much, their oldest goes: it stays stored, and is no longer shown. */
  const grow = (attempt: Attempt, change: Change): void => {
    const { author, payload } = change
    countForeign(attempt, -1)
    const size = payload?.length ?? 0
    attempt.bytes += size
    attempt.bytesBy.set(author, (attempt.bytesBy.get(author) ?? 0) + size)
    attempt.isOwn ||= author === self
    place(attempt, change)
    countForeign(attempt, 1)
    for (const oldest of attempts.values()) {
      if (foreignRecords <= FOREIGN_TASKS_MAX && foreignBytes <= FOREIGN_TASK_BYTES_MAX) return
      if (!oldest.isOwn) drop(oldest)
    }
  }

  const ask = (change: Change, payload: TaskPayload): Attempt | null => {
    if (payload.space !== change.space) return null
    const attempt = attemptOf(change.element)
    if (attempt.task === null) {
      attempt.task = payload
      attempt.question = questionOf(payload, change.element)
      const others = questions.get(attempt.question) ?? []
      questions.set(
        attempt.question,
        [...others, attempt].sort((a, b) => attemptNumber(a) - attemptNumber(b)),
      )
    }
    const own = attempt.asks.filter(({ author }) => author === change.author)
    if (own.length >= ASKS_PER_ASKER_MAX) {
      // Who withdraws and asks again, again and again, has his latest entry kept: the same bytes, so nothing grows.
      const last = own.at(-1) as Ask
      attempt.asks.splice(attempt.asks.indexOf(last), 1)
      attempt.asks.push(note(change, payload))
      unplace(last)
      place(attempt, change)
      return attempt
    }
    if (attempt.asks.length >= ASKS_MAX && change.author !== self) return attempt
    attempt.asks.push(note(change, payload))
    grow(attempt, change)
    return attempts.has(attempt.id) ? attempt : null
  }

  const keep = <Payload>(
    attempt: Attempt,
    part: Map<string, Noted<Payload>>,
    change: Change,
    payload: Payload,
    name: Digest = change.element,
  ): Attempt | null => {
    const key = keyIn(part, change, partKey(change.author, name))
    if (key === null) return attempt
    if (change.author !== self && isFull(attempt, part, change)) return null
    part.set(key, note(change, payload))
    grow(attempt, change)
    return attempts.has(attempt.id) ? attempt : null
  }

  return {
    note(change) {
      const { kind, payload } = change
      if (!payload) return null
      if (kind === KINDS.task) {
        const task = decodeTask(payload)
        return task && ask(change, task)
      }
      if (kind === KINDS.contribution) {
        const said = decodeContribution(payload)
        if (!said) return null
        const attempt = attemptOf(said.task)
        return said.seal === null
          ? keep(attempt, attempt.contributions, change, said)
          : keep(attempt, attempt.seals, change, said, said.seal)
      }
      if (kind === KINDS.call) {
        const said = decodeCall(payload)
        return said && keep(attemptOf(said.task), attemptOf(said.task).calls, change, said)
      }
      if (kind === KINDS.review) {
        const said = decodeReview(payload)
        return said && keep(attemptOf(said.task), attemptOf(said.task).reviews, change, said)
      }
      if (kind === KINDS.synthesis) {
        const said = decodeSynthesis(payload)
        return said && keep(attemptOf(said.task), attemptOf(said.task).syntheses, change, said)
      }
      if (kind === KINDS.resolution) {
        const said = decodeResolution(payload)
        return said && keep(attemptOf(said.task), attemptOf(said.task).resolutions, change, said)
      }
      return null
    },
    forget(purged) {
      const touched = new Set<Attempt>()
      for (const attempt of attempts.values()) {
        const { calls, contributions, reviews, syntheses, resolutions } = attempt
        for (const part of [calls, contributions, reviews, syntheses, resolutions])
          for (const [key, noted] of part)
            if (purged.has(noted.element) && part.delete(key)) {
              unplace(noted)
              touched.add(attempt)
            }
        if (!purged.has(attempt.id)) continue
        drop(attempt)
        touched.add(attempt)
      }
      return [...touched]
    },
    attempt: (id) => attempts.get(id),
    attemptsAt: (id) => questions.get(attempts.get(id)?.question ?? id) ?? [],
    entriesIn: (logId) => byLog.get(logId) ?? new Map(),
    *all() {
      for (const attempt of attempts.values()) if (attempt.task) yield attempt
    },
    onDropped: (listener) => void listeners.push(listener),
  }
}

/** Everything that is kept of an attempt. */
function* entriesOf({ asks, ...attempt }: Attempt): IterableIterator<Noted<unknown>> {
  yield* asks
  const { calls, seals, contributions, reviews, syntheses, resolutions } = attempt
  for (const part of [calls, seals, contributions, reviews, syntheses, resolutions]) yield* part.values()
}

/** The id of the first attempt at the same question. */
export const questionOf = (task: TaskPayload, id: Digest): Digest =>
  task.attempt === 0 ? id : bytesToDigest(sha256(encodeTask({ ...task, attempt: 0 })))

const attemptNumber = ({ task }: Attempt): number => task?.attempt ?? 0

/**
 * What an author says again is kept too: where the first time is withdrawn, or its log cut off, the second counts, on whichever a spore
 * came first.
 */
function keyIn(
  part: ReadonlyMap<string, Noted<unknown>>,
  { logId, seq }: Change,
  key: string,
): string | null {
  const known = part.get(key)
  if (!known) return key
  const again = `${key}${AGAIN}${logId}/${seq}`
  return (known.logId === logId && known.seq === seq) || part.has(again) ? null : again
}

function isFull(attempt: Attempt, part: ReadonlyMap<string, Noted<unknown>>, change: Change): boolean {
  const size = change.payload?.length ?? 0
  if (part.size >= RECORDS_PER_TASK_MAX) return true
  if (attempt.bytes + size > TASK_BYTES_MAX) return true
  if ((attempt.bytesBy.get(change.author) ?? 0) + size > TASK_BYTES_PER_AUTHOR_MAX) return true
  let byAuthor = 0
  for (const { author } of part.values()) if (author === change.author) byAuthor++
  return byAuthor >= RECORDS_PER_AUTHOR_MAX
}
