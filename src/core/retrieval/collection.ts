/**
 * The documents of a retriever and every index over them.
 *
 * Invariants: ordinals rise in the order of `put`; a document is alive exactly when the table finds its id; `documents`,
 * `frequencies` and the lengths count what is alive and nothing else, so that an index after any history scores to the bit
 * as one that was built from what is left. Postings of the dead stay behind, and are passed over,
 * until the retriever moves what lives to a new collection.
 */
import type { Digest } from '../base/brand.ts'
import type { Kept } from '../base/kept-columns.ts'
import type { Analyser } from './analysis.ts'
import type { RetrievalDocument } from './contract.ts'
import { createDocumentTable, type DocumentTable } from './document-table.ts'
import { createForwardIndex, createTokenBuffer, type ForwardIndex } from './forward-index.ts'
import { widened } from './growing.ts'
import { lengthClass, NO_LENGTH } from './length-classes.ts'
import { createLinks, type Links } from './links.ts'
import { createPostingPool, type PostingPool } from './posting-pool.ts'
import { createThreads, type Threads } from './threads.ts'
import { createVocabulary, type Vocabulary } from './vocabulary.ts'

export interface Collection extends Kept {
  readonly table: DocumentTable
  readonly vocabulary: Vocabulary
  readonly forward: ForwardIndex
  /** By term: the documents that have it. */
  readonly postings: PostingPool
  /** Living documents by term, and by gram. Read anew after a `put`. */
  readonly termFrequencies: Int32Array
  readonly gramFrequencies: Int32Array
  /** Terms of a document by ordinal, repetitions counted, stop words not. */
  readonly lengths: Int32Array
  /** The same in classes; `NO_LENGTH` of a document that is not alive. */
  readonly lengthClasses: Uint8Array
  /** Grams of a document. */
  readonly gramLengths: Int32Array
  /** Mean length of a living document, in terms and in grams. */
  readonly meanTerms: number
  readonly meanGrams: number
  readonly threads: Threads
  readonly links: Links
  /** What the name of a speaker, by number, adds to what is said. */
  nameOf(speaker: number): SpeakerName
  put(document: RetrievalDocument): void
  /** Unknown ids are no error. */
  remove(id: Digest): void
  /** Takes a document that is alive out of another collection, where it has `ordinal`. */
  adopt(other: Collection, ordinal: number): void
  readonly bytes: number
}

/** A speaker's name counts as one term, said or not: what people say is about them as much as what others say to them. */
export interface SpeakerName {
  readonly terms: readonly number[]
  /** Its different grams. */
  readonly grams: readonly number[]
}

const NOBODY: SpeakerName = { terms: [], grams: [] }

