/** How far a task is, in numbers. */
import type * as api from '../protocol/api.ts'
import { roundAnswers } from './first-answers.ts'
import type { Swarm } from './swarm.ts'
import { convergenceAt, type ProgressDeps } from './task-progress.ts'
import type { Standing } from './task-view.ts'

type Figures = Pick<api.Convergence['tasks'][number], 'answers' | 'wanted' | 'threshold' | 'verdict'>

/** Of a round; `wanted` is what this spore waits for, where it works on it. */
export function convergenceIn(
  { attempt, accepted }: Standing,
  round: number,
  swarm: Pick<Swarm, 'workOf' | 'wantedOf'>,
  deps: ProgressDeps,
): Figures {
  const work = swarm.workOf(attempt)
  const { challenges = new Set<number>(), tunnels = new Set<number>() } = work ?? {}
  const progress = { phase: work?.phase ?? 'done', round, challenges, tunnels } as const
  const { verdict, threshold } = convergenceAt(attempt, progress, deps)
  const answers = roundAnswers(attempt, round, deps.self, deps.counts).answers.length
  return {
    answers,
    wanted: work ? swarm.wantedOf(work) : answers,
    threshold,
    verdict: accepted && verdict === 'open' ? 'dissent' : verdict,
  }
}
