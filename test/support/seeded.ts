/** Chance from a seed, so that a failure can be replayed. */
import { hash } from 'node:crypto'

export interface SeededRandom {
  /** A float in [0, 1). */
  float(): number
  /** A whole number in [least, most]. */
  integer(least: number, most: number): number
}

export function seededRandom(seed: string): SeededRandom {
  let drawn = 0
  const float = () => Number.parseInt(hash('sha256', `${seed}/${drawn++}`).slice(0, 12), 16) / 2 ** 48
  return { float, integer: (least, most) => least + Math.floor(float() * (most - least + 1)) }
}

/** The seed of a test: `SPORE_SEED`, or a new one. The caller prints it. */
export const testSeed = (): string => process.env.SPORE_SEED ?? String(Date.now() % 1_000_000)
