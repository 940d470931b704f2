/**
 * How much a search loses by not scoring every document: the same question answered by the search as it is, and by a score for
 * each document there is. The latter takes a second for a million, so it goes in steps, and searches go on in between.
 *
 * What is compared is what pruning can lose: the score of words and grams. What feedback, place, speaker, trust and age add
 * starts from the same candidates. A hit counts as found where its full score is one of the best ten, so that
 * equal scores lose nothing.
 */
import type { Digest } from '../base/brand.ts'
import type { ScorePart } from '../protocol/score-parts.ts'
import type { Retriever } from './contract.ts'
import { createDocumentScorer } from './document-scorer.ts'
import { createTokenBuffer } from './forward-index.ts'
import type { IndexParts } from './index-figures.ts'
import { createQueryFeatures } from './query-features.ts'

export interface RecallAudit {
  /** Goes on until `isOver` says so; true while there is more to do. */
  step(isOver: () => boolean): boolean
  /** Share of the best ten that the search finds, 0 … 1, of the questions that were answered in full; null without any. */
  readonly recall: number | null
  readonly questions: number
}

const HITS = 10
/** Words of a question, taken as they stand in a document: as many as people use. */
const QUESTION_WORDS = 8
/** Documents that are scored between two looks at the clock: at 2 µs each, and 50 for the longest, well below a slice. */
const SCORED_A_LOOK = 32
/** The same where two numbers are added and compared. */
const RANKED_A_LOOK = 4096
const ROUNDING = 1e-12

const WITHOUT: ReadonlySet<ScorePart> = new Set(['feedback', 'place', 'speaker', 'trust', 'age'])

/** The question at hand: what the search found, how far it is scored and ranked, and the ten best scores so far. */
interface Question {
  readonly found: readonly Digest[]
  scored: number
  ranked: number
  maxTerms: number
  maxGrams: number
  readonly best: number[]
}

/** `questions` are asked, each made of the words of another document; `turn` says which documents. */
export function createRecallAudit(
  retriever: Pick<Retriever, 'search'>,
  parts: IndexParts,
  questions: number,
  turn: number,
): RecallAudit {
  const { collection, analyser, params } = parts
  const scorer = createDocumentScorer(collection, params)
  const { table } = collection
  /** What comes later is not part of it. */
  const end = table.ordinals
  const scores = { terms: new Float64Array(end), grams: new Float64Array(end) }
  const sources = sourcesOf(parts, questions, turn)
  let asked = 0
  let sum = 0
  let current: Question | null = null

  const begin = (source: number): void => {
    const text = questionOf(parts, source)
    const query = { text, limit: HITS, scope: {}, without: WITHOUT, isFolded: false, explain: false }
    const found = retriever.search(query).hits.map(({ id }) => id)
    scorer.begin(createQueryFeatures(analyser.query(text), collection, params))
    current = { found, scored: 0, ranked: 0, maxTerms: 0, maxGrams: 0, best: [] }
  }

  const scoreSome = (question: Question): void => {
    const until = Math.min(end, question.scored + SCORED_A_LOOK)
    for (; question.scored < until; question.scored++) {
      const ordinal = question.scored
      scores.terms[ordinal] = scores.grams[ordinal] = 0
      if (table.alive[ordinal] === 0) continue
      const { terms, termsShare, grams, gramsShare } = scorer.score(ordinal)
      if (termsShare === 0 && gramsShare < params.gramShareMin) continue
      scores.terms[ordinal] = terms
      scores.grams[ordinal] = grams
      question.maxTerms = Math.max(question.maxTerms, terms)
      question.maxGrams = Math.max(question.maxGrams, grams)
    }
  }

  const scoreOf = ({ maxTerms, maxGrams }: Question, ordinal: number): number =>
    scores.terms[ordinal]! / (maxTerms || 1) + (params.gramWeight * scores.grams[ordinal]!) / (maxGrams || 1)

  /** Only once all are scored is it known by what their parts are divided. */
  const rankSome = (question: Question): void => {
    const { best } = question
    const until = Math.min(end, question.ranked + RANKED_A_LOOK)
    for (; question.ranked < until; question.ranked++) {
      if (table.alive[question.ranked] === 0) continue
      const score = scoreOf(question, question.ranked)
      if (score === 0 || (best.length === HITS && score <= best.at(-1)!)) continue
      if (best.length === HITS) best.pop()
      const place = best.findIndex((other) => other < score)
      best.splice(place < 0 ? best.length : place, 0, score)
    }
  }

  const judge = (question: Question): void => {
    const { best, found } = question
    asked++
    if (best.length === 0) {
      sum += 1
      return
    }
    // The same numbers are summed up in another order by the search.
    const least = best.at(-1)! * (1 - ROUNDING)
    const ordinals = found.map(table.find).filter((ordinal) => ordinal >= 0 && ordinal < end)
    const good = ordinals.filter((ordinal) => scoreOf(question, ordinal) >= least)
    sum += Math.min(1, good.length / best.length)
  }

  return {
    step(isOver) {
      while (!isOver()) {
        if (current === null) {
          const source = sources.shift()
          if (source === undefined) return false
          begin(source)
        } else if (current.scored < end) scoreSome(current)
        else if (current.ranked < end) rankSome(current)
        else {
          judge(current)
          current = null
        }
      }
      return current !== null || sources.length > 0
    },
    get recall() {
      return asked === 0 ? null : sum / asked
    },
    get questions() {
      return asked
    },
  }
}

/** Living documents, evenly spread, others in each turn. */
function sourcesOf({ collection: { table } }: IndexParts, questions: number, turn: number): number[] {
  if (table.size === 0) return []
  const sources = new Set<number>()
  const stride = table.ordinals / questions
  for (let i = 0; i < questions; i++) {
    let ordinal = Math.floor(i * stride + turn * 7919) % table.ordinals
    // There is a living one: the table is not empty.
    while (table.alive[ordinal] === 0) ordinal = (ordinal + 1) % table.ordinals
    sources.add(ordinal)
  }
  return [...sources]
}

function questionOf({ collection }: IndexParts, ordinal: number): string {
  const buffer = createTokenBuffer()
  const size = collection.forward.read(ordinal, buffer)
  const from = size <= QUESTION_WORDS ? 0 : (ordinal * 31) % (size - QUESTION_WORDS)
  const words = buffer.tokens.subarray(from, Math.min(size, from + QUESTION_WORDS))
  return [...words].map((token) => collection.vocabulary.tokens.text(token)).join(' ')
}
