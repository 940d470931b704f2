/**
 * The lexical retriever: BM25 over stems, 4-grams and feedback terms, then the context of place. Everything happens
 * in memory and at once: what was put is found by the next search, what was removed is not.
 *
 * Determinism: hits, order and scores follow from the documents that are there and the query alone; not from the order
 * in which documents came, nor from what was removed before.
 */
import type { Did } from '../base/brand.ts'
import { createAnalyser } from './analysis.ts'
import { INSIDE, inverseDocumentFrequency } from './bm25.ts'
import { createCollection } from './collection.ts'
import type { RetrievalHit, RetrievalQuery, RetrievalReply, Retriever } from './contract.ts'
import { createGateKeeper } from './gate.ts'
import { createLexical, frequencyOf } from './lexical.ts'
import { createRetrievalParams, type RetrievalParams } from './params.ts'
import { scorePlace } from './place.ts'
import { createScopeTest, type ScopeTest } from './scope.ts'
import { selectTop } from './top.ts'

export type * from './contract.ts'
export { createRetrievalParams, type RetrievalParams } from './params.ts'

/** Documents looked at to name the filters that emptied a reply. */
const REMOVED_BY_DOCUMENTS_MAX = 10_000

/**
 * Added to the collection when a word's weight is asked for: among a handful of memories every word of theirs would
 * else look common, and one that they lack would outweigh all others.
 */
const IMAGINED_DOCUMENTS = 1000

export interface RetrieverOptions {
  readonly params?: Partial<RetrievalParams>
  /** Factor on the score of what an author said, above 0. Default: 1 for everyone. */
  readonly weightOf?: (author: Did) => number
}

export function createRetriever(options: RetrieverOptions = {}): Retriever {
  const params = createRetrievalParams(options.params)
  const weightOf = options.weightOf ?? (() => 1)
  const analyser = createAnalyser()
  const collection = createCollection(analyser)
  const gates = createGateKeeper(collection)
  const lexical = createLexical(collection, analyser, params)
  const everything = createScopeTest({})

  function searchLexical({ text, limit, explain }: RetrievalQuery, scope: ScopeTest): RetrievalReply {
    const gate = gates.open(scope)
    const found = lexical.score(text, gate)
    const candidates = selectBest(found.matches, params.candidatesMax, (ordinal) => found.scores[ordinal]!)
    const place = scorePlace(candidates, text, found, gate, collection, analyser, params)
    const scores = new Map<number, number>()
    let total = found.matches.length
    for (const ordinal of place.ordinals) {
      if (found.scores[ordinal] === 0) total++
      scores.set(ordinal, scoreOf(ordinal))
    }
    return {
      hits: selectBest(scores.keys(), limit, (ordinal) => scores.get(ordinal)!).map(hitOf),
      total,
      mode: 'lexical',
      removedBy: total > 0 || scope.isOpen ? [] : removers(matchesAnywhere(text), scope),
    }

    function weight(ordinal: number): number {
      return weightOf(scope.provenance(collection.document(ordinal))!.author)
    }

    function scoreOf(ordinal: number): number {
      const { neighbours, links, thread } = place.parts(ordinal)
      const sum = found.scores[ordinal]! + neighbours + links + thread
      return sum * place.speakerFactor(ordinal) * weight(ordinal)
    }

    function hitOf(ordinal: number): RetrievalHit {
      const document = collection.document(ordinal)
      const hit = { id: document.id, score: scores.get(ordinal)!, provenance: scope.provenance(document)! }
      if (!explain) return hit
      const factors = { speaker: place.speakerFactor(ordinal), weight: weight(ordinal) }
      return { ...hit, parts: { ...found.parts(ordinal), ...place.parts(ordinal), ...factors } }
    }
  }

  function matchesAnywhere(text: string): Int32Array {
    return lexical.score(text, gates.open(everything)).matches
  }

  function listNewest({ limit }: RetrievalQuery, scope: ScopeTest): RetrievalReply {
    const inside: number[] = []
    const times = new Float64Array(collection.ordinals)
    for (const ordinal of livingOrdinals()) {
      const provenance = scope.provenance(collection.document(ordinal))
      if (provenance === null) continue
      inside.push(ordinal)
      times[ordinal] = provenance.atMs
    }
    return {
      hits: selectBest(inside, limit, (ordinal) => times[ordinal]!).map((ordinal) => {
        const document = collection.document(ordinal)
        return { id: document.id, score: 0, provenance: scope.provenance(document)! }
      }),
      total: inside.length,
      mode: 'newest',
      removedBy: inside.length > 0 ? [] : removers(livingOrdinals(), scope),
    }
  }

  function* livingOrdinals(): Iterable<number> {
    for (let ordinal = 0; ordinal < collection.ordinals; ordinal++) {
      if (collection.alive[ordinal] === INSIDE) yield ordinal
    }
  }

  /** The filters that keep what matched outside, in the order of the alphabet. */
  function removers(matches: Iterable<number>, scope: ScopeTest): string[] {
    const filters = new Set<string>()
    let seen = 0
    for (const ordinal of matches) {
      if (++seen > REMOVED_BY_DOCUMENTS_MAX) break
      for (const filter of scope.removedBy(collection.document(ordinal))) filters.add(filter)
    }
    return [...filters].sort()
  }

  function stemWeight(stem: string): number {
    const documents = collection.terms.documents + IMAGINED_DOCUMENTS
    return inverseDocumentFrequency(documents, frequencyOf(collection.terms, stem))
  }

  /** The highest scores first, equal ones by id. */
  function selectBest(
    ordinals: Iterable<number>,
    limit: number,
    scoreOf: (ordinal: number) => number,
  ): number[] {
    return selectTop(ordinals, limit, (a, b) => {
      const difference = scoreOf(a) - scoreOf(b)
      return difference === 0 ? collection.document(a).id < collection.document(b).id : difference > 0
    })
  }

  return {
    get documents() {
      return collection.size
    },
    put: collection.put,
    remove: collection.remove,
    stemWeights: (text) =>
      new Map([...analyser.query(text).terms.keys()].map((stem) => [stem, stemWeight(stem)])),
    search(query) {
      const scope = createScopeTest(query.scope)
      return query.text.trim() === '' ? listNewest(query, scope) : searchLexical(query, scope)
    },
  }
}
