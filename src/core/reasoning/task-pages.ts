/** Pages of questions and answers, as far as who is asked for may be seen. */
import type { Digest, SpaceId } from '../base/brand.ts'
import { ok, type Result } from '../base/result.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Hides } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import type { Failure } from '../protocol/errors.ts'
import { fromCursor, type TaskIndex, toCursor } from './task-index.ts'
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
    const standOf = (question: Digest): Standing | null => {
      const row = index.get(question)
      if (!row || (resolved.value !== undefined && row.space !== resolved.value)) return null
      // Without somebody who is hidden the row says it; a task that is open may have been given up since.
      if (!hides && row.status !== 'open' && !isWanted(row.status)) return null
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
    let total = 0
    for (const { key } of rows.descend()) if (isCounted(key, resolved.value, hides, isWanted)) total++
    return ok({ standings, total, cursor: next })
  }

  const isCounted = (
    question: Digest,
    space: SpaceId | undefined,
    hides: Hides | undefined,
    isWanted: (status: api.TaskStatus) => boolean,
  ): boolean => {
    const row = index.get(question)
    if (!row || (space !== undefined && row.space !== space)) return false
    if (!hides) return isWanted(row.status)
    const standing = standingAt(question, hides)
    return standing !== null && isWanted(standing.status)
  }

  return { cut }
}
