/**
 * Simulated reasoners whose answers depend on temperature, on the others, and on what they are told to doubt; and the loop of a task around
 * them, with the functions that a spore runs: agreement, convergence, tunnelling, aggregation. What the reasoners do is stated in the
 * report (`BEHAVIOUR`), follows what is published about language models, and was fixed before any mechanism was measured.
 */
import type { Digest } from '../../core/base/brand.ts'
import { utf8ToBytes } from '../../core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../core/base/hash.ts'
import { aggregate, ownerVotes } from '../../core/reasoning/aggregate.ts'
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { agreementOf, type Position } from '../../core/reasoning/agreement.ts'
import { type AnswerClass, createClassifier } from '../../core/reasoning/answer-classes.ts'
import type { Contribution } from '../../core/reasoning/contribution.ts'
import { convergenceOf, type RoundAgreement } from '../../core/reasoning/convergence.ts'
import { EFFORT_BOUNDS } from '../../core/reasoning/efforts.ts'
import { temperatureAt } from '../../core/reasoning/synthesis/annealing.ts'
import type { QuantumParams } from '../../core/reasoning/synthesis/quantum-params.ts'
import { massesOf, sharesOf, statedOthers } from '../../core/reasoning/synthesis/superposition.ts'
import { drawTunnelling } from '../../core/reasoning/synthesis/tunnelling.ts'
import type { Evidence } from '../../core/reasoning/track-record.ts'
import type { SimRandom } from '../random.ts'
import { meanOf } from './statistics.ts'

/** Numbers of the simulated reasoners, in nats of evidence where they say nothing else. */
export const BEHAVIOUR = {
  /** Unanimous others that hold an answer make it this much likelier to a reviser: models conform to majorities. */
  conformity: 2,
  /** What a premise adds to its answer by being named (anchoring), beside a second look at the evidence for it. */
  suggestion: 0.5,
  /** What a challenge takes from the obvious answer, beside a second look. */
  doubt: 0.5,
  /** What a recalled memory adds to the answer that it says, right or wrong: models mostly follow their context. */
  memory: 2,
  /** Stated chances are above the own belief by this share, and off by up to as much again. */
  overconfidence: 0.1,
  /** Temperature where annealing is off: the mean of the schedule. */
  constantTemperature: 0.65,
} as const

export const SWARM_CHOICES: readonly string[] = ['north', 'east', 'south', 'west']
const CHOICES = SWARM_CHOICES.length

export interface SimReasoner {
  readonly name: string
  /** Mean evidence for the right answer, in nats; noise of each answer has a deviation of 1. */
  readonly skill: number
  /** Share of the noise that it has in common with all who share some. */
  readonly shared: number
}

/** What a task does to its reasoners. */
export interface Trap {
  /**
   * `told`: all recall a memory that says the right answer. `stale`: one that says a wrong one, in every round. `misled`: the same, and all give it until a premise makes
   * them begin anew. `herded`: all give it so, because the others do; without a memory.
   */
  readonly kind: 'none' | 'told' | 'stale' | 'misled' | 'herded'
}
export const NO_TRAP: Trap = { kind: 'none' }

export interface SwarmTask {
  readonly truth: number
  /** The wrong answer of the trap. */
  readonly lure: number
  readonly trap: Trap
  /** By reasoner and answer. */
  readonly evidence: readonly (readonly number[])[]
  readonly random: SimRandom
}

export interface TaskResult {
  readonly answer: number
  readonly isRight: boolean
  /** Answered with the lure. */
  readonly isCaught: boolean
  /** Calls of models: answers and reviews. */
  readonly calls: number
  readonly rounds: number
  readonly tunnelled: number
  /** Entropy of the first answers, and of the last ones, in bits. */
  readonly diversity: number
  readonly spread: number
}

export function drawTask(reasoners: readonly SimReasoner[], trap: Trap, random: SimRandom): SwarmTask {
  const truth = random.integer(0, CHOICES - 1)
  const lure = (truth + random.integer(1, CHOICES - 1)) % CHOICES
  const common = Array.from({ length: CHOICES }, () => gaussian(random))
  const evidence = reasoners.map(({ skill, shared }) =>
    Array.from({ length: CHOICES }, (_, k) => {
      const noise = Math.sqrt(shared) * (common[k] as number) + Math.sqrt(1 - shared) * gaussian(random)
      return noise + (k === truth ? skill : 0)
    }),
  )
  return { truth, lure, trap, evidence, random }
}

/** Twelve even draws sum to a variance of 1; only additions, so the same everywhere. */
function gaussian(random: SimRandom): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random.float()
  return sum
}

export interface SwarmOptions {
  readonly params: AggregationParams
  readonly quantum: QuantumParams
  readonly evidence: Evidence
  /** Default `deep`. */
  readonly effort?: 'quick' | 'deep'
  /** Goes on to the last round whatever was agreed. */
  readonly isExhaustive?: boolean
}

