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
  /** From now on for this query. */
  begin(query: QueryFeatures): void
  /** Scores for these terms, too: those of relevance feedback. */
  beginFeedback(features: readonly QueryFeature[]): void
  score(ordinal: number): DocumentScore
}

/** The features of one kind that are looked for, by their number. */
interface Slots {
  /** Place among the features + 1, by number; 0 for what is not looked for. */
  places: Uint16Array<ArrayBuffer>
  features: readonly QueryFeature[]
  counts: Int32Array<ArrayBuffer>
}

const UNKNOWN = 0
const SOUGHT = 1
const OTHER = 2

export function createDocumentScorer(collection: Collection, params: RetrievalParams): DocumentScorer {
  const { forward, vocabulary, table } = collection
  const buffer = createTokenBuffer()
  const [terms, grams, feedback] = [createSlots(), createSlots(), createSlots()]
  /** By token: whether it has anything that is looked for; asked once for each query. */
  let verdicts = new Uint8Array(0)
  const judged: number[] = []
  let termsPossible = 0
  let gramsPossible = 0
  let meanTerms = 0
  let meanGrams = 0

  const forget = (): void => {
    for (const token of judged) verdicts[token] = UNKNOWN
    judged.length = 0
    verdicts = widened(verdicts, vocabulary.tokens.size)
  }

  const judge = (token: number): number => {
    const { termOf, gramStarts, gramNumbers } = vocabulary
    const term = termOf[token]!
    let isSought = terms.places[term] !== 0 || feedback.places[term] !== 0
    const end = gramStarts[token + 1]!
    for (let at = gramStarts[token]!; at < end && !isSought; at++)
      isSought = grams.places[gramNumbers[at]!] !== 0
    verdicts[token] = isSought ? SOUGHT : OTHER
    judged.push(token)
    return verdicts[token]!
  }

  /** Counts what the document has of what is looked for. */
  const count = (ordinal: number): void => {
    for (const { counts, features } of [terms, grams, feedback]) counts.fill(0, 0, features.length + 1)
    const size = forward.read(ordinal, buffer)
    const { tokens, counts } = buffer
    const { termOf, gramStarts, gramNumbers } = vocabulary
    const { places: gramPlaces, counts: gramCounts } = grams
    for (let i = 0; i < size; i++) {
      const token = tokens[i]!
      const verdict = verdicts[token]!
      if (verdict === OTHER || (verdict === UNKNOWN && judge(token) === OTHER)) continue
      const times = counts[i]!
      const term = termOf[token]!
      terms.counts[terms.places[term]!]! += times
      feedback.counts[feedback.places[term]!]! += times
      const end = gramStarts[token + 1]!
      for (let at = gramStarts[token]!; at < end; at++) gramCounts[gramPlaces[gramNumbers[at]!]!]! += times
    }
    const name = collection.nameOf(table.speakerOf[ordinal]!)
    for (const term of name.terms)
      for (const slots of [terms, feedback]) slots.counts[slots.places[term]!] = 1
    for (const gram of name.grams) gramCounts[gramPlaces[gram]!]!++
  }

  /** Sum over what was counted, and the shares of it. */
  const sumUp = ({ features, counts }: Slots, norm: number): { score: number; share: number } => {
    let score = 0
    let share = 0
    for (let i = 0; i < features.length; i++) {
      const times = counts[i + 1]!
      if (times === 0) continue
      const feature = features[i]!
      score += (feature.idf * (params.k1 + 1) * times) / (times + norm)
      share += feature.share
    }
    return { score, share }
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
      const byTerms = sumUp(terms, norm)
      const byGrams = sumUp(grams, lengthNorm(params, collection.gramLengths[ordinal]!, meanGrams))
      const termsShare = byTerms.share / (termsPossible || 1)
      return {
        terms: byTerms.score * termsShare ** params.coordination,
        termsShare,
        grams: byGrams.score,
        gramsShare: byGrams.share / (gramsPossible || 1),
        feedback: sumUp(feedback, norm).score,
      }
    },
  }
}

const createSlots = (): Slots => ({
  places: new Uint16Array(0),
  features: [],
  counts: new Int32Array(1),
})

/** Looks for these features instead of those before; there are `size` of the kind. */
function look(slots: Slots, features: readonly QueryFeature[], size: number): void {
  for (const { number } of slots.features) if (number >= 0) slots.places[number] = 0
  slots.places = widened(slots.places, size)
  slots.counts = widened(slots.counts, features.length)
  slots.features = features
  for (const [i, { number }] of features.entries()) if (number >= 0) slots.places[number] = i + 1
}
