/**
 * Relevance feedback, RM3 (Abdul-Jaleel et al., "UMass at TREC 2004"): the best hits of a query name the terms that
 * its author did not think of.
 */
import type { Bag } from './analysis.ts'
import type { WeightedFeature } from './query-features.ts'

export interface FeedbackSource {
  readonly terms: Bag
  /** Score of the document for the query as it was asked. */
  readonly score: number
}

/**
 * The `count` terms that are most likely under the sources' language models, each model weighted by its document's
 * score; their weights sum to 1. Equal weights in the order of the terms' code units.
 */
export function feedbackTerms(sources: readonly FeedbackSource[], count: number): WeightedFeature[] {
  const weights = new Map<string, number>()
  for (const { terms, score } of sources) {
    let length = 0
    for (const times of terms.values()) length += times
    for (const [term, times] of terms) weights.set(term, (weights.get(term) ?? 0) + (score * times) / length)
  }
  const best = [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, count)
  let total = 0
  for (const [, weight] of best) total += weight
  return best.map(([term, weight]) => [term, weight / total])
}
