/**
 * What each mechanism of the quantum-inspired layer does, by seed: on against off with everything else as it is by default, and the same draws
 * in both arms. A mechanism in `noop` is off in both: then no figure may differ, and no bar be met (that is tested).
 */
import { aggregate } from '../../core/reasoning/aggregate.ts'
import { type AggregationParams, createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import type { Contribution } from '../../core/reasoning/contribution.ts'
import {
  correlationOf,
  entangledBy,
  priorLift,
  type SharedOutcomes,
} from '../../core/reasoning/synthesis/entanglement.ts'
import {
  createQuantumParams,
  type Mechanism,
  type QuantumParams,
  SWITCHES,
  type Switches,
} from '../../core/reasoning/synthesis/quantum-params.ts'
import {
  type Evidence,
  learnTrackRecord,
  type ScoredTask,
  scoresOf,
} from '../../core/reasoning/track-record.ts'
import { judge } from '../../core/trust/posterior.ts'
import { MILLIONTHS, NOTHING } from '../../core/trust/testimony.ts'
import { createTrustParams } from '../../core/trust/trust-params.ts'
import { createRandom, type SimRandom } from '../random.ts'
import {
  drawTask,
  firstAnswers,
  NO_TRAP,
  runTask,
  type SimReasoner,
  SWARM_CHOICES,
  type TaskResult,
  type Trap,
} from './ablation-swarm.ts'
import { CHOICES, drawQuestion, type Question, WORLDS, type World } from './reasoners.ts'
import { meanOf } from './statistics.ts'

export interface AblationSizes {
  /** Tasks of the swarm, a seed and arm. */
  readonly tasks: number
  /** Questions where only aggregation is compared. */
  readonly questions: number
  /** Scored before, from which weights are learnt. */
  readonly scored: number
}

export type Noop = ReadonlySet<Mechanism>

/** The defaults with some switches changed; what is in `noop` stays off. */
export function armOf(changes: Partial<Switches>, noop: Noop): QuantumParams {
  const isOn: Record<string, boolean> = { ...SWITCHES, ...changes }
  for (const mechanism of noop) isOn[mechanism] = false
  return createQuantumParams({ isOn: isOn as Switches })
}

const PARAMS = createAggregationParams()

const panel = (name: string, skills: readonly number[], shared = 0): SimReasoner[] =>
  skills.map((skill, i) => ({ name: `${name}-${i + 1}`, skill, shared }))

/** Panels of the swarm; each reasoner is an operator of its own. */
export const PANELS = {
  mixed: panel('mixed', [2.2, 1.8, 1.5, 1.3, 1.1, 0.9, 0.7]),
  unsure: panel('unsure', [0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]),
  sure: panel('sure', [2, 2, 2, 2, 2, 2, 2]),
  /** Four of them err together. */
  pairs: [...panel('free', [1.8, 1.5, 1.2]), ...panel('bound', [1.3, 1.3, 1.3, 1.3], 0.8)],
} as const

/** Means over the tasks of one arm. */
export interface SwarmFigures {
  readonly right: number
  readonly caught: number
  readonly calls: number
  readonly rounds: number
  readonly tunnelled: number
  readonly diversity: number
  readonly spread: number
}

export interface SwarmArm {
  readonly quantum: QuantumParams
  readonly trapOf?: (number: number, random: SimRandom) => Trap
  readonly effort?: 'quick' | 'deep'
  readonly isExhaustive?: boolean
}

/** Many tasks of one panel in one arm; the same label and seed draw the same tasks in every arm. */
export function swarmFigures(
  label: string,
  seed: number,
  reasoners: readonly SimReasoner[],
  { tasks, scored }: AblationSizes,
  { quantum, trapOf = () => NO_TRAP, effort = 'deep', isExhaustive = false }: SwarmArm,
): SwarmFigures {
  const random = createRandom(`eval ablation ${label} ${seed}`)
  const known = Array.from({ length: scored }, (_, i): ScoredTask => {
    const task = drawTask(reasoners, NO_TRAP, random.stream(`scored ${i}`))
    const contributions = firstAnswers(reasoners, task, quantum.isOn.superposition)
    const right = SWARM_CHOICES[task.truth] as string
    return { id: `scored ${i}`, domain: 'ablation', choices: SWARM_CHOICES, contributions, right }
  })
  const evidence = learnTrackRecord(known, PARAMS, () => true)
  const options = { params: PARAMS, quantum, evidence, effort, isExhaustive }
  const results = Array.from({ length: tasks }, (_, i): TaskResult => {
    const drawn = random.stream(`task ${i}`)
    const task = drawTask(reasoners, trapOf(i, drawn.stream('trap')), drawn)
    return runTask(reasoners, task, `${label} ${seed} ${i}`, options)
  })
  const mean = (of: (result: TaskResult) => number): number => meanOf(results.map(of))
  return {
    right: mean(({ isRight }) => Number(isRight)),
    caught: mean(({ isCaught }) => Number(isCaught)),
    ...{ calls: mean((one) => one.calls), rounds: mean((one) => one.rounds) },
    ...{ tunnelled: mean((one) => one.tunnelled), diversity: mean((one) => one.diversity) },
    spread: mean((one) => one.spread),
  }
}

// --- Interference, over the worlds of `spore eval aggregate` ---

export interface InterferenceFigures {
  readonly right: number
  /** Mean factor of the copies of a correlated world; 1 in others. */
  readonly factor: number
}

export function interferenceFigures(
  world: World,
  seed: number,
  { questions, scored }: AblationSizes,
  quantum: QuantumParams,
): InterferenceFigures {
  const random = createRandom(`eval ablation interference ${world.name} ${seed}`)
  const known = Array.from({ length: scored }, (_, i) =>
    drawn(`scored ${i}`, world, drawQuestion(world, random)),
  )
  const evidence = learnTrackRecord(known, PARAMS, () => true)
  let right = 0
  const factors: number[] = []
  for (let i = 0; i < questions; i++) {
    const { contributions, right: truth } = drawn(`question ${i}`, world, drawQuestion(world, random))
    const found = aggregate({ domain: 'ablation', choices: LABELS, contributions, evidence }, PARAMS, quantum)
    if (found.answer?.text === truth) right++
    for (const { author, interference, weight } of found.participants)
      if (author.startsWith('weak') && weight > 0) factors.push(interference)
  }
  return { right: right / questions, factor: factors.length === 0 ? 1 : meanOf(factors) }
}

export const worldOf = (name: string): World => WORLDS.find((world) => world.name === name) as World

const LABELS: readonly string[] = SWARM_CHOICES.slice(0, CHOICES)

function drawn(id: string, { reasoners }: World, { truth, answers, stated }: Question): ScoredTask {
  const contributions = reasoners.map(({ name }, i) =>
    plain(name, LABELS[answers[i] as number] as string, stated[i] as number),
  )
  return { id, domain: 'ablation', choices: LABELS, contributions, right: LABELS[truth] as string }
}

const plain = (name: string, text: string, confidence: number | null): Contribution => ({
  ...{ id: name, author: name, owner: name, modelFamily: null },
  outcome: { hypotheses: [{ text, weight: 1 }], confidence },
})

// --- Entanglement ---

/** How pairs are measured: over all scored tasks at once, or smoothed over one after the other. */
export type PairMemory = 'all' | 'smoothed'

export interface EntanglementFigures {
  /** Share of all mass that the liars have. */
  readonly liars: number
  readonly right: number
}

const GOOD = 5
const GOOD_RIGHT = 0.75
const LIARS = 4
/** Chance that the liars lie in a task, all the same; else they tell the truth. */
const LYING = 0.35

/** Four that lie together now and then, and five that err each alone. */
export function entanglementFigures(
  seed: number,
  { questions, scored }: AblationSizes,
  quantum: QuantumParams,
  pairs: PairMemory = 'all',
): EntanglementFigures {
  const random = createRandom(`eval ablation entanglement ${seed}`)
  const draw = (id: string): ScoredTask => {
    const truth = random.integer(0, CHOICES - 1)
    const wrong = (): number => (truth + random.integer(1, CHOICES - 1)) % CHOICES
    const lie = random.chance(LYING) ? wrong() : truth
    const good = Array.from({ length: GOOD }, () => (random.chance(GOOD_RIGHT) ? truth : wrong()))
    const text = (k: number): string => LABELS[k] as string
    const contributions = [
      ...good.map((answer, i) => plain(`good-${i}`, text(answer), null)),
      ...Array.from({ length: LIARS }, (_, i) => plain(`liar-${i}`, text(lie), null)),
    ]
    return { id, domain: 'ablation', choices: LABELS, contributions, right: text(truth) }
  }
  const known = Array.from({ length: scored }, (_, i) => draw(`scored ${i}`))
  const learnt = learnTrackRecord(known, PARAMS, () => true)
  const evidence: Evidence = pairs === 'all' ? learnt : { ...learnt, entanglement: smoothedPairs(known) }
  let [right, all, liars] = [0, 0, 0]
  for (let i = 0; i < questions; i++) {
    const { contributions, right: truth } = draw(`question ${i}`)
    const found = aggregate({ domain: 'ablation', choices: LABELS, contributions, evidence }, PARAMS, quantum)
    if (found.answer?.text === truth) right++
    for (const { author, mass } of found.participants) {
      all += mass
      if (author.startsWith('liar')) liars += mass
    }
  }
  return { liars: liars / all, right: right / questions }
}

/** Part of its former value that a pair keeps (05-reasoning §4). */
const KEPT = 0.75
const smoothed = (before: number | null, measured: number): number =>
  before === null ? measured : KEPT * before + (1 - KEPT) * measured

/** After each scored task a pair's correlation so far moves its value by a quarter of the way (05-reasoning §4). */
function smoothedPairs(tasks: readonly ScoredTask[]): Evidence['entanglement'] {
  const shared = new Map<string, { counts: SharedOutcomes; value: number | null }>()
  for (const task of tasks) {
    const scores = scoresOf(task)
    for (const [i, a] of scores.entries())
      for (const b of scores.slice(0, i)) {
        const key = pairOf(a.author, b.author)
        const pair = shared.get(key) ?? { counts: { both: 0, onlyA: 0, onlyB: 0, neither: 0 }, value: null }
        const [x, y] = a.author < b.author ? [a, b] : [b, a]
        pair.counts[x.isRight ? (y.isRight ? 'both' : 'onlyA') : y.isRight ? 'onlyB' : 'neither']++
        pair.value = smoothed(pair.value, correlationOf(pair.counts, PARAMS))
        shared.set(key, pair)
      }
  }
  return (a, b) => entangledBy(shared.get(pairOf(a, b))?.value ?? 0, PARAMS)
}
const pairOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)

