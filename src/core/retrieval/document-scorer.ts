/**
 * Scores one document for a query, exactly, from the tokens that are kept of it: about a microsecond each. So the lists of
 * postings need but name the few documents that are worth it, and 4-grams need no postings at all.
 *
 * Determinism: occurrences are counted in integers, and sums taken in the order of the query.
 */
import { lengthNorm } from './bm25.ts'
import type { Collection } from './collection.ts'
import { createTokenBuffer } from './forward-index.ts'
import { widened } from './growing.ts'
import type { RetrievalParams } from './params.ts'
import type { QueryFeature, QueryFeatures } from './query-features.ts'

/** What a query's words find in one document. */
export interface DocumentScore {
  readonly terms: number
  /** Share of the query's terms, in idf, that the document has: 0 … 1. */
  readonly termsShare: number
  readonly grams: number
  readonly gramsShare: number
  readonly feedback: number
}

export interface DocumentScorer {
  /** From now on for this query. Numbers of features are distinct. */
  begin(query: QueryFeatures): void
  /** Scores for these terms, too: those of relevance feedback. */
  beginFeedback(features: readonly QueryFeature[]): void
  score(ordinal: number): DocumentScore
}

/** The features of one kind that are looked for. */
interface Sought {
  /** Place among the features + 1, by number; 0 for what is not looked for. */
  places: Uint16Array<ArrayBuffer>
  features: readonly QueryFeature[]
  /** Where the counts of the kind begin. */
  start: number
}

/** Of a token: not looked at yet for this query. */
const UNKNOWN = 0
/** It has nothing that is looked for, as nearly all have. */
const OTHER = 1
const SOUGHT = 2

export function createDocumentScorer(collection: Collection, params: RetrievalParams): DocumentScorer {
  const { forward, vocabulary, table } = collection
  const buffer = createTokenBuffer()
  const [terms, grams, feedback] = [createSought(), createSought(), createSought()]
  /** How often the document at hand has each feature: those of all three kinds behind one another. */
  let found = new Int32Array(0)
  /** By token; a byte each, for this is asked of every word of every candidate. */
  let verdicts = new Uint8Array(0)
  /** By token that is sought: where in `listed` the places in `found` stand that it counts for, behind their number. */
  let listedAt = new Uint32Array(0)
  const judged: number[] = []
  let listed = new Uint16Array(0)
  let listedSize = 0
  let termsPossible = 0
  let gramsPossible = 0
  let meanTerms = 0
  let meanGrams = 0

  const forget = (): void => {
    for (const token of judged) verdicts[token] = UNKNOWN
    judged.length = 0
    verdicts = widened(verdicts, vocabulary.tokens.size)
    listedAt = widened(listedAt, vocabulary.tokens.size)
    listedSize = 0
    let size = 0
    for (const kind of [terms, grams, feedback]) {
      kind.start = size
      size += kind.features.length
    }
    found = widened(found, size)
  }

  const list = (value: number): void => {
    listed = widened(listed, listedSize)
    listed[listedSize++] = value
  }

  /** Lists what a token counts for. */
  const judge = (token: number): number => {
    const { termOf, gramStarts, gramNumbers } = vocabulary
    const at = listedSize
    list(0)
    for (const kind of [terms, feedback]) {
      const place = kind.places[termOf[token]!]!
      if (place !== 0) list(kind.start + place - 1)
    }
    for (let i = gramStarts[token]!; i < gramStarts[token + 1]!; i++) {
      const place = grams.places[gramNumbers[i]!]!
      if (place !== 0) list(grams.start + place - 1)
    }
    const size = listedSize - at - 1
    listed[at] = size
    if (size === 0) listedSize = at
    listedAt[token] = at
    verdicts[token] = size === 0 ? OTHER : SOUGHT
    judged.push(token)
    return verdicts[token]!
  }

  /** Counts what the document has of what is looked for. */
  const count = (ordinal: number): void => {
    found.fill(0)
    const size = forward.read(ordinal, buffer)
    const { tokens, counts } = buffer
    for (let i = 0; i < size; i++) {
      const token = tokens[i]!
      const verdict = verdicts[token]!
      if (verdict === OTHER || (verdict === UNKNOWN && judge(token) === OTHER)) continue
      const times = counts[i]!
      const start = listedAt[token]!
      const end = start + listed[start]!
      for (let at = start + 1; at <= end; at++) found[listed[at]!]! += times
    }
    const name = collection.nameOf(table.speakerOf[ordinal]!)
    for (const term of name.terms)
      for (const { places, start } of [terms, feedback])
        if (places[term] !== 0) found[start + places[term]! - 1] = 1
    for (const gram of name.grams)
      if (grams.places[gram] !== 0) found[grams.start + grams.places[gram]! - 1]!++
  }

  let score = 0
  let share = 0
  /** Sums up what was counted of a kind, and the shares of it. */
  const sumUp = ({ features, start }: Sought, norm: number): void => {
    score = 0
    share = 0
    for (let i = 0; i < features.length; i++) {
      const times = found[start + i]!
      if (times === 0) continue
      const feature = features[i]!
      score += (feature.idf * (params.k1 + 1) * times) / (times + norm)
      share += feature.share
    }
  }

  return {
    begin(query) {
      look(terms, query.terms, vocabulary.terms.size)
      look(grams, query.grams, vocabulary.grams.size)
      look(feedback, [], vocabulary.terms.size)
      forget()
      ;({ termsPossible, gramsPossible } = query)
      ;({ meanTerms, meanGrams } = collection)
    },
    beginFeedback(features) {
      look(feedback, features, vocabulary.terms.size)
      forget()
    },
    score(ordinal) {
      count(ordinal)
      const norm = lengthNorm(params, collection.lengths[ordinal]!, meanTerms)
      sumUp(terms, norm)
      const termsShare = share / (termsPossible || 1)
      const byTerms = score * termsShare ** params.coordination
      sumUp(grams, lengthNorm(params, collection.gramLengths[ordinal]!, meanGrams))
      const [byGrams, gramsShare] = [score, share / (gramsPossible || 1)]
      sumUp(feedback, norm)
      return { terms: byTerms, termsShare, grams: byGrams, gramsShare, feedback: score }
    },
  }
}

const createSought = (): Sought => ({ places: new Uint16Array(0), features: [], start: 0 })

/** Looks for these features instead of those before; there are `size` of the kind. */
function look(sought: Sought, features: readonly QueryFeature[], size: number): void {
  for (const { number } of sought.features) if (number >= 0) sought.places[number] = 0
  sought.places = widened(sought.places, size)
  sought.features = features
  for (const [i, { number }] of features.entries()) if (number >= 0) sought.places[number] = i + 1
}
