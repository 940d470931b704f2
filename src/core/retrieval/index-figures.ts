/** What an index is made of, in numbers: for its operator, and for whoever measures it. */
import type { Analyser } from './analysis.ts'
import type { Collection } from './collection.ts'
import type { RetrievalParams } from './params.ts'

/** The parts of a retriever, to be looked at and not changed; it holds until the next `put`, `remove` or `tidy`. */
export interface IndexParts {
  readonly collection: Collection
  readonly analyser: Analyser
  readonly params: RetrievalParams
  /** Where what lives is being moved to, and how many places are done; null while nothing is moved. */
  readonly next: { readonly collection: Collection; readonly moved: number } | null
}

export interface IndexFigures {
  /** Documents that can be found. */
  readonly entries: number
  /** Documents that were removed and still take room. */
  readonly dead: number
  /** Different words, the stems that they stand for, and their 4-grams. */
  readonly tokens: number
  readonly terms: number
  readonly grams: number
  readonly bytes: number
  /** Parts that the index consists of: two while what lives is moved to a new one. */
  readonly segments: number
  readonly moving: { readonly moved: number; readonly of: number } | null
}

export function indexFigures({ collection, next }: IndexParts): IndexFigures {
  const { table, vocabulary } = collection
  return {
    entries: table.size,
    dead: table.ordinals - table.size,
    tokens: vocabulary.tokens.size,
    terms: vocabulary.terms.size,
    grams: vocabulary.grams.size,
    bytes: collection.bytes + (next?.collection.bytes ?? 0),
    segments: next ? 2 : 1,
    moving: next && { moved: next.moved, of: table.ordinals },
  }
}
