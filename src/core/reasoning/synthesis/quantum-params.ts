/**
 * Every number of the quantum-inspired layer that is no other part's, with its reason, and which of its mechanisms are on. The values are
 * the design's (05-reasoning §4); which are on is what `spore eval ablation` measured (docs/synthesis.md).
 *
 * Not here, so that each number has one place: from when two contributors are entangled (`AggregationParams.entangledAt`), and how fast a
 * memory decoheres (`RetrievalParams.ageRate`, `ageFloor`, `ageWeight`).
 */

export const MECHANISMS = [
  'annealing',
  'superposition',
  'interference',
  'tunnelling',
  'entanglement',
  'decoherence',
] as const
export type Mechanism = (typeof MECHANISMS)[number]

/** Which mechanisms are on. */
export type Switches = Readonly<Record<Mechanism, boolean>>

export interface QuantumNumbers {
  /** Sampling temperature of first answers: the 1 that most providers take as neutral, where models differ most. */
  readonly hotTemperature: number
  /** That of the last round: low enough that a model says what it holds likeliest, and above 0, where some repeat themselves. */
  readonly coldTemperature: number
  /** Share of independent others with the same answer from which on they strengthen it: half of them. */
  readonly alignedFrom: number
  /** What full alignment adds to a weight. */
  readonly constructiveGain: number
  /** Least factor, of who stands alone, and what alignment adds to it per unit: at a half it is 1 again. */
  readonly destructiveFloor: number
  readonly destructiveSlope: number
  /** Greatest chance of tunnelling: nothing is certain. */
  readonly tunnellingMax: number
  /** Chance below which agreement is left alone: a round more is not worth it. */
  readonly tunnellingFrom: number
  /** Rounds that must be over, and rounds between two of one task. */
  readonly tunnellingRoundsMin: number
  readonly tunnellingPause: number
  /** Share of a partner's evidence above its start that reaches an uncertain one, before its correlation. */
  readonly priorShare: number
  /** Most that a partner's evidence may add to a prior: a good house is no proof. */
  readonly priorMax: number
  /** Scored answers below which one is uncertain; with as many of its own, its partners add nothing. */
  readonly uncertainBelow: number
}

export interface QuantumParams extends QuantumNumbers {
  readonly isOn: Switches
}

const NUMBERS: QuantumNumbers = {
  hotTemperature: 1,
  coldTemperature: 0.3,
  alignedFrom: 0.5,
  constructiveGain: 0.4,
  destructiveFloor: 0.25,
  destructiveSlope: 1.5,
  tunnellingMax: 0.92,
  tunnellingFrom: 0.18,
  tunnellingRoundsMin: 2,
  tunnellingPause: 3,
  priorShare: 0.45,
  priorMax: 0.15,
  uncertainBelow: 10,
}

/** What met its line in `spore eval ablation` is on; the others are off. */
export const SWITCHES: Switches = Object.freeze({
  annealing: true,
  superposition: true,
  interference: false,
  tunnelling: false,
  entanglement: true,
  decoherence: true,
})

export type QuantumChanges = Partial<QuantumNumbers> & { readonly isOn?: Partial<Switches> }

/** The defaults with some values replaced, checked and frozen. A value outside of its range is a bug: it throws. */
export function createQuantumParams({ isOn = {}, ...changes }: QuantumChanges = {}): QuantumParams {
  const numbers = { ...NUMBERS, ...changes }
  for (const [name, value] of Object.entries(numbers))
    check(name, value, RANGES[name as keyof QuantumNumbers])
  if (numbers.coldTemperature > numbers.hotTemperature)
    throw new RangeError('quantum parameter coldTemperature is above hotTemperature')
  for (const name of Object.keys(isOn))
    if (!MECHANISMS.includes(name as Mechanism)) throw new RangeError(`there is no mechanism ${name}`)
  return Object.freeze({ ...numbers, isOn: Object.freeze({ ...SWITCHES, ...isOn }) })
}

/** All mechanisms on, or all off, but for those that are named. */
export const switchesOf = (isOn: boolean, others: readonly Mechanism[] = []): Switches =>
  Object.fromEntries(MECHANISMS.map((name) => [name, others.includes(name) ? !isOn : isOn])) as Switches

type Range = readonly [min: number, max: number, isWhole?: 'whole']

const SHARE: Range = [0, 1]
const RANGES: Readonly<Record<keyof QuantumNumbers, Range>> = {
  // What providers take.
  hotTemperature: [0, 2],
  coldTemperature: [0, 2],
  alignedFrom: SHARE,
  constructiveGain: [0, 10],
  destructiveFloor: SHARE,
  destructiveSlope: [0, 10],
  tunnellingMax: SHARE,
  tunnellingFrom: SHARE,
  // Before the first round is over nothing can have agreed.
  tunnellingRoundsMin: [1, 100, 'whole'],
  tunnellingPause: [1, 100, 'whole'],
  priorShare: SHARE,
  // Above a half, a newcomer would weigh more than who has been right half of the time.
  priorMax: [0, 0.5],
  uncertainBelow: [1, 1e6, 'whole'],
}

function check(name: string, value: number, range: Range | undefined): void {
  if (!range) throw new RangeError(`there is no quantum parameter ${name}`)
  const [min, max, isWhole] = range
  if (value >= min && value <= max && (isWhole === undefined || Number.isInteger(value))) return
  throw new RangeError(`quantum parameter ${name} is ${value}, not ${isWhole ?? 'a number'} in ${min}…${max}`)
}
