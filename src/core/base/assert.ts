/** Throws when an invariant of our own code does not hold. Never for input: that is a `Result`. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`)
}

/** Makes the compiler prove that a switch covers every case. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
