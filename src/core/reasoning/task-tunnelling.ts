/**
 * Whether an attempt that has agreed is opened once more, and with what premise: tunnelling (`synthesis/tunnelling.ts`) on the entries of
 * one attempt. A pure function of the entries that count, so spores that have the same come to the same.
 */
import type { Did } from '../base/brand.ts'
import { PER_MILLE } from '../protocol/task-limits.ts'
import type { ContributionPayload } from '../protocol/task-payloads.ts'
import { ownerVotes } from './aggregate.ts'
import { createClassifier } from './answer-classes.ts'
import type { Attempt, Noted } from './attempt.ts'
import { EFFORT_BOUNDS } from './efforts.ts'
import { latestAnswers, roundAnswers, toContribution } from './first-answers.ts'
import { type Answer, type ClassMass, massesOf, sharesOf } from './synthesis/superposition.ts'
import { type Draw, drawTunnelling, type RoundState } from './synthesis/tunnelling.ts'
import type { Progress, ProgressDeps } from './task-progress.ts'

export interface Tunnelling extends Draw {
  readonly state: RoundState
  /** The strongest answer beside the one that is agreed on; null where nobody named another. */
  readonly premise: string | null
  /** Its draw fires, there is a premise, the effort has the rounds, and the mechanism is on. */
  readonly isFired: boolean
}

type Said = Noted<ContributionPayload>

/** Tunnelling behind the round of `progress`, which has agreed by `agreement`. */
export function tunnellingAfter(
  attempt: Attempt,
  progress: Progress,
  agreement: number,
  deps: ProgressDeps,
): Tunnelling {
  const { self, counts, quantum } = deps
  const { round, tunnels } = progress
  const { choices = [], effort = 'standard' } = attempt.task ?? {}
  const latest = latestAnswers(attempt, round, self, counts)
  const held = masses(latest, choices)
  const [lead] = held
  const isTold = isShort(lead)
  const state: RoundState = {
    agreement,
    confidence: isTold ? meanConfidence(latest) : null,
    dissent: isTold
      ? 1 - lead.authors.length / held.reduce((sum, { authors }) => sum + authors.length, 0)
      : 0,
  }
  const last = Math.max(0, ...[...(tunnels ?? [])].filter((at) => at <= round))
  const draw = drawTunnelling(attempt.id, round + 1, last === 0 ? null : last, state, quantum)
  const premise = premiseAfter(attempt, round, deps)
  const { canReopen, rounds } = EFFORT_BOUNDS[effort]
  const isFired = quantum.isOn.tunnelling && canReopen && round + 1 < rounds && draw.fires && premise !== null
  return { ...draw, state, premise, isFired }
}

/**
 * The strongest answer beside the commonest one of a round, of its answers and of the first ones: what a round begun anew starts from.
 * Only of those that `isRead`: no model reads what nobody in particular wrote.
 */
export function premiseAfter(
  attempt: Attempt,
  round: number,
  { self, counts }: Pick<ProgressDeps, 'self' | 'counts'>,
  isRead: (author: Did) => boolean = () => true,
): string | null {
  const choices = attempt.task?.choices ?? []
  const latest = latestAnswers(attempt, round, self, counts)
  const first = roundAnswers(attempt, 0, self, counts).answers.filter((one) => !latest.includes(one))
  const [lead] = masses(latest, choices)
  if (!isShort(lead)) return null
  const read = [...latest, ...first].filter(({ author }) => isRead(author))
  return masses(read, choices).find(({ class: key }) => key !== lead.class)?.text ?? null
}

/** No two long texts are one class: nothing can be told from how many hold them. */
const isShort = (lead: ClassMass | undefined): lead is ClassMass =>
  lead !== undefined && !lead.class.startsWith('long:')

/** One vote a spore, in the parts of what its answers hold possible. */
function masses(said: readonly Said[], choices: readonly string[]): ClassMass[] {
  const classOf = createClassifier(choices)
  const answers = said
    .map((noted): Answer => {
      const contribution = toContribution(noted)
      return { contribution, shares: sharesOf(contribution, classOf) }
    })
    .filter(({ shares }) => shares.length > 0)
  return massesOf(answers, ownerVotes(answers), choices)
}

/** Of those who stated one; a sum of whole numbers. */
function meanConfidence(said: readonly Said[]): number | null {
  const stated = said.flatMap(({ payload: { confidence } }) => (confidence === null ? [] : [confidence]))
  if (stated.length === 0) return null
  return stated.reduce((sum, one) => sum + one, 0) / (stated.length * PER_MILLE)
}
