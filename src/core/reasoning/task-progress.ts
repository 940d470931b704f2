/**
 * What an attempt at one spore has come to: which event its phase meets now. A pure function of the entries that count, of what this
 * spore's own contributors are doing, and of the time that has passed.
 */
import type { Did } from '../base/brand.ts'
import type { ContributionPayload } from '../protocol/task-payloads.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { agreementOf, type Position } from './agreement.ts'
import { createClassifier } from './answer-classes.ts'
import { type Attempt, asksOf, type Counts, contributorOf, type Noted, saidOf } from './attempt.ts'
import type { Similarity } from './claim-similarity.ts'
import { type Convergence, convergenceOf, type RoundAgreement } from './convergence.ts'
import { DIVERGE_SHARE, EFFORT_BOUNDS, ROUND_LEFT_SHARE, STEP_MS_MIN, STEP_SHARE } from './efforts.ts'
import { latestAnswers, roundAnswers, sealsOf, toContribution } from './first-answers.ts'
import type { Phase, PhaseEvent } from './phases.ts'
import type { QuantumParams } from './synthesis/quantum-params.ts'
import { sharesOf } from './synthesis/superposition.ts'
import { tunnellingAfter } from './task-tunnelling.ts'

/** How far an attempt is here. */
export interface Progress {
  readonly phase: Phase
  readonly round: number
  /** Rounds in which the adversarial role was forced. */
  readonly challenges: ReadonlySet<number>
  /** Rounds that tunnelling began anew; none unless given. */
  readonly tunnels?: ReadonlySet<number>
}

/** What this spore's own contributors do in the phase. */
export interface OwnState {
  /** None of them is at work, or will be. */
  readonly hasEnded: boolean
  /** They failed, and it is worth while to ask them again. */
  readonly mayReturn: boolean
  /** What they sealed and have not shown yet. */
  readonly unshown: number
}

export interface Times {
  /** Milliseconds since it was asked, and since the phase began. */
  readonly elapsedMs: number
  readonly inPhaseMs: number
  /** From asking to deadline. */
  readonly totalMs: number
}

export interface ProgressDeps {
  readonly self: Did
  readonly counts: Counts
  readonly similarity: Similarity
  readonly params: AggregationParams
  readonly quantum: QuantumParams
}

/** The event that the phase meets; null while it has to wait. `wanted`: answers that are waited for. */
export function eventOf(
  attempt: Attempt,
  progress: Progress,
  own: OwnState,
  times: Times,
  wanted: number,
  deps: ProgressDeps,
): PhaseEvent | null {
  if (asksOf(attempt, deps.counts).length === 0) return 'withdrawn'
  const isOverdue = times.elapsedMs >= times.totalMs
  switch (progress.phase) {
    case 'diverge':
    case 'converge':
      return sealingEvent(attempt, progress, own, times, wanted, deps)
    case 'reveal':
      return revealEvent(attempt, progress, own, times, deps)
    case 'deepen': {
      if (isOverdue) return 'overdue'
      const answers = roundAnswers(attempt, progress.round, deps.self, deps.counts).answers
      const reviewers = new Set(
        [...saidOf(attempt, attempt.reviews, deps.counts)]
          .filter(({ payload }) => payload.round === progress.round)
          .map(({ author }) => author),
      )
      const isReviewed = answers.every(({ author }) => reviewers.has(author))
      if (own.hasEnded && isReviewed) return 'enough'
      return isStepOver(times) ? 'late' : null
    }
    default:
      return null
  }
}

function sealingEvent(
  attempt: Attempt,
  { phase, round }: Progress,
  own: OwnState,
  times: Times,
  wanted: number,
  { self, counts }: ProgressDeps,
): PhaseEvent | null {
  if (times.elapsedMs >= times.totalMs) return 'overdue'
  const authors = new Set<Did>()
  let sealed = 0
  for (const { author } of sealsOf(attempt, round, counts)) {
    if (author === self) sealed++
    else authors.add(author)
  }
  const seals = sealed + authors.size
  // Nobody answers, and nobody will.
  if (own.hasEnded && !own.mayReturn && seals === 0 && wanted === 0) return 'enough'
  if (own.hasEnded && seals > 0 && seals >= wanted) return 'enough'
  const isLate =
    phase === 'diverge' && round === 0
      ? times.elapsedMs >= times.totalMs * DIVERGE_SHARE
      : isStepOver(times, SEALING_STEPS)
  // With no answer at all there is nothing to go on with: the models may be back before the deadline.
  return isLate && seals > 0 ? 'late' : null
}
/** Steps of time that answering again may take: a model has to think, as in the first round. */
const SEALING_STEPS = 2

