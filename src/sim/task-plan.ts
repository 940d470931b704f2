/** What spores of one world reason with, and who lies: drawn once, before the world begins. */
import type { Ask } from '../core/reasoning/calling.ts'
import type { Serve } from '../core/reasoning/neighbourhood.ts'
import type { SimRandom } from './random.ts'

export interface TaskPlan {
  /** Models of each whole spore, by its place. */
  readonly minds: readonly (readonly MindPlan[])[]
  readonly serves: readonly Serve[]
  /** Whom each asks. */
  readonly asks: readonly Ask[]
  /** Calls that each spore may make a day on the account of its own, and of others. */
  readonly callsMax: readonly number[]
  /** Authors that say what suits them, in places behind the whole spores. */
  readonly liars: number
  /** An asker that never comes back. */
  readonly hasLeaver: boolean
}

export interface MindPlan {
  readonly family: string
  /** Milliseconds that a call takes, at most. */
  readonly delayMs: number
  /** Share of its calls that fail, hang or come back as garbage. */
  readonly failure: number
  /** Chance that it knows the answer. */
  readonly ability: number
  readonly isFree: boolean
}

/** A day's calls that no run of a few virtual minutes makes. */
const PLENTY = 100_000

export function drawTaskPlan(random: SimRandom): TaskPlan {
  const spores = random.pick([3, 3, 3, 4, 4, 5, 6])
  // Now and then all are of one mind, or all models are bad.
  const ability = random.pick([0.3, 0.7, 0.7, 0.98])
  const failure = random.pick([0, 0.1, 0.1, 0.4, 1])
  const minds = Array.from({ length: spores }, () =>
    Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => drawMind(random, ability, failure)),
  )
  return {
    minds,
    serves: minds.map(() => random.pick(['own', 'trusted', 'trusted', 'all', 'all'])),
    // From a stream of its own, for worlds of before stay what they were. In half of them nobody is called.
    asks: drawAsks(minds.length, random.stream('asks')),
    callsMax: minds.map(() => (random.chance(0.2) ? random.integer(0, 12) : PLENTY)),
    liars: random.pick([0, 1, 1, 1, 1, 2]),
    hasLeaver: random.chance(0.4),
  }
}

const drawMind = (random: SimRandom, ability: number, failure: number): MindPlan => ({
  family: random.pick(['ant', 'bee', 'cat', 'dog', 'eel']),
  delayMs: random.pick([50, 500, 4000]),
  failure,
  ability: random.chance(0.2) ? 0.3 : ability,
  isFree: random.chance(0.7),
})

function drawAsks(spores: number, random: SimRandom): Ask[] {
  const isTried = random.chance(0.5)
  return Array.from({ length: spores }, () =>
    isTried ? random.pick(['everyone', 'preferred', 'preferred']) : 'everyone',
  )
}
