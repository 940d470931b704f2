/** The scope of one query as a column by ordinal, decided once for each document that a posting names. */
import { type Gate, INSIDE, OUTSIDE, UNDECIDED } from './bm25.ts'
import type { Collection } from './collection.ts'
import type { ScopeTest } from './scope.ts'

export interface GateKeeper {
  /** A gate that holds until the next call. */
  open(scope: ScopeTest): Gate
}

export function createGateKeeper(collection: Collection): GateKeeper {
  let decided = new Uint8Array(0)
  return {
    open(scope) {
      const { alive } = collection
      // Without a filter, being alive is the whole answer.
      if (scope.isOpen) return { states: alive, decide: (ordinal) => alive[ordinal]! }
      if (decided.length < alive.length) decided = new Uint8Array(alive.length)
      else decided.fill(UNDECIDED)
      const states = decided
      return {
        states,
        decide(ordinal) {
          if (states[ordinal] !== UNDECIDED) return states[ordinal]!
          const isInside =
            alive[ordinal] === INSIDE && scope.provenance(collection.document(ordinal)) !== null
          states[ordinal] = isInside ? INSIDE : OUTSIDE
          return states[ordinal]!
        },
      }
    },
  }
}
