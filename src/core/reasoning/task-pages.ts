/** Pages of questions and answers, as far as who is asked for may be seen. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { ok, type Result } from '../base/result.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Hides } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import { taskStatusSchema } from '../protocol/api-tasks.ts'
import type { Failure } from '../protocol/errors.ts'
import { fromCursor, type TaskIndex, type TaskRow, toCursor } from './task-index.ts'
import type { Standing } from './task-view.ts'

type Answer<T> = Result<T, Failure>

export interface TaskPageCut {
  readonly standings: readonly Standing[]
  /** Of all pages. */
  readonly total: number
  readonly cursor: string | null
}

export interface TaskPages {
  /** Failures SPACE_UNKNOWN, CURSOR_INVALID. */
  cut(
    rows: TaskIndex['asked'],
    query: api.AnswerPageQuery,
    hides: Hides | undefined,
    isWanted: (status: api.TaskStatus) => boolean,
  ): Answer<TaskPageCut>
}

export interface TaskPagesDeps {
  readonly index: TaskIndex
  readonly spaces: Pick<Spaces, 'resolve'>
  readonly standingAt: (question: Digest, hides: Hides | undefined) => Standing | null
}

export function createTaskPages({ index, spaces, standingAt }: TaskPagesDeps): TaskPages {
  /** Standings of a page of rows that are wanted, how many there are, and where the next page begins. */
  const cut: TaskPages['cut'] = (
    rows: TaskIndex['asked'],
    { limit, cursor, space }: api.AnswerPageQuery,
    hides: Hides | undefined,
    isWanted: (status: api.TaskStatus) => boolean,
  ): Answer<{ standings: Standing[]; total: number; cursor: string | null }> => {
    const resolved = space === undefined ? ok(undefined) : spaces.resolve(space)
    if (!resolved.ok) return resolved
    const behind = fromCursor(cursor)
    if (!behind.ok) return behind
    const isTouched = hides && touches(hides)
    const standOf = (question: Digest): Standing | null => {
      const row = index.get(question)
      if (!row || (resolved.value !== undefined && row.space !== resolved.value)) return null
      // Without somebody who is hidden the row says it; a task that is open may have been given up since.
      if (!isTouched?.(row) && row.status !== 'open' && !isWanted(row.status)) return null
      const standing = standingAt(question, hides)
      return standing && isWanted(standing.status) ? standing : null
    }
    const standings: Standing[] = []
    let next: string | null = null
    let last: string | null = null
    for (const row of rows.descend(behind.value)) {
      const standing = standings.length <= limit ? standOf(row.key) : null
      if (!standing) continue
      if (standings.length === limit) {
        next = last
        break
      }
      standings.push(standing)
      last = toCursor(row)
    }
    const total = isTouched
      ? countSeen(rows, resolved.value, hides as Hides, isTouched, isWanted)
      : countAll(resolved.value, isWanted)
    return ok({ standings, total, cursor: next })
  }

  /** For who sees everybody. */
  const countAll = (space: SpaceId | undefined, isWanted: (status: api.TaskStatus) => boolean): number =>
    taskStatusSchema.options.filter(isWanted).reduce((total, status) => total + index.count(status, space), 0)

  /** Only what somebody hidden took part in is looked at anew: of the others, however many, the row says it. */
  const countSeen = (
    rows: TaskIndex['asked'],
    space: SpaceId | undefined,
    hides: Hides,
    isTouched: (row: TaskRow) => boolean,
    isWanted: (status: api.TaskStatus) => boolean,
  ): number => {
    let total = 0
    for (const { key } of rows.descend()) {
      const row = index.get(key)
      if (!row || (space !== undefined && row.space !== space)) continue
      const status = isTouched(row) ? standingAt(key, hides)?.status : row.status
      if (status !== undefined && isWanted(status)) total++
    }
    return total
  }

  return { cut }
}

/** Whether somebody who is hidden took part; each author is looked up once for a space. */
function touches(hides: Hides): (row: TaskRow) => boolean {
  const bySpace = new Map<SpaceId, Map<Did, boolean>>()
  return ({ authors, space }) => {
    const known = bySpace.get(space) ?? new Map<Did, boolean>()
    bySpace.set(space, known)
    return authors.some((author) => {
      const before = known.get(author)
      if (before !== undefined) return before
      const found = hides(author, space)
      known.set(author, found)
      return found
    })
  }
}
