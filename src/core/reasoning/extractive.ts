/**
 * The built-in reasoner that needs no model: it answers a question with sentences of recalled memories, to the letter,
 * and cites every one. Where the memories do not cover the question it gives no answer and says why.
 *
 * Recalled text is data. Nothing here acts on what a sentence says, so there is nothing to inject: a hostile memory can
 * at most be quoted, and is then shown with its source.
 *
 * Invariants: every quote is a piece of its memory's text; citation `[n]` of the answer is `sources[n − 1]`, and no other
 * text of the answer looks like a citation; the same input gives the same answer.
 */
import { compareText } from '../base/bytes.ts'
import { createAnalyser } from '../retrieval/analysis.ts'
import { type Sentence, splitSentences } from './sentences.ts'

/** How this reasoner signs its contributions. */
export const EXTRACTIVE_MODEL = 'extractive'

/** A recalled memory. */
export interface Passage {
  readonly id: string
  readonly text: string
  readonly author: string
  /** Relevance by the retriever, higher is better; only compared within one call. */
  readonly score: number
  readonly thread: string | null
  readonly position: number | null
}

/** What is needed of the retriever's `Analyser`: text → stems without stop and question words. */
export interface TermAnalyser {
  query(text: string): { readonly terms: ReadonlyMap<string, number> }
  document(text: string): { readonly terms: ReadonlyMap<string, number> }
}

export interface ExtractOptions {
  /** Default: one made for this call; the retriever's own remembers stems. */
  readonly analyser?: TermAnalyser
  /** How telling a term is, above 0, such as its inverse document frequency. Without it all terms weigh the same. */
  readonly weightOf?: (term: string) => number
  /** Sentences of the answer, default `ANSWER_SENTENCES_MAX`. */
  readonly sentencesMax?: number
  /** UTF-16 code units of the answer, default `ANSWER_CHARS_MAX`. */
  readonly charsMax?: number
}

export interface Quotation {
  readonly id: string
  /** A piece of the memory's text, exactly as it stands there. */
  readonly quote: string
}

export type Extract =
  | { readonly answer: string; readonly sources: readonly Quotation[] }
  /** Why there is no answer: one sentence for people. */
  | { readonly nothing: string }

/** An answer is read at a glance; who wants more opens its sources. */
export const ANSWER_SENTENCES_MAX = 5
export const ANSWER_CHARS_MAX = 1200
/** Memories that are read for one answer, best first: what follows is hardly relevant. */
export const PASSAGES_MAX = 50
/** UTF-16 code units that are read for one answer: two of the largest memories, or hundreds of usual ones. */
export const READ_CHARS_MAX = 128 * 1024
/** Terms of a question that count; of a longer text its first words tell what it is about. */
export const QUESTION_TERMS_MAX = 64

/** Share of the question's weight that must be found in one place, so that a word in passing is no answer. */
const COVERED_SHARE = 0.6
/** In a long question so many average terms in one place are enough… */
const COVERED_TERMS = 4
/** …but never less than this share. */
const COVERED_SHARE_MIN = 0.2
/** Sentences before and after that belong to the same place. */
const WINDOW = 2
/** What a term in the neighbourhood counts, against one in the sentence itself. */
const NEAR_WEIGHT = 0.4
/** What a question just before counts: in a conversation the answer is in the sentence that follows. */
const REPLY_WEIGHT = 0.8
/** A further sentence must be at least this good against the best one. */
const FOLLOWING_SHARE = 0.5
/** Sentences that share this much of their terms say the same. */
const SAME_SHARE = 0.8

interface Candidate {
  readonly passage: Passage
  readonly sentence: Sentence
  readonly text: string
  /** Every term, to tell repetitions. */
  readonly terms: ReadonlySet<string>
  /** Terms of the question in the sentence, and those of the heading above it. */
  readonly matched: readonly string[]
  readonly heading: readonly string[]
}

/** Sentences that stand together: of one memory, or of neighbours in one thread. */
type Sequence = readonly Candidate[]

interface Ranked {
  readonly candidate: Candidate
  readonly sequence: number
  readonly index: number
  readonly score: number
}

/** Answers `question` from `passages`. Pure; hostile text in either is only ever compared and quoted. */
export function extractAnswer(
  question: string,
  passages: readonly Passage[],
  options: ExtractOptions = {},
): Extract {
  const { analyser = createAnalyser() } = options
  const weights = questionWeights(question, analyser, options.weightOf ?? (() => 1))
  if (weights.size === 0) return { nothing: 'The question has no word to look for.' }
  if (passages.length === 0) return { nothing: 'Nothing was recalled for the question.' }
  const sequences = readPassages(passages, weights, analyser)
  const ranked = sequences.flatMap((sequence, number) =>
    rankSequence(sequence, number, weights, bestScore(passages)),
  )
  if (ranked.length === 0) return { nothing: 'What was recalled does not cover the question.' }
  ranked.sort((a, b) => b.score - a.score || a.sequence - b.sequence || a.index - b.index)
  const picked = pickSentences(ranked, weights, options)
  return picked.length === 0
    ? { nothing: 'No sentence that answers is short enough to quote.' }
    : compose(picked)
}

