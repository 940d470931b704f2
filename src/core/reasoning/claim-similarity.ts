/**
 * How alike two claims are, 0…1: share of stems and 4-grams that they have in common (Dice), in the features of retrieval.
 * Counts are whole, so the ratio is the same everywhere. With embeddings the caller passes a measure of its own.
 */
import { createAnalyser } from '../retrieval/analysis.ts'

export type Similarity = (a: string, b: string) => number

/** Part of the stems; the rest is of the grams, which find misspellings and other forms. */
const STEM_SHARE = 0.5

export function createClaimSimilarity(): Similarity {
  const { document } = createAnalyser()
  return (a, b) => {
    const [x, y] = [document(a), document(b)]
    // Where one is all stop words, what is left of it are its grams.
    if (x.terms.size === 0 || y.terms.size === 0) return dice(x.grams, y.grams)
    const stems = dice(x.terms, y.terms)
    return STEM_SHARE * stems + (1 - STEM_SHARE) * dice(x.grams, y.grams)
  }
}

/** 2·common ÷ sum of both counts; 0 where either has none. */
function dice(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  if (a.size === 0 || b.size === 0) return 0
  let common = 0
  for (const feature of a.keys()) if (b.has(feature)) common++
  return (2 * common) / (a.size + b.size)
}
