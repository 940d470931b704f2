/** Tasks in pages, as they are shown: all, those that were answered, and how far open ones are. */
import { ok, type Result } from '../base/result.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import type { Failure } from '../protocol/errors.ts'
import type { Swarm } from './swarm.ts'
import { convergenceIn } from './task-convergence.ts'
import { createTaskPages, type TaskPagesDeps } from './task-pages.ts'
import type { ProgressDeps } from './task-progress.ts'
import type { Standing, TaskViews } from './task-view.ts'

type Answer<T> = Result<T, Failure>

export interface TaskLists {
  page(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  answers(query: api.AnswerPageQuery): Promise<Answer<api.AnswerPage>>
  convergence(query: api.ConvergenceQuery): Promise<Answer<api.Convergence>>
}

export interface TaskListsDeps extends ProgressDeps, TaskPagesDeps {
  readonly shown: Pick<Shown, 'hides'>
  readonly find: (id: string, hides: Hides | undefined) => Answer<Standing>
  readonly view: TaskViews
  readonly swarm: Pick<Swarm, 'workOf' | 'wantedOf' | 'open'>
}

export function createTaskLists(deps: TaskListsDeps): TaskLists {
  const { index, shown, find, view, swarm } = deps
  const pages = createTaskPages(deps)

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
    async convergence({ task, limit }) {
      const hides = shown.hides('list')
      const found = task === undefined ? null : find(task, hides)
      if (found && !found.ok) return found
      const asked = found?.ok
        ? ok({ standings: [found.value], total: 0, cursor: null })
        : pages.cut(index.asked, { limit }, hides, (is) => is === 'open')
      if (!asked.ok) return asked
      const tasks = await viewsOf(asked.value.standings, hides)
      return ok({
        tasks: tasks.map((one, i) => ({
          ...one,
          ...convergenceIn(asked.value.standings[i] as Standing, one.round, swarm, deps),
        })),
        open: swarm.open,
      })
    },
  }
}