function questionWeights(
  question: string,
  analyser: TermAnalyser,
  weightOf: (term: string) => number,
): Map<string, number> {
  const terms = [...analyser.query(question).terms.keys()].slice(0, QUESTION_TERMS_MAX)
  return new Map(terms.map((term) => [term, weightOf(term)]))
}

const bestScore = (passages: readonly Passage[]): number => Math.max(...passages.map(({ score }) => score), 0)

// --- Reading ---

function readPassages(
  passages: readonly Passage[],
  weights: ReadonlyMap<string, number>,
  analyser: TermAnalyser,
): Sequence[] {
  const passagesById = new Map(passages.map((passage) => [passage.id, passage]))
  const best = [...passagesById.values()]
    .sort((a, b) => b.score - a.score || compareText(a.id, b.id))
    .slice(0, PASSAGES_MAX)
  let left = READ_CHARS_MAX
  const candidatesById = new Map<string, Candidate[]>()
  for (const passage of best) {
    const text = passage.text.slice(0, left).replace(/[\ud800-\udbff]$/, '')
    left -= text.length
    candidatesById.set(passage.id, readPassage(passage, text, weights, analyser))
  }
  return joinThreads(best).map((run) => run.flatMap(({ id }) => candidatesById.get(id) ?? []))
}

function readPassage(
  passage: Passage,
  text: string,
  weights: ReadonlyMap<string, number>,
  analyser: TermAnalyser,
): Candidate[] {
  const candidates: Candidate[] = []
  let heading: readonly string[] = []
  for (const sentence of splitSentences(text)) {
    const piece = text.slice(sentence.start, sentence.end)
    const terms = new Set(analyser.document(piece).terms.keys())
    const matched = [...weights.keys()].filter((term) => terms.has(term))
    if (sentence.kind === 'heading') heading = matched
    else candidates.push({ passage, sentence, text: piece, terms, matched, heading })
  }
  return candidates
}

/** Memories of one thread at neighbouring positions, in their order; the others alone. Best first. */
function joinThreads(passages: readonly Passage[]): Passage[][] {
  const byPlace = new Map<string, Passage>()
  const placeOf = ({ thread, position }: Passage, step: number) =>
    thread === null || !Number.isSafeInteger(position) ? null : `${(position ?? 0) + step} ${thread}`
  for (const passage of passages) {
    const place = placeOf(passage, 0)
    if (place !== null && !byPlace.has(place)) byPlace.set(place, passage)
  }
  const at = (passage: Passage, step: number) => byPlace.get(placeOf(passage, step) ?? '')
  const seen = new Set<Passage>()
  const runs: Passage[][] = []
  for (const passage of passages) {
    if (seen.has(passage)) continue
    let first = passage
    for (let before = at(first, -1); before && !seen.has(before); before = at(first, -1)) first = before
    const run: Passage[] = []
    for (let next: Passage | undefined = first; next && !seen.has(next); next = at(next, 1)) {
      seen.add(next)
      run.push(next)
    }
    runs.push(run)
  }
  return runs
}

// --- Ranking ---

/** The sentences of a sequence that may stand in an answer, with their scores. */
function rankSequence(
  sequence: Sequence,
  number: number,
  weights: ReadonlyMap<string, number>,
  bestScore: number,
): Ranked[] {
  const whole = sumOf(weights.keys(), weights)
  const needed = Math.max(
    Math.min(COVERED_SHARE * whole, (COVERED_TERMS * whole) / weights.size),
    COVERED_SHARE_MIN * whole,
  )
  const ranked: Ranked[] = []
  for (const [index, candidate] of sequence.entries()) {
    const around = sequence.slice(Math.max(0, index - WINDOW), index + WINDOW + 1)
    const place = new Set([...candidate.heading, ...around.flatMap(({ matched }) => matched)])
    const covered = sumOf(place, weights)
    const own = sumOf(candidate.matched, weights)
    const asked = askedBefore(sequence, index)
    const reply = asked ? REPLY_WEIGHT * sumOf(asked.matched, weights) : 0
    if (covered < needed || (own === 0 && reply < REPLY_WEIGHT * needed)) continue
    const score = Math.max(own, reply) + NEAR_WEIGHT * (covered - own)
    const { passage } = candidate
    const recall = bestScore > 0 ? 0.6 + 0.4 * Math.max(0, passage.score / bestScore) : 1
    ranked.push({
      candidate,
      sequence: number,
      index,
      score: score * recall * shapeFactor(candidate, weights),
    })
  }
  return ranked
}

