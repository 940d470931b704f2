/** What is shown of tasks in numbers: how far open ones are, and what the quantum-inspired layer did in each. */
import { ok, type Result } from '../base/result.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import type { Failure } from '../protocol/errors.ts'
import { type QuantumViewDeps, quantumOf } from './quantum-view.ts'
import type { Swarm } from './swarm.ts'
import { convergenceIn } from './task-convergence.ts'
import type { TaskIndex } from './task-index.ts'
import type { TaskPageCut, TaskPages } from './task-pages.ts'
import type { Standing, TaskViews } from './task-view.ts'

type Answer<T> = Result<T, Failure>

export interface TaskFigures {
  /** Failures of both: ID_INVALID, TASK_NOT_FOUND, CURSOR_INVALID. */
  convergence(query: api.ConvergenceQuery): Promise<Answer<api.Convergence>>
  quantum(query: api.QuantumQuery): Promise<Answer<api.Quantum>>
}

export interface TaskFiguresDeps extends QuantumViewDeps {
  readonly find: (id: string, hides: Hides | undefined) => Answer<Standing>
  readonly pages: TaskPages
  readonly index: Pick<TaskIndex, 'asked'>
  readonly swarm: Pick<Swarm, 'workOf' | 'wantedOf' | 'open'>
  readonly view: TaskViews
  readonly shown: Pick<Shown, 'hides'>
  /** How memories decohere in this spore's retrieval. */
  readonly decoherence: api.Quantum['decoherence']
}

export function createTaskFigures(deps: TaskFiguresDeps): TaskFigures {
  const { find, pages, index, swarm, view, shown, quantum: params } = deps

  /** One task, or a page of those that are wanted. */
  const cut = (
    { task, ...page }: { readonly task?: string | undefined; limit: number; cursor?: string | undefined },
    hides: Hides | undefined,
    isWanted: (status: api.TaskStatus) => boolean,
  ): Answer<TaskPageCut> => {
    if (task === undefined) return pages.cut(index.asked, page, hides, isWanted)
    const found = find(task, hides)
    return found.ok ? ok({ standings: [found.value], total: 1, cursor: null }) : found
  }

  return {
    async convergence(query) {
      const hides = shown.hides('list')
      const asked = cut(query, hides, (is) => is === 'open')
      if (!asked.ok) return asked
      const { standings } = asked.value
      const tasks = await Promise.all(
        standings.map(async (standing) => {
          const one = await view(standing, hides)
          return { ...one, ...convergenceIn(standing, one.round, swarm, deps) }
        }),
      )
      return ok({ tasks, open: swarm.open })
    },
    async quantum(query) {
      const asked = cut(query, shown.hides('list'), () => true)
      if (!asked.ok) return asked
      const { standings, total, cursor } = asked.value
      const tasks = standings.map((standing) => quantumOf(standing, swarm.workOf(standing.attempt), deps))
      return ok({ switches: params.isOn, decoherence: deps.decoherence, tasks, total, cursor })
    },
  }
}
