/** A query as the numbers of the terms and grams that it has, each with its weight. */
import type { Bag } from './analysis.ts'
import { inverseDocumentFrequency } from './bm25.ts'
import type { Collection } from './collection.ts'
import type { RetrievalParams } from './params.ts'

/** A feature of a query and its weight in it. */
export type WeightedFeature = readonly [feature: string, weight: number]

export interface QueryFeature {
  /** Its term or gram; −1 where no document ever had it. */
  readonly number: number
  readonly weight: number
  /** Living documents that have it. */
  readonly frequency: number
  /** What one occurrence adds at most, over k1 + 1. */
  readonly idf: number
  /** What it counts for among what a document matches of the query. */
  readonly share: number
}

export interface QueryFeatures {
  /** Each once, in the order of the query. */
  readonly terms: readonly QueryFeature[]
  /** The sum of their shares. */
  readonly termsPossible: number
  readonly grams: readonly QueryFeature[]
  readonly gramsPossible: number
}

export function createQueryFeatures(
  { terms, grams }: { readonly terms: Bag; readonly grams: Bag },
  collection: Collection,
  params: RetrievalParams,
): QueryFeatures {
  const ofTerms = termFeatures([...terms].slice(0, params.queryTermsMax), collection)
  const { vocabulary, gramFrequencies, table } = collection
  const ofGrams = [...grams].slice(0, params.queryGramsMax).map(([text, weight]) => {
    const number = vocabulary.grams.find(text)
    return feature(number, weight, gramFrequencies[number] ?? 0, table.size, params.imaginedDocuments)
  })
  return {
    terms: ofTerms,
    termsPossible: sumOfShares(ofTerms),
    grams: ofGrams,
    gramsPossible: sumOfShares(ofGrams),
  }
}

export function termFeatures(
  weighted: readonly WeightedFeature[],
  { vocabulary, termFrequencies, table }: Collection,
): QueryFeature[] {
  return weighted.map(([text, weight]) => {
    const number = vocabulary.terms.find(text)
    return feature(number, weight, termFrequencies[number] ?? 0, table.size, 0)
  })
}

function feature(
  number: number,
  weight: number,
  frequency: number,
  documents: number,
  imagined: number,
): QueryFeature {
  const idf = weight * inverseDocumentFrequency(documents, frequency)
  const share = weight * inverseDocumentFrequency(documents + imagined, frequency)
  return { number, weight, frequency, idf, share }
}

const sumOfShares = (features: readonly QueryFeature[]): number =>
  features.reduce((sum, { share }) => sum + share, 0)