export interface NewcomerFigures {
  /** What a newcomer's chance starts with above chance, whose house has evidence, and whose has none. */
  readonly withEvidence: number
  readonly without: number
  /** Mean squared error of that start against how often newcomers are right, with the prior and without. */
  readonly error: number
  readonly errorWithout: number
  /** The same with what trust makes of the other models of a spore (`posterior.ts`). */
  readonly errorByTrust: number
}

const HOUSES = 200
const CHANCE = 1 / CHOICES

/** Houses of unlike quality, each with one member that has been scored and one that has not. */
export function newcomerFigures(
  seed: number,
  { scored }: AblationSizes,
  quantum: QuantumParams,
  params: AggregationParams = PARAMS,
): NewcomerFigures {
  const random = createRandom(`eval ablation newcomers ${seed}`)
  const lifts: number[] = []
  const errors: number[] = []
  const errorsWithout: number[] = []
  const errorsByTrust: number[] = []
  const near = (quality: number): number =>
    Math.min(0.95, Math.max(0.05, quality + (random.float() * 2 - 1) * HOUSE_SPREAD))
  const lift = (gain: number): number =>
    quantum.isOn.entanglement ? priorLift([{ overlap: 1, gain }], 0, params, quantum) : 0
  for (let house = 0; house < HOUSES; house++) {
    const quality = 0.25 + random.float() * 0.65
    const [member, newcomer] = [near(quality), near(quality)]
    let right = 0
    for (let i = 0; i < scored; i++) if (random.chance(member)) right++
    const trust = (right + params.priorAnswers * CHANCE) / (scored + params.priorAnswers)
    const start = CHANCE + lift(trust - CHANCE)
    lifts.push(start - CHANCE)
    errors.push((start - newcomer) ** 2)
    errorsWithout.push((CHANCE - newcomer) ** 2)
    errorsByTrust.push((startByTrust(right, scored) - newcomer) ** 2)
  }
  return {
    withEvidence: meanOf(lifts),
    without: lift(0),
    error: meanOf(errors),
    errorWithout: meanOf(errorsWithout),
    errorByTrust: meanOf(errorsByTrust),
  }
}
/** What trust gives a model of a spore that has outcomes of another of its models alone. */
function startByTrust(right: number, scored: number): number {
  const outcomes = { right: right * MILLIONTHS, wrong: (scored - right) * MILLIONTHS }
  const related = { ...outcomes, chance: scored * CHANCE * MILLIONTHS }
  const found = judge({ own: NOTHING, others: NOTHING, related, faults: 0, isChosen: false }, TRUST)
  return found?.mean ?? CHANCE
}
const TRUST = createTrustParams()

/** How far members of a house are from its quality. */
const HOUSE_SPREAD = 0.15
