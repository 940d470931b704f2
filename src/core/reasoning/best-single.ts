/**
 * Whether history shows one contributor to be better than the panel: then its answer is the answer, where it gives one.
 *
 * Scored tasks are divided into parts. Each part is judged by what the other parts teach: weights of the panel, and who looks
 * best. So neither is judged on the tasks that it was made from, on which the panel's weights look better than they are.
 * Only tasks that one of the two got wrong tell anything (the sign test).
 */

import { compareText } from '../base/bytes.ts'
import { aggregate } from './aggregate.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { createClassifier } from './answer-classes.ts'
import { type IsConfigured, inOrder, learnTrackRecord, type ScoredTask, scoresOf } from './track-record.ts'

/** Scored tasks that are looked at, those with the highest ids: 10 parts of 512 take some 50 ms. */
export const BEST_SINGLE_TASKS_MAX = 512

/** The author whose answer overrules the panel's, or null. `tasks` are of one domain. */
export function findBestSingle(
  tasks: readonly ScoredTask[],
  params: AggregationParams,
  isConfigured?: IsConfigured,
): string | null {
  const sorted = inOrder(tasks).slice(-BEST_SINGLE_TASKS_MAX)
  if (sorted.length < params.bestSingleTasksMin) return null
  let singleOnly = 0
  let panelOnly = 0
  for (let part = 0; part < params.folds; part++) {
    const known = sorted.filter((_, i) => i % params.folds !== part)
    const evidence = learnTrackRecord(known, params, isConfigured)
    const single = mostOftenRight(known)
    for (const task of sorted.filter((_, i) => i % params.folds === part)) {
      const score = scoresOf(task).find(({ author }) => author === single)
      if (!score) continue
      const { answer } = aggregate({ ...task, evidence }, params)
      const isPanelRight = answer !== null && answer.class === createClassifier(task.choices)(task.right)
      if (score.isRight && !isPanelRight) singleOnly++
      if (!score.isRight && isPanelRight) panelOnly++
    }
  }
  const lead = singleOnly - panelOnly
  // A fair coin's lead has the variance of its throws; compared by squares.
  const needed = params.bestSingleSigmas * params.bestSingleSigmas * (singleOnly + panelOnly)
  return lead > 0 && lead * lead >= needed ? mostOftenRight(sorted) : null
}

/** By number of right answers, so that one who answers rarely does not win by it; ties go to the lower author. */
function mostOftenRight(tasks: readonly ScoredTask[]): string | null {
  const right = new Map<string, number>()
  for (const task of tasks)
    for (const { author, isRight } of scoresOf(task))
      if (isRight) right.set(author, (right.get(author) ?? 0) + 1)
  const [best] = [...right].sort(([a, x], [b, y]) => y - x || compareText(a, b))
  return best?.[0] ?? null
}
