/** Property tests that print how to replay them: `FUZZ_SEED=… npm test -- unit/core/base` runs the same cases. */
import fc from 'fast-check'

/** Cases a property, unless told: enough to meet every branch of small values, and milliseconds. */
const CASES = 1000

/** Checks `property` on `cases` random values; a failure shows the smallest value found and the seed. */
export function fuzz<T>(values: fc.Arbitrary<T>, property: (value: T) => void, cases = CASES): void {
  const seed = process.env.FUZZ_SEED
  const numRuns = process.env.FUZZ_CASES ? Number(process.env.FUZZ_CASES) : cases
  fc.assert(fc.property(values, property), { numRuns, ...(seed ? { seed: Number(seed) } : {}) })
}

/** The same for a property that awaits. */
export async function fuzzAsync<T>(
  values: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
  cases = CASES,
): Promise<void> {
  const seed = process.env.FUZZ_SEED
  const numRuns = process.env.FUZZ_CASES ? Number(process.env.FUZZ_CASES) : cases
  await fc.assert(fc.asyncProperty(values, property), { numRuns, ...(seed ? { seed: Number(seed) } : {}) })
}
