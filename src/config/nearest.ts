/** "Did you mean": the candidate most like a misspelt name. */
import similarity from 'natural/lib/natural/distance/jaro-winkler_distance.js'

/** Above this Jaro–Winkler similarity a name is taken for a misspelling and not for something else entirely. */
export const MISSPELT_SIMILARITY_MIN = 0.85

export interface Nearest {
  readonly name: string
  /** Jaro–Winkler similarity in [0, 1]; case is ignored. */
  readonly similarity: number
}

/** The candidate nearest to `name`, the first of equals; null where there is none. */
export function nearestName(name: string, candidates: Iterable<string>): Nearest | null {
  let best: Nearest | null = null
  for (const candidate of candidates) {
    const score = similarity(name, candidate, { ignoreCase: true })
    if (!best || score > best.similarity) best = { name: candidate, similarity: score }
  }
  return best
}