export function createCollection(analyser: Analyser, secret: number): Collection {
  const table = createDocumentTable(secret)
  const vocabulary = createVocabulary(analyser, secret)
  const forward = createForwardIndex()
  const postings = createPostingPool()
  const threads = createThreads(table)
  const links = createLinks()
  const buffer = createTokenBuffer()
  let termFrequencies = new Int32Array(0)
  let gramFrequencies = new Int32Array(0)
  let lengths = new Int32Array(0)
  let lengthClasses = new Uint8Array(0)
  let gramLengths = new Int32Array(0)
  /** The document that last had a term or gram, counted from 1, so that each counts once. */
  let termSeen = new Uint32Array(0)
  let gramSeen = new Uint32Array(0)
  let tick = 0
  /** Terms of the document at hand, and how often each occurs. */
  const found: number[] = []
  let foundCounts = new Int32Array(0)
  let totalTerms = 0
  let totalGrams = 0

  /** Notes `count` occurrences of a term of the document at hand. */
  const noteTerm = (term: number, count: number): void => {
    termSeen = widened(termSeen, term)
    foundCounts = widened(foundCounts, term)
    if (termSeen[term] === tick) foundCounts[term]! += count
    else {
      termSeen[term] = tick
      foundCounts[term] = count
      found.push(term)
    }
  }

  /** Counts a gram of the document at hand in or out. */
  const countGram = (gram: number, sign: 1 | -1): void => {
    gramSeen = widened(gramSeen, gram)
    gramFrequencies = widened(gramFrequencies, gram)
    if (gramSeen[gram] === tick) return
    gramSeen[gram] = tick
    gramFrequencies[gram]! += sign
  }

  /** Collects the terms and counts the grams of a document's first `size` tokens in the buffer, and of who said it. */
  const takeApart = (size: number, speaker: number, sign: 1 | -1): { terms: number; grams: number } => {
    tick++
    found.length = 0
    let grams = 0
    const { tokens, counts } = buffer
    const { termOf, gramStarts, gramNumbers } = vocabulary
    for (let i = 0; i < size; i++) {
      const token = tokens[i]!
      noteTerm(termOf[token]!, counts[i]!)
      const end = gramStarts[token + 1]!
      for (let at = gramStarts[token]!; at < end; at++) countGram(gramNumbers[at]!, sign)
      grams += (end - gramStarts[token]!) * counts[i]!
    }
    const name = nameOf(speaker)
    for (const term of name.terms) {
      noteTerm(term, 1)
      foundCounts[term] = 1
    }
    for (const gram of name.grams) countGram(gram, sign)
    grams += name.grams.length
    let terms = 0
    for (const term of found) if (vocabulary.stops[term] === 0) terms += foundCounts[term]!
    return { terms, grams }
  }

  const names: (SpeakerName | undefined)[] = [NOBODY]
  const nameOf = (speaker: number): SpeakerName => {
    const known = names[speaker]
    if (known) return known
    const tokens = [...analyser.tokens(table.speakers.text(speaker)).keys()].map(vocabulary.intern)
    const { termOf, gramStarts, gramNumbers, stops } = vocabulary
    const name = {
      terms: [...new Set(tokens.map((token) => termOf[token]!))].filter((term) => stops[term] === 0),
      grams: [
        ...new Set(
          tokens.flatMap((token) => [...gramNumbers.subarray(gramStarts[token]!, gramStarts[token + 1]!)]),
        ),
      ],
    }
    names[speaker] = name
    return name
  }

  /** Indexes the document of the next ordinal, whose tokens are in the buffer. */
  const index = (ordinal: number, size: number): void => {
    const { terms, grams } = takeApart(size, table.speakerOf[ordinal]!, 1)
    for (const term of found) {
      while (postings.lists <= term) postings.open()
      postings.append(term, ordinal, foundCounts[term]!)
      termFrequencies = widened(termFrequencies, term)
      termFrequencies[term]!++
    }
    lengths = widened(lengths, ordinal)
    lengths[ordinal] = terms
    lengthClasses = widened(lengthClasses, ordinal)
    lengthClasses[ordinal] = lengthClass(terms)
    gramLengths = widened(gramLengths, ordinal)
    gramLengths[ordinal] = grams
    totalTerms += terms
    totalGrams += grams
    threads.add(ordinal, terms)
  }

  const insert = (document: Omit<RetrievalDocument, 'text'>, counts: ReadonlyMap<number, number>): void => {
    const ordinal = table.add(document)
    forward.append(ordinal, counts)
    index(ordinal, forward.read(ordinal, buffer))
    links.add(document.id, document.sources)
  }

  const collection: Collection = {
    table,
    vocabulary,
    forward,
    postings,
    threads,
    links,
    nameOf,
    get termFrequencies() {
      return termFrequencies
    },
    get gramFrequencies() {
      return gramFrequencies
    },
    get lengths() {
      return lengths
    },
    get lengthClasses() {
      return lengthClasses
    },
    get gramLengths() {
      return gramLengths
    },
    get meanTerms() {
      return table.size === 0 ? 0 : totalTerms / table.size
    },
    get meanGrams() {
      return table.size === 0 ? 0 : totalGrams / table.size
    },
    put(document) {
      const known = table.find(document.id)
      if (known >= 0) return table.setProvenance(known, document.provenance)
      const counts = new Map<number, number>()
      for (const [token, count] of analyser.tokens(document.text)) counts.set(vocabulary.intern(token), count)
      insert(document, counts)
    },
    remove(id) {
      const ordinal = table.find(id)
      if (ordinal < 0) return
      const size = forward.read(ordinal, buffer)
      const { terms, grams } = takeApart(size, table.speakerOf[ordinal]!, -1)
      for (const term of found) termFrequencies[term]!--
      lengthClasses[ordinal] = NO_LENGTH
      totalTerms -= terms
      totalGrams -= grams
      threads.remove(ordinal, terms)
      links.remove(id, table.sources(ordinal))
      table.remove(ordinal)
    },
    adopt(other, from) {
      const size = other.forward.read(from, buffer)
      const counts = new Map<number, number>()
      for (let i = 0; i < size; i++)
        counts.set(vocabulary.intern(other.vocabulary.tokens.text(buffer.tokens[i]!)), buffer.counts[i]!)
      const speaker = other.table.speakerOf[from]!
      const document = {
        id: other.table.id(from),
        tags: other.table.tagsOf(other.table.tagSetOf[from]!),
        thread: other.table.thread(from),
        position: other.table.position(from),
        speaker: speaker === 0 ? null : other.table.speakers.text(speaker),
        sources: other.table.sources(from),
        provenance: other.table.whole(from),
      }
      insert(document, counts)
    },
    get bytes() {
      const columns = [
        termFrequencies,
        gramFrequencies,
        lengths,
        lengthClasses,
        gramLengths,
        termSeen,
        gramSeen,
        foundCounts,
      ]
      const parts = [table, vocabulary, forward, postings]
      return (
        columns.reduce((sum, { byteLength }) => sum + byteLength, 0) +
        parts.reduce((sum, { bytes }) => sum + bytes, 0)
      )
    },
    *save() {
      yield Float64Array.of(totalTerms, totalGrams)
      yield termFrequencies.subarray(0, vocabulary.terms.size)
      yield gramFrequencies.subarray(0, vocabulary.grams.size)
      yield lengths.subarray(0, table.ordinals)
      yield lengthClasses.subarray(0, table.ordinals)
      yield gramLengths.subarray(0, table.ordinals)
      for (const part of [table, vocabulary, forward, postings, threads]) yield* part.save()
    },
    async load(from) {
      const [savedTerms = 0, savedGrams = 0] = await from.next(Float64Array)
      termFrequencies = await from.growing(Int32Array)
      gramFrequencies = await from.growing(Int32Array)
      lengths = await from.growing(Int32Array)
      lengthClasses = await from.growing(Uint8Array)
      gramLengths = await from.growing(Int32Array)
      for (const part of [table, vocabulary, forward, postings, threads]) await part.load(from)
      links.load(table.links())
      totalTerms = savedTerms
      totalGrams = savedGrams
    },
  }
  return collection
}
