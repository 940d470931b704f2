/** Questions in the order in which they were asked, and answers in that in which they came: what pages are cut from. */
import type { Digest, SpaceId } from '../base/brand.ts'
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
}

export interface TaskIndex {
  set(question: Digest, row: TaskRow | null): void
  get(question: Digest): TaskRow | undefined
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
  return {
    open,
    asked,
    answered,
    get: (question) => rows.get(question),
    set(question, row) {
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
