/** How the rounds of an attempt came about, computed again from its entries. */
import type { Attempt } from './attempt.ts'
import { convergenceAt, type Progress, type ProgressDeps, roundsOf } from './task-progress.ts'
import { type Tunnelling, tunnellingAfter } from './task-tunnelling.ts'

/** What a round was, as the entries tell it. */
export interface RoundHistory {
  readonly round: number
  readonly kind: 'first' | 'challenged' | 'reopened' | 'revised'
  readonly agreement: number
  /** Null where the round did not converge: there was nothing to escape from. */
  readonly tunnelling: Tunnelling | null
}

/** Rounds of an attempt up to one, with what is known here of how they came about; else as the entries tell. */
export function historyOf(
  attempt: Attempt,
  known: Pick<Progress, 'phase' | 'round'> & Partial<Progress>,
  deps: ProgressDeps,
): RoundHistory[] {
  const challenges = new Set(known.challenges)
  const tunnels = new Set(known.tunnels)
  const history: RoundHistory[] = []
  for (let round = 0; round <= known.round; round++) {
    const progress: Progress = { phase: known.phase, round, challenges, tunnels }
    const agreement = roundsOf(attempt, progress, deps).at(-1)?.agreement ?? 0
    const { verdict } = convergenceAt(attempt, progress, deps)
    const tunnelling = verdict === 'converged' ? tunnellingAfter(attempt, progress, agreement, deps) : null
    if (round < known.round && verdict === 'premature') challenges.add(round + 1)
    if (round < known.round && tunnelling?.isFired) tunnels.add(round + 1)
    history.push({ round, kind: kindOf(progress), agreement, tunnelling })
  }
  return history
}

function kindOf({ round, challenges, tunnels }: Progress): RoundHistory['kind'] {
  if (round === 0) return 'first'
  if (tunnels?.has(round)) return 'reopened'
  return challenges.has(round) ? 'challenged' : 'revised'
}
