/**
 * A federation of any size: spores with one model each, of a few families that are better or worse and err together, and questions with
 * four choices. The same spore answers the same question alike, however many others there are.
 */
import { createRandom, type SimRandom } from '../random.ts'

/** Choices of every question. */
export const CHOICES: readonly string[] = ['north', 'east', 'south', 'west']
/** Chance that a model of each family is right. */
export const FAMILIES: readonly number[] = [0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45]
/** Chance that a model repeats what its family says, right or wrong; else it answers by itself. */
export const COPYING = 0.66
/** Milliseconds that a model takes. */
const DELAY_MS: readonly [least: number, most: number] = [500, 4000]

export interface ScaleSpore {
  readonly name: string
  readonly family: string
  readonly accuracy: number
}

export interface ScaleAnswer {
  /** 0 to CHOICES.length − 1. */
  readonly choice: number
  /** Percent. */
  readonly confidence: number
  readonly delayMs: number
}

export interface ScaleWorld {
  readonly spores: readonly ScaleSpore[]
  /** The right choice of question `n`. */
  truth(n: number): number
  answer(place: number, n: number): ScaleAnswer
}

export function createScaleWorld(seed: number, size: number): ScaleWorld {
  const label = `eval scale ${seed}`
  const spores = Array.from({ length: size }, (_, place): ScaleSpore => {
    const at = createRandom(`${label} family ${place}`).integer(0, FAMILIES.length - 1)
    return { name: `n${place}`, family: `family${at + 1}`, accuracy: FAMILIES[at] as number }
  })
  const truth = (n: number): number => createRandom(`${label} truth ${n}`).integer(0, CHOICES.length - 1)
  return {
    spores,
    truth,
    answer(place, n) {
      const { family, accuracy } = spores[place] as ScaleSpore
      const own = createRandom(`${label} ${place} ${n}`)
      const shared = createRandom(`${label} ${family} ${n}`)
      const choice = answerOf(truth(n), accuracy, own.chance(COPYING) ? shared : own)
      return {
        choice,
        confidence: own.integer(50, 90),
        delayMs: own.integer(...DELAY_MS),
      }
    },
  }
}

const answerOf = (truth: number, accuracy: number, random: SimRandom): number =>
  random.chance(accuracy) ? truth : (truth + random.integer(1, CHOICES.length - 1)) % CHOICES.length

/** Question `n` as it is asked. */
export const questionText = (n: number): string => `Question ${n}: which way does it point?`
export const questionNumber = (text: string): number =>
  Number(/Question (\d+): which way/.exec(text)?.[1] ?? -1)
