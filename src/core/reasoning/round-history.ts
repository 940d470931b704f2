/** How the rounds of an attempt came about, computed again from its entries. */
import type { Attempt } from './attempt.ts'
import { convergenceOf, type RoundAgreement } from './convergence.ts'
import { EFFORT_BOUNDS } from './efforts.ts'
import { type Progress, type ProgressDeps, roundsOf } from './task-progress.ts'
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
  const { rounds: roundsMax } = EFFORT_BOUNDS[attempt.task?.effort ?? 'standard']
  // Agreement of a round does not depend on how it came about, and is the dear part.
  const measured = roundsOf(attempt, { phase: known.phase, round: known.round, challenges }, deps)
  const rounds: RoundAgreement[] = []
  return measured.map(({ agreement, isUnanimous }, round) => {
    const progress: Progress = { phase: known.phase, round, challenges, tunnels }
    const isChallenge = challenges.has(round) || tunnels.has(round)
    rounds.push({ agreement, isUnanimous, isDiverge: round === 0 || isChallenge, isChallenge })
    const { verdict } = convergenceOf(rounds, roundsMax, deps.params)
    const tunnelling = verdict === 'converged' ? tunnellingAfter(attempt, progress, agreement, deps) : null
    const isLast = round === known.round
    if (!isLast && verdict === 'premature') challenges.add(round + 1)
    if (!isLast && tunnelling?.isFired) tunnels.add(round + 1)
    return { round, kind: kindOf(progress), agreement, tunnelling }
  })
}

function kindOf({ round, challenges, tunnels }: Progress): RoundHistory['kind'] {
  if (round === 0) return 'first'
  if (tunnels?.has(round)) return 'reopened'
  return challenges.has(round) ? 'challenged' : 'revised'
}
