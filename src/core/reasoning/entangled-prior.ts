/**
 * What those who are entangled with a contributor by their outcomes have earned, as a prior for it while little is known of it
 * (`synthesis/entanglement.ts`). Its own spore's other models are no partners here: trust counts them itself.
 *
 * Invariant: the same for the same tasks in any order.
 */
import type { AggregationParams } from './aggregation-params.ts'
import { priorLift } from './synthesis/entanglement.ts'
import type { QuantumParams } from './synthesis/quantum-params.ts'
import { type Evidence, type IsConfigured, type ScoredTask, scoresOf } from './track-record.ts'

/** A contributor's chance with what its partners add; `chance` is its own, null where nothing is known. */
export type EntangledPrior = (
  contributor: string,
  chance: number | null,
  chanceOf: (contributor: string) => number | null,
) => number | null

export function createEntangledPrior(
  tasks: readonly ScoredTask[],
  record: Pick<Evidence, 'entanglement'>,
  isConfigured: IsConfigured,
  params: AggregationParams,
  quantum: QuantumParams,
): EntangledPrior {
  const answersOf = new Map<string, { answers: number; byChance: number }>()
  for (const task of tasks)
    for (const { author, classes } of scoresOf(task)) {
      const known = answersOf.get(author) ?? { answers: 0, byChance: 0 }
      answersOf.set(author, known)
      known.answers++
      known.byChance += 1 / classes
    }
  return (contributor, chance, chanceOf) => {
    const own = answersOf.get(contributor)
    // Who was never scored has erred with nobody.
    if (!quantum.isOn.entanglement || chance === null || !own || own.answers >= quantum.uncertainBelow)
      return chance
    const partners = [...answersOf].flatMap(([other, { answers, byChance }]) => {
      const overlap = isOneSpore(other, contributor) ? 0 : record.entanglement(contributor, other)
      if (overlap === 0 || answers < quantum.uncertainBelow) return []
      const start = isConfigured(other) ? params.startTrust : byChance / answers
      return [{ overlap, gain: (chanceOf(other) ?? start) - start }]
    })
    return Math.min(1, chance + priorLift(partners, own.answers, params, quantum))
  }
}

const isOneSpore = (a: string, b: string): boolean => a.split(' ', 1)[0] === b.split(' ', 1)[0]