function askedBefore(sequence: Sequence, index: number): Candidate | null {
  const before = sequence[index - 1]
  return before && isQuestion(before) ? before : null
}

const isQuestion = ({ text }: Candidate): boolean => /[?？]["'”’)\]*_]*$/.test(text)

/** What a sentence says by itself: a row of a table lacks its head, code lacks words. */
const SHAPE = { prose: 1, heading: 1, row: 0.8, code: 0.7 }

/**
 * A question answers nothing, code and table rows say little by themselves, a single word is a scrap; and what begins
 * with a word that was asked for is about it (`A frontier is …`, `| frontier | …`).
 */
function shapeFactor(candidate: Candidate, weights: ReadonlyMap<string, number>): number {
  const kind = isQuestion(candidate) ? 0.4 : SHAPE[candidate.sentence.kind]
  const scrap = candidate.terms.size < 2 ? 0.7 : 1
  const [first = ''] = candidate.terms
  return kind * scrap * (weights.has(first) ? 1.1 : 1)
}

function sumOf(terms: Iterable<string>, weights: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const term of terms) sum += weights.get(term) ?? 0
  return sum
}

// --- Choosing ---

function pickSentences(
  ranked: readonly Ranked[],
  weights: ReadonlyMap<string, number>,
  { sentencesMax = ANSWER_SENTENCES_MAX, charsMax = ANSWER_CHARS_MAX }: ExtractOptions,
): Ranked[] {
  const picked: Ranked[] = []
  const covered = new Set<string>()
  const rest = ranked.filter(({ score }) => score >= FOLLOWING_SHARE * (ranked[0] as Ranked).score)
  let left = charsMax
  while (picked.length < sentencesMax) {
    const next = bestOf(rest, (item) => {
      const fresh = item.candidate.matched.filter((term) => !covered.has(term))
      const own = sumOf(item.candidate.matched, weights)
      return item.score * (0.5 + (own > 0 ? (0.5 * sumOf(fresh, weights)) / own : 0.5))
    })
    if (!next) break
    rest.splice(rest.indexOf(next), 1)
    const size = shownText(next.candidate.text).length + CITATION_CHARS
    if (size > left || picked.some(({ candidate }) => saysTheSame(candidate, next.candidate))) continue
    left -= size
    picked.push(next)
    for (const term of next.candidate.matched) covered.add(term)
  }
  return picked
}

/** Room for ` [50] ` beside a quote. */
const CITATION_CHARS = 6

function bestOf(items: readonly Ranked[], worthOf: (item: Ranked) => number): Ranked | null {
  let best: Ranked | null = null
  let bestValue = Number.NEGATIVE_INFINITY
  for (const item of items) {
    const value = worthOf(item)
    if (value > bestValue) {
      best = item
      bestValue = value
    }
  }
  return best
}

function saysTheSame(a: Candidate, b: Candidate): boolean {
  let shared = 0
  for (const term of a.terms) if (b.terms.has(term)) shared++
  return shared >= SAME_SHARE * (a.terms.size + b.terms.size - shared)
}

// --- Writing ---

/** The answer: places in the order of their best sentence, sentences in the order of the text. */
function compose(picked: readonly Ranked[]): Extract {
  const sequences = [...new Set(picked.map(({ sequence }) => sequence))]
  const sources: Quotation[] = []
  const paragraphs = sequences.map((number) => {
    const ofSequence = picked.filter(({ sequence }) => sequence === number).sort((a, b) => a.index - b.index)
    return joinNeighbours(ofSequence)
      .map((quotation) => `${shownText(quotation.quote)} [${sources.push(quotation)}]`)
      .join(' ')
  })
  return { answer: paragraphs.join('\n'), sources }
}

/** Sentences that follow each other in one memory with nothing but blanks between them become one quote. */
function joinNeighbours(picked: readonly Ranked[]): Quotation[] {
  const spans: { passage: Passage; start: number; end: number }[] = []
  for (const { candidate } of picked) {
    const { passage, sentence } = candidate
    const last = spans.at(-1)
    if (last?.passage === passage && passage.text.slice(last.end, sentence.start).trim() === '')
      last.end = sentence.end
    else spans.push({ passage, start: sentence.start, end: sentence.end })
  }
  return spans.map(({ passage, start, end }) => ({ id: passage.id, quote: passage.text.slice(start, end) }))
}

/** Controls, line and paragraph separators, and the marks that reorder text on a screen. */
const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu
const LIKE_CITATION = /\[(\d+)\]/g

/** A quote as the answer shows it: on one line, and with nothing in it that could pass for a citation of ours. */
const shownText = (quote: string): string =>
  quote.toWellFormed().replace(UNSHOWN, ' ').replace(/\s+/g, ' ').trim().replace(LIKE_CITATION, '($1)')
