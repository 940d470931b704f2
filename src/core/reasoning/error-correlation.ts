/** Errors made together are part of entanglement (`synthesis/entanglement.ts`). */
export { entanglementOf, type SharedOutcomes } from './synthesis/entanglement.ts'
