/**
 * The documents of a retriever and every index over them.
 *
 * Invariants: ordinals rise in the order of `put` and are never used twice between compactions; a document is alive
 * exactly when `ordinalOf` finds its id; each index's statistics count what is alive and nothing else.
 */
import type { Digest } from '../base/brand.ts'
import type { Analyser } from './analysis.ts'
import { INSIDE, OUTSIDE } from './bm25.ts'
import type { RetrievalDocument } from './contract.ts'
import { createInvertedIndex, type InvertedIndex } from './inverted-index.ts'
import { createLinks, type Links } from './links.ts'
import { createThreads, type Threads } from './threads.ts'

/** Dead documents that are tolerated before a compaction: below that it would not pay. */
const DEAD_MIN = 1024

export interface Collection {
  /** Documents alive. */
  readonly size: number
  /** Ordinals are below this. */
  readonly ordinals: number
  /** By ordinal: INSIDE where alive, else OUTSIDE. */
  readonly alive: Uint8Array
  readonly terms: InvertedIndex
  readonly grams: InvertedIndex
  readonly threads: Threads
  readonly links: Links
  /** The document of an ordinal that is alive. */
  document(ordinal: number): RetrievalDocument
  ordinalOf(id: Digest): number | undefined
  put(document: RetrievalDocument): void
  remove(id: Digest): void
}

export function createCollection(analyser: Analyser): Collection {
  const documents: (RetrievalDocument | undefined)[] = []
  const ordinalsById = new Map<Digest, number>()
  const terms = createInvertedIndex()
  const grams = createInvertedIndex()
  const links = createLinks()
  const threads = createThreads((ordinal) => documents[ordinal]!)
  let alive = new Uint8Array(0)

  function insert(document: RetrievalDocument): void {
    const ordinal = documents.length
    const analysis = analyser.document(document.text, document.speaker)
    documents.push(document)
    ordinalsById.set(document.id, ordinal)
    if (ordinal >= alive.length) alive = enlarged(alive)
    alive[ordinal] = INSIDE
    terms.add(ordinal, analysis.terms)
    grams.add(ordinal, analysis.grams)
    threads.add(ordinal, document, terms.lengths[ordinal]!)
    links.add(document)
  }

  /** Dead documents are taken out of the columns; those alive move up in their order. */
  function compact(): void {
    const renumbered = new Int32Array(documents.length)
    const living: RetrievalDocument[] = []
    for (const [ordinal, document] of documents.entries()) {
      renumbered[ordinal] = document === undefined ? -1 : living.push(document) - 1
    }
    terms.renumber(renumbered)
    grams.renumber(renumbered)
    threads.clear()
    ordinalsById.clear()
    documents.length = 0
    alive.fill(INSIDE, 0, living.length).fill(OUTSIDE, living.length)
    for (const [ordinal, document] of living.entries()) {
      documents.push(document)
      ordinalsById.set(document.id, ordinal)
      threads.add(ordinal, document, terms.lengths[ordinal]!)
    }
  }

  return {
    get size() {
      return ordinalsById.size
    },
    get ordinals() {
      return documents.length
    },
    get alive() {
      return alive
    },
    terms,
    grams,
    threads,
    links,
    document: (ordinal) => documents[ordinal]!,
    ordinalOf: (id) => ordinalsById.get(id),
    put(document) {
      const known = ordinalsById.get(document.id)
      if (known === undefined) insert(document)
      else documents[known] = { ...documents[known]!, provenance: document.provenance }
    },
    remove(id) {
      const ordinal = ordinalsById.get(id)
      if (ordinal === undefined) return
      const document = documents[ordinal]!
      const analysis = analyser.document(document.text, document.speaker)
      threads.remove(ordinal, document, terms.lengths[ordinal]!)
      links.remove(document)
      terms.remove(ordinal, analysis.terms)
      grams.remove(ordinal, analysis.grams)
      alive[ordinal] = OUTSIDE
      documents[ordinal] = undefined
      ordinalsById.delete(id)
      const dead = documents.length - ordinalsById.size
      // More dead than alive: rewriting costs no more than the removals that led here, so each stays O(its features).
      if (dead >= DEAD_MIN && dead > ordinalsById.size) compact()
    },
  }
}

function enlarged(column: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(Math.max(256, column.length * 2)).fill(OUTSIDE)
  next.set(column)
  return next
}
