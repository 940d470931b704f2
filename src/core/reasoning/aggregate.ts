/**
 * From contributions to one answer: class masses by log-odds weight × independence × recalibrated confidence × interference, then
 * collapse.
 *
 * Invariants: the answer's class is a function of contributions and evidence alone, and the same to the bit in any order of
 * the contributions: masses are whole micronats (or micro-votes), so that their sums have no order, and every tie is
 * broken by class or content id. A failure is never an answer.
 */
import { compareText } from '../base/bytes.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'
import { type Contribution, onePerAuthor } from './contribution.ts'
import { logOddsWeight, MICRONATS } from './log-odds.ts'
import { confidenceFactor } from './recalibration.ts'
import { independenceFactors, overlapOf } from './synthesis/entanglement.ts'
import { interferenceFactors } from './synthesis/interference.ts'
import { createQuantumParams, type QuantumParams } from './synthesis/quantum-params.ts'
import { type Answer, type ClassMass, massesOf, type Share, sharesOf } from './synthesis/superposition.ts'
import { classCount, type Evidence } from './track-record.ts'

export interface AggregateInput {
  readonly domain: string
  /** Empty where the task is open. */
  readonly choices: readonly string[]
  readonly contributions: readonly Contribution[]
  /** Authors who were asked; those of them without an answer are reported. */
  readonly asked?: readonly string[]
  /** Answers below which the result is degraded. */
  readonly answersMin?: number
  readonly evidence: Evidence
  /** The contributor that history shows to be better than the panel (`best-single.ts`). */
  readonly bestSingle?: string | null
}

/**
 * How the class was found: by weight; by the best single's answer; by plurality over distinct owners, where nobody who
 * answered weighs anything; or not at all.
 */
export type Rule = 'weighted' | 'best-single' | 'unweighted' | 'none'

export interface Aggregate {
  readonly rule: Rule
  /** Null where nobody answered. */
  readonly answer: { readonly class: AnswerClass; readonly text: string } | null
  /** The heaviest first. */
  readonly masses: readonly ClassMass[]
  /** Share of all mass that the answer has above the heaviest other class; below 0 where the best single overrules. */
  readonly margin: number
  /** Classes other than the answer's, the heaviest first, each with who held it and why. */
  readonly dissent: readonly Dissent[]
  /** All who answered, by author: whoever has these weights can compute the answer again. */
  readonly participants: readonly Participant[]
  /** All who failed or were asked in vain, by author. */
  readonly missing: readonly Missing[]
  /** Why the answer is worth less than usual; empty where it is not. */
  readonly degraded: readonly Degradation[]
}

export interface Dissent extends ClassMass {
  readonly reasons: readonly { readonly author: string; readonly reason: string }[]
}

export interface Participant {
  readonly author: string
  readonly id: string
  readonly class: AnswerClass
  /** Micronats by trust alone. */
  readonly weight: number
  readonly independence: number
  readonly confidence: number
  /** What the independent others say of it; 1 where the mechanism is off. */
  readonly interference: number
  /** Weight × independence × confidence × interference, whole micronats. */
  readonly mass: number
}

export interface Missing {
  readonly author: string
  readonly why: string
}

export type Degradation =
  | 'no-answer'
  | 'unweighted'
  | 'too-few-answers'
  | 'contributors-missing'
  | 'one-owner'
  | 'tie'
  | 'contributors-dropped'

/** Contributions to one task that are weighed, as many as a task keeps; the lightest are dropped. */
export const PARTICIPANTS_MAX = 256

interface Voter extends Answer {
  readonly weight: number
}

const QUANTUM = createQuantumParams()

export function aggregate(
  input: AggregateInput,
  params: AggregationParams,
  quantum: QuantumParams = QUANTUM,
): Aggregate {
  const classOf = createClassifier(input.choices)
  const contributions = onePerAuthor(input.contributions)
  const answers = contributions
    .map((contribution) => ({ contribution, shares: sharesOf(contribution, classOf) }))
    .filter(({ shares }) => shares.length > 0)
  const seen = new Set(answers.flatMap(({ shares }) => shares.map((share) => share.class)))
  const classes = classCount(input.choices, seen)
  const weighed = answers.map((answer): Voter => {
    const trust = input.evidence.trustOf(answer.contribution.author, input.domain)
    return { ...answer, weight: trust === null ? 0 : logOddsWeight(trust, classes, params) }
  })
  // Dropped by weight and not by id: ids can be made to order.
  const voters = heaviest(weighed)
  const participants = weigh(voters, classes, input, params, quantum)
  const isWeighted = participants.some(({ mass }) => mass > 0)
  const votes = isWeighted ? participants.map(({ mass }) => mass) : ownerVotes(voters)
  const masses = massesOf(voters, votes, input.choices)
  const { rule, winner } = collapse(participants, masses, isWeighted, input.bestSingle ?? null)
  const missing = missingOf(contributions, voters, weighed.length - voters.length, input.asked ?? [])
  const margin = marginOf(winner, masses)
  return {
    rule,
    answer: winner && { class: winner.class, text: winner.text },
    masses,
    margin,
    dissent: masses.filter((one) => one !== winner).map((one) => toDissent(one, voters)),
    participants: [...participants].sort((a, b) => compareText(a.author, b.author)),
    missing,
    degraded: degradationsOf({
      rule,
      margin,
      missing,
      voters,
      dropped: weighed.length - voters.length,
      input,
    }),
  }
}

