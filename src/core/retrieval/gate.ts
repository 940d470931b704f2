/** The scope of one query as a column by ordinal, decided once for each document that a posting names. */
import type { DocumentTable } from './document-table.ts'
import { widened } from './growing.ts'
import type { ScopeTest } from './scope.ts'

/** What an entry is for this query. */
const UNDECIDED = 0
export const INSIDE = 1
const OUTSIDE = 2

/** Decides which ordinals may be scored. */
export interface Gate {
  /** Whatever is alive is inside. */
  readonly isOpen: boolean
  decide(ordinal: number): typeof INSIDE | typeof OUTSIDE
}

export interface GateKeeper {
  /** A gate that holds until the next call. */
  open(scope: ScopeTest): Gate
}

export function createGateKeeper(table: DocumentTable): GateKeeper {
  let decided = new Uint8Array(0)
  return {
    open(scope) {
      const { alive, ordinals } = table
      // Without a filter, being alive is the whole answer.
      if (scope.isOpen)
        return { isOpen: true, decide: (ordinal) => (alive[ordinal] === 1 ? INSIDE : OUTSIDE) }
      decided = widened(decided, ordinals).fill(UNDECIDED)
      const states = decided
      return {
        isOpen: false,
        decide(ordinal) {
          if (states[ordinal] === UNDECIDED)
            states[ordinal] = alive[ordinal] === 1 && scope.isInside(ordinal) ? INSIDE : OUTSIDE
          return states[ordinal] === INSIDE ? INSIDE : OUTSIDE
        },
      }
    },
  }
}