interface Held {
  readonly answer: number
  readonly weights: readonly number[]
  readonly confidence: number
}

/** One task, from first answers to the aggregate. */
export function runTask(
  reasoners: readonly SimReasoner[],
  task: SwarmTask,
  number: string,
  { params, quantum, evidence, effort = 'deep', isExhaustive = false }: SwarmOptions,
): TaskResult {
  const roundsMax = EFFORT_BOUNDS[effort].rounds
  const id = taskId(number)
  const mind = reasoners.map((_, i) => task.random.stream(`mind ${i}`))
  const belief = task.evidence.map((own) => [...own])
  const rounds: RoundAgreement[] = []
  const first: Held[] = []
  let held: Held[] = []
  let [round, calls, tunnelled] = [0, 0, 0]
  let last: number | null = null
  let mode: { readonly kind: 'first' | 'challenged' | 'reopened' | 'revised'; readonly of?: number } = {
    kind: 'first',
  }
  for (; ; round++) {
    const isReopened = mode.kind === 'reopened'
    const temperature = !quantum.isOn.annealing
      ? BEHAVIOUR.constantTemperature
      : isReopened
        ? quantum.hotTemperature
        : temperatureAt(round, roundsMax, quantum)
    const before = held
    held = reasoners.map((reasoner, i) => {
      const random = mind[i] as SimRandom
      const own = belief[i] as number[]
      if (mode.of !== undefined) lookAgain(own, mode.of, isReopened, reasoner, task, random)
      const isPlanted = isPlantedIn(task, mode.kind)
      const seen = whatIsSeen(i, before, mode.kind, task)
      const nats = own.map((one, k) => one + (seen[k] as number))
      return answerBy(nats, temperature, random, isPlanted ? task.lure : null)
    })
    calls += reasoners.length * (mode.kind === 'revised' ? 2 : 1)
    if (round === 0) first.push(...held)
    const positions = held.map(({ answer }, i) => positionOf(reasoners[i] as SimReasoner, answer))
    const { agreement, isUnanimous } = agreementOf(positions, () => 0, params)
    const isChallenge = mode.kind === 'challenged' || mode.kind === 'reopened'
    rounds.push({ agreement, isUnanimous, isDiverge: round === 0 || isChallenge, isChallenge })
    const { verdict } = convergenceOf(rounds, roundsMax, params)
    if (round + 1 >= roundsMax) break
    if (isExhaustive) mode = { kind: 'revised' }
    else if (verdict === 'premature') mode = { kind: 'challenged', of: commonest(held) }
    else if (verdict === 'open') mode = { kind: 'revised' }
    else {
      const premise =
        verdict === 'converged' ? minority([...held, ...first], commonest(held), reasoners) : null
      const state = {
        agreement,
        confidence: meanOf(held.map(({ confidence }) => confidence)),
        dissent: held.filter(({ answer }) => answer !== commonest(held)).length / held.length,
      }
      const draw = drawTunnelling(id, round + 1, last, state, quantum)
      if (!quantum.isOn.tunnelling || premise === null || !draw.fires) break
      tunnelled++
      last = round + 1
      mode = { kind: 'reopened', of: premise }
    }
  }
  const contributions = held.map((one, i) =>
    toContribution(reasoners[i] as SimReasoner, one, round > 0, quantum.isOn.superposition),
  )
  const found = aggregate(
    { domain: 'ablation', choices: SWARM_CHOICES, contributions, evidence },
    params,
    quantum,
  )
  const answer = found.answer ? Number(found.answer.class.slice('choice:'.length)) : -1
  return {
    ...{ answer, isRight: answer === task.truth, isCaught: answer === task.lure },
    ...{ calls, rounds: round + 1, tunnelled, diversity: entropyOf(first), spread: entropyOf(held) },
  }
}

/** First answers alone, as contributions: what is scored to learn from. */
export function firstAnswers(
  reasoners: readonly SimReasoner[],
  task: SwarmTask,
  isSuperposed: boolean,
): Contribution[] {
  return reasoners.map((reasoner, i) => {
    const random = task.random.stream(`mind ${i}`)
    const held = answerBy(task.evidence[i] as number[], BEHAVIOUR.constantTemperature, random)
    return toContribution(reasoner, held, false, isSuperposed)
  })
}

/** A second look at one answer: the mean of two looks, and what being told to doubt or to suppose does by itself. */
function lookAgain(
  belief: number[],
  of: number,
  isPremise: boolean,
  { skill }: SimReasoner,
  { truth }: SwarmTask,
  random: SimRandom,
): void {
  const fresh = gaussian(random) + (of === truth ? skill : 0)
  const nudge = isPremise ? BEHAVIOUR.suggestion : -BEHAVIOUR.doubt
  belief[of] = ((belief[of] as number) + fresh) / 2 + nudge
}