/** By id, as the contributions came in from `onePerAuthor`; where there are too many, the lightest go. */
function heaviest(weighed: readonly Voter[]): readonly Voter[] {
  if (weighed.length <= PARTICIPANTS_MAX) return weighed
  const byWeight = [...weighed].sort((a, b) => b.weight - a.weight || byId(a, b))
  return byWeight.slice(0, PARTICIPANTS_MAX).sort(byId)
}

const byId = (a: Voter, b: Voter): number => compareText(a.contribution.id, b.contribution.id)

function weigh(
  voters: readonly Voter[],
  classes: number,
  { domain, evidence }: AggregateInput,
  params: AggregationParams,
  quantum: QuantumParams,
): Participant[] {
  const members = voters.map(({ contribution }) => contribution)
  const weights = voters.map(({ weight }) => weight)
  const entanglement = quantum.isOn.entanglement ? evidence.entanglement : () => 0
  const independence = independenceFactors(members, weights, entanglement)
  const waves = voters.map(({ contribution, shares, weight }, i) => ({
    class: (shares[0] as Share).class,
    weight,
    independence: independence[i] ?? 1,
    isFirst: contribution.isRevised !== true,
  }))
  const overlap = (a: number, b: number): number =>
    overlapOf(members[a] as Contribution, members[b] as Contribution, entanglement)
  const interference = quantum.isOn.interference ? interferenceFactors(waves, overlap, quantum) : []
  return voters.map(({ contribution: { id, author, outcome }, weight }, i) => {
    const stated = 'failure' in outcome ? null : outcome.confidence
    const calibration = weight > 0 ? evidence.calibrationOf(author, domain) : null
    const factors = {
      independence: independence[i] ?? 1,
      confidence: confidenceFactor(calibration, stated, classes, params),
      interference: interference[i] ?? 1,
    }
    const mass = Math.round(weight * factors.independence * factors.confidence * factors.interference)
    return { author, id, class: (waves[i] as { class: AnswerClass }).class, weight, ...factors, mass }
  })
}

/** One vote an owner, in equal parts to what it has said: new identities are cheap, and copies of one spore are free. */
export function ownerVotes(voters: readonly Answer[]): number[] {
  const answersOf = new Map<string, number>()
  for (const { contribution } of voters)
    answersOf.set(contribution.owner, (answersOf.get(contribution.owner) ?? 0) + 1)
  return voters.map(({ contribution }) => Math.round(MICRONATS / (answersOf.get(contribution.owner) ?? 1)))
}

function collapse(
  participants: readonly Participant[],
  masses: readonly ClassMass[],
  isWeighted: boolean,
  bestSingle: string | null,
): { rule: Rule; winner: ClassMass | null } {
  const [first] = masses
  if (!first) return { rule: 'none', winner: null }
  const single = participants.find(({ author, mass }) => author === bestSingle && mass > 0)
  const its = single && masses.find(({ class: key }) => key === single.class)
  if (its) return { rule: 'best-single', winner: its }
  return { rule: isWeighted ? 'weighted' : 'unweighted', winner: first }
}

function marginOf(winner: ClassMass | null, masses: readonly ClassMass[]): number {
  if (!winner) return 0
  const total = masses.reduce((sum, { mass }) => sum + mass, 0)
  const other = masses.find((one) => one !== winner)?.mass ?? 0
  return total === 0 ? 0 : (winner.mass - other) / total
}

function toDissent(one: ClassMass, voters: readonly Voter[]): Dissent {
  const reasons = voters.flatMap(({ contribution: { author, outcome }, shares }) =>
    shares[0]?.class === one.class && !('failure' in outcome) && outcome.reason !== undefined
      ? [{ author, reason: outcome.reason }]
      : [],
  )
  return { ...one, reasons: reasons.sort((a, b) => compareText(a.author, b.author)) }
}

const NO_CLASS = 'no answer, or none of the choices'
const DROPPED = `more than ${PARTICIPANTS_MAX} answered`
const SILENT = 'did not answer'

function missingOf(
  contributions: readonly Contribution[],
  voters: readonly Voter[],
  dropped: number,
  asked: readonly string[],
): Missing[] {
  const voted = new Set(voters.map(({ contribution }) => contribution.author))
  const missing = new Map<string, string>()
  for (const author of asked) if (!voted.has(author)) missing.set(author, SILENT)
  for (const { author, outcome } of contributions) {
    if ('failure' in outcome) missing.set(author, outcome.failure)
    else if (!voted.has(author)) missing.set(author, dropped > 0 ? DROPPED : NO_CLASS)
  }
  return [...missing]
    .map(([author, why]) => ({ author, why }))
    .sort((a, b) => compareText(a.author, b.author))
}

function degradationsOf(found: {
  readonly rule: Rule
  readonly margin: number
  readonly missing: readonly Missing[]
  readonly voters: readonly Voter[]
  readonly dropped: number
  readonly input: AggregateInput
}): Degradation[] {
  const { rule, margin, missing, voters, dropped, input } = found
  const owners = new Set(voters.map(({ contribution }) => contribution.owner)).size
  const degraded: Degradation[] = []
  if (rule === 'none') degraded.push('no-answer')
  if (rule === 'unweighted') degraded.push('unweighted')
  if (voters.length < (input.answersMin ?? 1)) degraded.push('too-few-answers')
  if (missing.length > 0) degraded.push('contributors-missing')
  if (voters.length > 1 && owners === 1) degraded.push('one-owner')
  if (margin === 0 && voters.length > 0 && rule !== 'best-single') degraded.push('tie')
  if (dropped > 0) degraded.push('contributors-dropped')
  return degraded
}
