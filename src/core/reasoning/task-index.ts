/** Questions in the order in which they were asked, and answers in that in which they came: what pages are cut from. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { cidToDigest, digestToCid } from '../base/hash.ts'
import { createRankedRows, type RankedRow, type RankedRows } from '../base/ranked-rows.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { TaskStatus } from '../protocol/api-tasks.ts'
import { type Failure, failure } from '../protocol/errors.ts'

/** A question as it stands for who sees everybody. */
export interface TaskRow {
  readonly space: SpaceId
  readonly status: TaskStatus
  readonly askedAt: number
  readonly answeredAt: number | null
  /** All who asked it or said anything about it: where none of them is hidden, it stands so for everybody. */
  readonly authors: readonly Did[]
}

export interface TaskIndex {
  set(question: Digest, row: TaskRow | null): void
  get(question: Digest): TaskRow | undefined
  /** How many there are of a status, in one space or in all. */
  count(status: TaskStatus, space?: SpaceId): number
  /** Questions that are open. */
  readonly open: ReadonlySet<Digest>
  /** Questions, those asked last first. */
  readonly asked: RankedRows<Digest>
  /** Questions with an answer, those answered last first. */
  readonly answered: RankedRows<Digest>
}

export function createTaskIndex(): TaskIndex {
  const rows = new Map<Digest, TaskRow>()
  const open = new Set<Digest>()
  const asked = createRankedRows<Digest>()
  const answered = createRankedRows<Digest>()
  /** By status, and by status and space. */
  const counts = new Map<string, number>()

  const tally = (row: TaskRow | undefined, by: 1 | -1): void => {
    if (!row) return
    for (const key of [row.status, countKey(row.status, row.space)]) {
      const count = (counts.get(key) ?? 0) + by
      if (count === 0) counts.delete(key)
      else counts.set(key, count)
    }
  }

  return {
    open,
    asked,
    answered,
    count: (status, space) => counts.get(space === undefined ? status : countKey(status, space)) ?? 0,
    get: (question) => rows.get(question),
    set(question, row) {
      tally(rows.get(question), -1)
      tally(row ?? undefined, 1)
      if (!row) {
        rows.delete(question)
        open.delete(question)
        asked.delete(question)
        answered.delete(question)
        return
      }
      rows.set(question, row)
      if (row.status === 'open') open.add(question)
      else open.delete(question)
      asked.set(question, row.askedAt)
      if (row.status === 'converged' && row.answeredAt !== null) answered.set(question, row.answeredAt)
      else answered.delete(question)
    },
  }
}

const countKey = (status: TaskStatus, space: SpaceId): string => `${status} ${space}`

/** Where a page goes on: behind this row, whatever has come before it since. */
export const toCursor = ({ key, rank }: RankedRow<Digest>): string => `${rank}-${digestToCid(key)}`

/** Failure CURSOR_INVALID. */
export function fromCursor(cursor: string | undefined): Result<RankedRow<Digest> | undefined, Failure> {
  if (cursor === undefined) return ok(undefined)
  const [, rank, id = ''] = /^(\d{1,16})-(\w{1,80})$/.exec(cursor) ?? []
  const key = cidToDigest(id)
  return key && rank !== undefined
    ? ok({ key, rank: Number(rank) })
    : err(failure('CURSOR_INVALID', 'a cursor of tasks'))
}