/** In a planted consensus all give the lure until they begin anew. */
const isPlantedIn = ({ trap: { kind } }: SwarmTask, mode: string): boolean =>
  (kind === 'herded' || kind === 'misled') && (mode === 'first' || mode === 'challenged')

/** What memory and the answers of the others do to a belief. */
function whatIsSeen(i: number, before: readonly Held[], mode: string, task: SwarmTask): number[] {
  const { trap, lure, truth } = task
  const seen = new Array<number>(CHOICES).fill(0)
  if (trap.kind === 'told') seen[truth] = BEHAVIOUR.memory
  if (trap.kind === 'stale' || trap.kind === 'misled') seen[lure] = BEHAVIOUR.memory
  if (trap.kind === 'herded' && isPlantedIn(task, mode)) seen[lure] = BEHAVIOUR.conformity
  if (mode !== 'revised') return seen
  for (const [j, { answer }] of before.entries())
    if (j !== i) seen[answer] = (seen[answer] as number) + BEHAVIOUR.conformity / (before.length - 1)
  return seen
}

/** An answer drawn at a temperature from what is believed; chances are those of the belief itself. */
function answerBy(
  nats: readonly number[],
  temperature: number,
  random: SimRandom,
  planted: number | null = null,
): Held {
  const weights = softmax(nats, 1)
  const sampled = softmax(nats, Math.max(COLDEST, temperature))
  let left = random.float()
  let answer = 0
  while (answer < CHOICES - 1 && left >= (sampled[answer] as number)) left -= sampled[answer++] as number
  if (planted !== null) answer = planted
  const noise = (random.float() * 2 - 1) * BEHAVIOUR.overconfidence
  const stated = (weights[answer] as number) + BEHAVIOUR.overconfidence + noise
  return { answer, weights, confidence: Math.min(1, Math.max(0, stated)) }
}
const COLDEST = 0.01

function softmax(nats: readonly number[], temperature: number): number[] {
  const most = Math.max(...nats)
  const parts = nats.map((one) => Math.exp((one - most) / temperature))
  const total = parts.reduce((sum, part) => sum + part, 0)
  return parts.map((part) => part / total)
}

const PER_MILLE = 1000

/** As a spore reads a reply: another answer that is likelier than the given one weighs as much as that. */
export function toContribution(
  { name }: SimReasoner,
  { answer, weights, confidence }: Held,
  isRevised: boolean,
  isSuperposed: boolean,
): Contribution {
  const own = Math.max(1, Math.round((weights[answer] as number) * PER_MILLE))
  const others = weights.flatMap((weight, k) => {
    const part = Math.min(own, Math.round(weight * PER_MILLE))
    return k === answer || part === 0 ? [] : [{ text: SWARM_CHOICES[k] as string, weight: part }]
  })
  const likeliest = { text: SWARM_CHOICES[answer] as string, weight: own }
  return {
    ...{ id: name, author: name, owner: name, modelFamily: null },
    ...(isRevised && { isRevised }),
    outcome: { hypotheses: [likeliest, ...statedOthers(others, isSuperposed)], confidence },
  }
}

const positionOf = ({ name }: SimReasoner, answer: number): Position => ({
  ...{ author: name, owner: name, modelFamily: null, claims: [] },
  class: `choice:${answer}` as AnswerClass,
})

const commonest = (held: readonly Held[]): number => {
  const counts = countsOf(held)
  return counts.indexOf(Math.max(...counts))
}

/** The strongest answer beside the commonest one, by all that first and last answers hold possible. */
function minority(held: readonly Held[], lead: number, reasoners: readonly SimReasoner[]): number | null {
  const classOf = createClassifier(SWARM_CHOICES)
  const answers = held.map((one, i) => {
    const contribution = toContribution(reasoners[i % reasoners.length] as SimReasoner, one, false, true)
    return { contribution, shares: sharesOf(contribution, classOf) }
  })
  const others = massesOf(answers, ownerVotes(answers), SWARM_CHOICES)
  const found = others.find(({ class: key }) => key !== `choice:${lead}`)
  return found ? Number(found.class.slice('choice:'.length)) : null
}

function countsOf(held: readonly Held[]): number[] {
  const counts = new Array<number>(CHOICES).fill(0)
  for (const { answer } of held) counts[answer] = (counts[answer] as number) + 1
  return counts
}

/** Bits; 0 where all say the same. */
function entropyOf(held: readonly Held[]): number {
  let bits = 0
  for (const count of countsOf(held)) {
    const share = count / held.length
    if (share > 0) bits -= share * Math.log2(share)
  }
  return bits
}

const taskId = (number: string): Digest => bytesToDigest(sha256(utf8ToBytes(`ablation ${number}`)))
