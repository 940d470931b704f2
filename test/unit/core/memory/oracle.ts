/** The npm package `crdts` as an oracle: it shares no code and no idea of logs, dots or frontiers with ours. */
import { ORSet } from 'crdts'

/** An observed-remove set of texts that replicates by whole state. */
export interface Oracle {
  add(value: string, tag: string): void
  remove(value: string): void
  merge(other: Oracle): void
  values(): string[]
  readonly set: ORSet
}

export function createOracle(): Oracle {
  const set = new ORSet()
  return {
    set,
    // Always a unique tag: an add without one can never come back after a removal.
    add: (value, tag) => set.add(value, tag),
    remove: (value) => set.remove(value),
    merge(other) {
      set.merge(other.set)
    },
    values: () => [...set.values()].sort(),
  }
}
