/** Tasks in pages, as they are shown: all, and those that were answered. */
import { ok, type Result } from '../base/result.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import type { Failure } from '../protocol/errors.ts'
import type { TaskIndex } from './task-index.ts'
import type { TaskPages } from './task-pages.ts'
import type { Standing, TaskViews } from './task-view.ts'

type Answer<T> = Result<T, Failure>

export interface TaskLists {
  page(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  answers(query: api.AnswerPageQuery): Promise<Answer<api.AnswerPage>>
}

export interface TaskListsDeps {
  readonly pages: TaskPages
  readonly index: Pick<TaskIndex, 'asked' | 'answered'>
  readonly shown: Pick<Shown, 'hides'>
  readonly view: TaskViews
}

export function createTaskLists({ pages, index, shown, view }: TaskListsDeps): TaskLists {
  const viewsOf = (standings: readonly Standing[], hides: Hides | undefined): Promise<api.TaskView[]> =>
    Promise.all(standings.map((standing) => view(standing, hides)))

  return {
    async page({ status, ...query }) {
      const hides = shown.hides('list')
      const found = pages.cut(index.asked, query, hides, (is) => status === undefined || is === status)
      if (!found.ok) return found
      const { standings, total, cursor } = found.value
      return ok({ tasks: await viewsOf(standings, hides), total, cursor })
    },
    async answers(query) {
      const hides = shown.hides('list')
      const found = pages.cut(index.answered, query, hides, (is) => is === 'converged')
      if (!found.ok) return found
      const { standings, total, cursor } = found.value
      const tasks = await viewsOf(standings, hides)
      const answers = tasks.flatMap((task) =>
        task.answer === null || task.answeredAt === null
          ? []
          : [{ ...task, answer: task.answer, answeredAt: task.answeredAt }],
      )
      return ok({ answers, total, cursor })
    },
  }
}
