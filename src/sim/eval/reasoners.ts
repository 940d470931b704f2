/**
 * Worlds of simulated reasoners: known accuracy, correlation and honesty, multiple-choice questions with one right answer.
 * Who is right how often is known to the oracle alone; the others learn it from scored answers.
 */
import type { SimRandom } from '../random.ts'

export interface Reasoner {
  readonly name: string
  /** Chance of being right; of a hostile one it is 0. */
  readonly accuracy: number
  /**
   * `independent`: errs by itself, and is somewhat surer where it is right. `copy`: mostly says what all copies say
   * (`copying`). `hostile`: all of them agree on one wrong answer.
   */
  readonly kind: 'independent' | 'copy' | 'hostile'
  /** Takes part in no scored question: a new identity. */
  readonly isNew: boolean
  /** The operator configured it as a peer. */
  readonly isConfigured: boolean
  /** Middle of its stated confidence, whatever its accuracy. */
  readonly boast: number
}

export interface World {
  readonly name: string
  readonly about: string
  readonly reasoners: readonly Reasoner[]
  /** Chance that a copy repeats the shared answer; its square is the correlation of two copies. */
  readonly copying: number
  /** Whether all errors are independent. */
  readonly isIndependent: boolean
}

export interface Question {
  readonly truth: number
  /** Answer of each reasoner, 0…CHOICES−1. */
  readonly answers: readonly number[]
  /** Stated confidence of each. */
  readonly stated: readonly number[]
}

/** Choices of every question. */
export const CHOICES = 4
/** By how much an independent reasoner is better where it is sure, and worse where it is not; each is half of the time. */
export const SURENESS = 0.1
/** How far stated confidence moves by it, and the even noise on top. So 53 % of confidences tell which of the two it was. */
export const STATED_SHIFT = 0.08
export const STATED_NOISE = 0.15

const BOASTS = [0.72, 0.62, 0.75, 0.55, 0.7, 0.75, 0.6]

const reasoner = (name: string, accuracy: number, i: number, rest: Partial<Reasoner> = {}): Reasoner => ({
  name,
  accuracy,
  kind: 'independent',
  isNew: false,
  isConfigured: true,
  boast: BOASTS[i % BOASTS.length] as number,
  ...rest,
})
const several = (
  count: number,
  name: string,
  accuracy: number,
  rest: Partial<Reasoner> = {},
): readonly Reasoner[] =>
  Array.from({ length: count }, (_, i) => reasoner(`${name}-${i + 1}`, accuracy, i, rest))

const MIXED_ACCURACIES = [0.85, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4]
const GOOD = 0.75

/** The worlds of the evaluation, in the order of the table. */
export const WORLDS: readonly World[] = [
  {
    name: 'mixed',
    about: '7 independent reasoners, right in 85, 75, 70, 65, 60, 50 and 40 %',
    reasoners: MIXED_ACCURACIES.map((accuracy, i) => reasoner(`mixed-${i + 1}`, accuracy, i)),
    copying: 0,
    isIndependent: true,
  },
  {
    name: 'correlated',
    about: '1 expert (86 %) and 6 weak ones (70 %) that err together (correlation .72)',
    reasoners: [reasoner('expert', 0.86, 0), ...several(6, 'weak', 0.7, { kind: 'copy' })],
    copying: 0.85,
    isIndependent: false,
  },
  {
    name: 'loosely-correlated',
    about: 'the same with a correlation of .44, at which nine judges are worth two',
    reasoners: [reasoner('expert', 0.86, 0), ...several(6, 'weak', 0.7, { kind: 'copy' })],
    copying: 0.66,
    isIndependent: false,
  },
  {
    name: 'sybils',
    about: '5 good ones (75 %) and 10 new identities that all give the same wrong answer',
    reasoners: [
      ...several(5, 'good', GOOD),
      ...several(10, 'sybil', 0, { kind: 'hostile', isNew: true, isConfigured: false }),
    ],
    copying: 0,
    isIndependent: false,
  },
  {
    name: 'liars',
    about: '5 good ones (75 %) and 4 configured peers that all give the same wrong answer',
    reasoners: [...several(5, 'good', GOOD), ...several(4, 'liar', 0, { kind: 'hostile' })],
    copying: 0,
    isIndependent: false,
  },
]

export function drawQuestion(world: World, random: SimRandom): Question {
  const truth = random.integer(0, CHOICES - 1)
  const lie = otherThan(truth, random)
  const shared = answerOf(truth, copyAccuracy(world), random)
  const answers: number[] = []
  const stated: number[] = []
  for (const { kind, accuracy, boast } of world.reasoners) {
    const sign = random.chance(0.5) ? 1 : -1
    const noise = (random.float() * 2 - 1) * STATED_NOISE
    stated.push(boast + sign * STATED_SHIFT + noise)
    if (kind === 'hostile') answers.push(lie)
    else if (kind === 'copy')
      answers.push(random.chance(world.copying) ? shared : answerOf(truth, accuracy, random))
    else answers.push(answerOf(truth, accuracy + sign * SURENESS, random))
  }
  return { truth, answers, stated }
}

/** Accuracy of what copies share. */
export const copyAccuracy = ({ reasoners }: World): number =>
  reasoners.find(({ kind }) => kind === 'copy')?.accuracy ?? 0

const answerOf = (truth: number, accuracy: number, random: SimRandom): number =>
  random.chance(accuracy) ? truth : otherThan(truth, random)

const otherThan = (truth: number, random: SimRandom): number =>
  (truth + random.integer(1, CHOICES - 1)) % CHOICES
