/**
 * Decoherence: what is left of a memory's relevance with the days since it was last useful. The function itself lives where it is used, in
 * retrieval, which may import nothing of reasoning; this is its place in the layer: the switch, and what is shown of it.
 */
import type { RetrievalParams } from '../../retrieval/params.ts'
import type { QuantumParams } from './quantum-params.ts'

export { ageFactor, decoherence } from '../../retrieval/age.ts'

/** What retrieval is given: off, age weighs nothing. */
export const decoherenceChanges = ({ isOn }: QuantumParams): Partial<RetrievalParams> =>
  isOn.decoherence ? {} : { ageWeight: 0 }

/** How fast it goes, for people: rate a day, the least that is left, and its weight in relevance. */
export const decoherenceView = ({
  ageRate,
  ageFloor,
  ageWeight,
}: RetrievalParams): { readonly rate: number; readonly floor: number; readonly weight: number } => ({
  rate: ageRate,
  floor: ageFloor,
  weight: ageWeight,
})
