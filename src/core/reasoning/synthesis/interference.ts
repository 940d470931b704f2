/**
 * Interference: answers that were given alone strengthen each other where they agree, and weaken where they stand against the others.
 * r = aligned share of the independent others; from .5 on the factor is 1 + .40·r, below it max(.25, .25 + 1.5·r).
 *
 * "Independent": of each other contributor counts what its vote is worth beside its partners (`entanglement.ts`), and of that the part
 * that is not entangled with the one who is weighed; so k copies that agree strengthen nobody more than one of them does, and not each
 * other at all. Who weighs nothing has no say, so a crowd of strangers moves no factor. Only first answers: who has seen the others'
 * answers agrees with them for that reason.
 *
 * Invariant: the same to the bit in any order; only whole numbers are summed.
 */
import type { AnswerClass } from '../answer-classes.ts'
import { MICRONATS } from '../log-odds.ts'
import type { QuantumParams } from './quantum-params.ts'

/** One whose answer is weighed. */
export interface Wave {
  readonly class: AnswerClass
  /** By trust alone, from 0. */
  readonly weight: number
  /** What its vote is worth beside its partners, 0…1. */
  readonly independence: number
  /** It was given alone, before any other was seen. */
  readonly isFirst: boolean
}

/** Factor on a weight for an aligned share of 0…1. */
export function interferenceFactor(aligned: number, params: QuantumParams): number {
  const { alignedFrom, constructiveGain, destructiveFloor, destructiveSlope } = params
  if (aligned >= alignedFrom) return 1 + constructiveGain * aligned
  return Math.max(destructiveFloor, destructiveFloor + destructiveSlope * aligned)
}

/** Factors in the order of `waves`; 1 for who has seen others, and for who has no independent other. */
export function interferenceFactors(
  waves: readonly Wave[],
  /** How far two of them are entangled, by place, 0…1; from both sides the same. */
  overlap: (a: number, b: number) => number,
  params: QuantumParams,
): number[] {
  return waves.map((wave, i) => {
    if (!wave.isFirst || wave.weight === 0) return 1
    let [all, aligned] = [0, 0]
    for (const [j, other] of waves.entries()) {
      if (j === i || !other.isFirst || other.weight === 0) continue
      const say = Math.round(MICRONATS * other.independence * (1 - overlap(i, j)))
      all += say
      if (other.class === wave.class) aligned += say
    }
    return all === 0 ? 1 : interferenceFactor(aligned / all, params)
  })
}