function revealEvent(
  attempt: Attempt,
  progress: Progress,
  own: OwnState,
  times: Times,
  deps: ProgressDeps,
): PhaseEvent | null {
  // Own ones first: what ends the time for sealing here has to be in the store.
  if (own.unshown > 0) return null
  const { answers, missing } = roundAnswers(attempt, progress.round, deps.self, deps.counts)
  if (times.elapsedMs >= times.totalMs) return 'overdue'
  // With no answer at all there is nothing to go on with: who sealed one may still wait for others.
  const isBare = answers.length === 0 && progress.round === 0
  if (missing.length > 0 && (isBare || !isStepOver(times))) return null
  const { effort } = attempt.task as { effort: keyof typeof EFFORT_BOUNDS }
  const { rounds } = EFFORT_BOUNDS[effort]
  const isShort = times.totalMs - times.elapsedMs < times.totalMs * ROUND_LEFT_SHARE
  const contributors = new Set(answers.map(contributorOf))
  if (rounds === 1 || isShort || contributors.size < 2) return 'settled'
  const { verdict } = convergenceAt(attempt, progress, deps)
  if (verdict === 'premature' || verdict === 'open') return verdict
  if (verdict !== 'converged') return 'settled'
  const agreement = roundsOf(attempt, progress, deps).at(-1)?.agreement ?? 0
  return tunnellingAfter(attempt, progress, agreement, deps).isFired ? 'tunnelling' : 'settled'
}

const isStepOver = ({ inPhaseMs, totalMs }: Times, steps = 1): boolean =>
  inPhaseMs >= steps * Math.max(STEP_MS_MIN, totalMs * STEP_SHARE)

/** When the phase would be late, or the task overdue: milliseconds from now. */
export function dueInMs({ phase, round }: Progress, times: Times): number {
  const left = positive(times.totalMs - times.elapsedMs)
  const step = Math.max(STEP_MS_MIN, times.totalMs * STEP_SHARE)
  if (phase === 'diverge' && round === 0)
    return Math.min(left, positive(times.totalMs * DIVERGE_SHARE - times.elapsedMs))
  if (phase === 'diverge' || phase === 'converge')
    return Math.min(left, positive(SEALING_STEPS * step - times.inPhaseMs))
  if (phase === 'reveal' || phase === 'deepen') return Math.min(left, positive(step - times.inPhaseMs))
  return left
}

/** What is past is not waited for. */
const positive = (ms: number): number => (ms > 0 ? ms : Number.POSITIVE_INFINITY)

/** What the rounds come to, as this spore may weigh their answers. */
export function convergenceAt(attempt: Attempt, progress: Progress, deps: ProgressDeps): Convergence {
  const { effort } = attempt.task as { effort: keyof typeof EFFORT_BOUNDS }
  const rounds = roundsOf(attempt, progress, deps)
  return convergenceOf(rounds, EFFORT_BOUNDS[effort].rounds, deps.params)
}

export function roundsOf(
  attempt: Attempt,
  { round, challenges, tunnels }: Progress,
  deps: ProgressDeps,
): RoundAgreement[] {
  const { self, counts, similarity, params } = deps
  const rounds: RoundAgreement[] = []
  for (let at = 0; at <= round; at++) {
    const positions = latestAnswers(attempt, at, self, counts).map((noted) => positionOf(attempt, noted))
    const { agreement, isUnanimous } = agreementOf(positions, similarity, params)
    // A premise is a doubt, too.
    const isChallenge = challenges.has(at) || tunnels?.has(at) === true
    rounds.push({ agreement, isUnanimous, isDiverge: at === 0 || isChallenge, isChallenge })
  }
  return rounds
}

/** What a contributor holds. A long answer is compared by what it claims, for no two are worded the same. */
function positionOf({ task }: Attempt, noted: Noted<ContributionPayload>): Position {
  const { author, owner, modelFamily } = toContribution(noted)
  const [likeliest] = sharesOf(toContribution(noted), createClassifier(task?.choices ?? []))
  const isLong = likeliest?.class.startsWith('long:') === true
  const claims = noted.payload.claims.map(({ text }) => text)
  return {
    author,
    owner,
    modelFamily,
    class: likeliest && !isLong ? likeliest.class : null,
    claims: isLong ? [likeliest.text, ...claims] : claims,
  }
}
