/**
 * The lexical retriever: BM25 over stems, 4-grams and feedback terms, then the context of place. Everything happens
 * in memory and at once: what was put is found by the next search, what was removed is not.
 *
 * Determinism: hits, order and scores follow from the documents that are there and the query alone; not from the order
 * in which documents came, nor from what was removed before.
 */
import type { Did } from '../base/brand.ts'
import type { ScorePart } from '../protocol/score-parts.ts'
import { ageFactor } from './age.ts'
import { createAnalyser } from './analysis.ts'
import { analysisForm } from './analysis-form.ts'
import { inverseDocumentFrequency } from './bm25.ts'
import { type Collection, createCollection } from './collection.ts'
import type {
  Inside,
  KeptIndex,
  RetrievalHit,
  RetrievalQuery,
  RetrievalReply,
  Retriever,
  Scope,
} from './contract.ts'
import { fuse } from './fusion.ts'
import { createGateKeeper, type GateKeeper, INSIDE } from './gate.ts'
import { createLexical, type Lexical } from './lexical.ts'
import { type Folded, foldNearDuplicates } from './near-duplicates.ts'
import { selectNewest, timeInScope } from './newest.ts'
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

/** Dead documents that are tolerated before what is left is moved: below that it would not pay. */
const DEAD_MIN = 1024

/** Documents of one page of those inside of a scope. */
const INSIDE_DOCUMENTS = 4096

/** Hits that are looked at for each that is wanted: some fold into others. */
const FOLDED_FROM = 5

/** Of the columns that are kept: another number where a part saves others than it did. */
const FORM = 1

const NO_PLACE = { neighbourWeights: [0, 0], linkWeight: 0, threadWeight: 0 } as const

/** A collection and what works over it. */
interface Engine {
  /** It has what was erased, though nothing finds it. */
  isTainted: boolean
  readonly collection: Collection
  readonly gates: GateKeeper
  readonly lexical: Lexical
}

export interface RetrieverOptions {
  readonly params?: Partial<RetrievalParams>
  /** Factor on the score of what an author said, above 0. Default: 1 for everyone. */
  readonly weightOf?: (author: Did) => number
  /** Of the index of ids: whoever knows it could make ids meet in one slot. 32 bits. */
  readonly secret?: number
}

export function createRetriever(options: RetrieverOptions = {}): Retriever {
  const params = createRetrievalParams(options.params)
  const weightOf = options.weightOf ?? (() => 1)
  const analyser = createAnalyser()
  let engine = createEngine()
  /** Where what is left is moved to, and the ordinals below which it has been. */
  let next: { readonly engine: Engine; moved: number } | null = null

  function createEngine(): Engine {
    const collection = createCollection(analyser, options.secret ?? 0)
    const gates = createGateKeeper(collection.table)
    const lexical = createLexical(collection, analyser, params)
    return { collection, gates, lexical, isTainted: false }
  }

  function searchLexical(query: RetrievalQuery, scope: ScopeTest): RetrievalReply {
    const { text, limit, explain, nowMs, isFolded = true, without } = query
    const { collection, gates, lexical } = engine
    const { table } = collection
    const isWithout = (part: ScorePart): boolean => without?.has(part) === true
    // Once a search for each author: candidates are a thousand, and authors few.
    const weights = new Map<Did, number>()
    const weightIn = (author: Did): number => {
      const known = weights.get(author)
      if (known !== undefined) return known
      const weight = weightOf(author)
      weights.set(author, weight)
      return weight
    }
    const gate = gates.open(scope)
    const most = isFolded ? limit * FOLDED_FROM : limit
    const words = lexical.score(text, gate, query, most)
    const dense = isWithout('dense') ? undefined : query.dense
    const mode = dense ? (query.mode ?? 'hybrid') : 'lexical'
    const found = dense ? fuse(words, dense, mode, params.denseWeight, gate, table) : words
    const candidates = selectBest(found.matches, params.candidatesMax, found.score)
    const place = scorePlace(candidates, text, found, gate, collection, analyser, {
      ...params,
      ...((isWithout('place') || mode === 'dense') && NO_PLACE),
      ...(isWithout('speaker') && { speakerFactor: 1 }),
    })
    const scores = new Map<number, number>()
    let { total } = found
    for (const ordinal of place.ordinals) {
      if (found.score(ordinal) === 0) total++
      scores.set(ordinal, scoreOf(ordinal))
    }
    const best = selectBest(scores.keys(), most, (ordinal) => scores.get(ordinal)!)
    const folded = isFolded
      ? foldNearDuplicates(best, limit, collection)
      : best.map((ordinal) => ({ ordinal, copies: [] }))
    return {
      hits: folded.map(hitOf),
      total,
      isTotalExact: found.isTotalExact,
      mode,
      removedBy: total > 0 || scope.isOpen ? [] : removers(matchesAnywhere(text), scope),
    }

    function factorsOf(ordinal: number): { speaker: number; trust: number; age: number } {
      const { author } = scope.provenance(ordinal)!
      const usefulAtMs = Math.max(timeOf(ordinal, scope), citedAtMs(ordinal))
      return {
        speaker: place.speakerFactor(ordinal),
        trust: isWithout('trust') ? 1 : weightIn(author),
        age: nowMs === undefined || isWithout('age') ? 1 : ageFactor(nowMs - usefulAtMs, params),
      }
    }

    /** When a memory was last of use: somebody whom the query may see built on it. */
    function citedAtMs(ordinal: number): number {
      let last = Number.NEGATIVE_INFINITY
      if (nowMs === undefined || collection.links.isEmpty) return last
      collection.links.citing(table.id(ordinal), (id) => {
        const other = table.find(id)
        if (other >= 0 && gate.decide(other) === INSIDE) last = Math.max(last, timeOf(other, scope))
      })
      return last
    }

    function scoreOf(ordinal: number): number {
      const { neighbours, links, thread } = place.parts(ordinal)
      const { speaker, trust, age } = factorsOf(ordinal)
      return (found.score(ordinal) + neighbours + links + thread) * speaker * trust * age
    }

    function hitOf({ ordinal, copies }: Folded): RetrievalHit {
      const hit = {
        id: table.id(ordinal),
        score: scores.get(ordinal)!,
        provenance: scope.provenance(ordinal)!,
        copies: copies.map((copy) => ({ id: table.id(copy), author: scope.provenance(copy)!.author })),
      }
      if (!explain) return hit
      return { ...hit, parts: { ...found.parts(ordinal), ...place.parts(ordinal), ...factorsOf(ordinal) } }
    }
  }

  function matchesAnywhere(text: string): readonly number[] {
    const { collection, gates, lexical } = engine
    return lexical.score(text, gates.open(createScopeTest({}, collection.table))).matches
  }

  function listNewest({ limit }: RetrievalQuery, scope: ScopeTest): RetrievalReply {
    const { table } = engine.collection
    const { ordinals, total, isTotalExact } = selectNewest(limit, scope, table)
    return {
      hits: ordinals.map((ordinal) => ({
        id: table.id(ordinal),
        score: 0,
        provenance: scope.provenance(ordinal)!,
        copies: [],
      })),
      total,
      isTotalExact,
      mode: 'newest',
      removedBy: total > 0 ? [] : removers(livingOrdinals(), scope),
    }
  }

  function timeOf(ordinal: number, scope: ScopeTest): number {
    return timeInScope(ordinal, scope, engine.collection.table)
  }

  function* livingOrdinals(): Iterable<number> {
    const { table } = engine.collection
    for (let ordinal = 0; ordinal < table.ordinals; ordinal++) if (table.alive[ordinal] === 1) yield ordinal
  }

  /** The filters that keep what matched outside, in the order of the alphabet. */
  function removers(matches: Iterable<number>, scope: ScopeTest): string[] {
    const filters = new Set<string>()
    let seen = 0
    for (const ordinal of matches) {
      if (++seen > REMOVED_BY_DOCUMENTS_MAX) break
      for (const filter of scope.removedBy(ordinal)) filters.add(filter)
    }
    return [...filters].sort()
  }

  function stemWeight(stem: string): number {
    const { table, vocabulary, termFrequencies } = engine.collection
    const frequency = termFrequencies[vocabulary.terms.find(stem)] ?? 0
    return inverseDocumentFrequency(table.size + IMAGINED_DOCUMENTS, frequency)
  }

  /** The highest scores first, equal ones by id. Each is asked for once. */
  function selectBest(
    ordinals: Iterable<number>,
    limit: number,
    scoreOf: (ordinal: number) => number,
  ): number[] {
    const { table } = engine.collection
    const all = [...ordinals]
    const scores = Float64Array.from(all, scoreOf)
    const best = selectTop(all.keys(), limit, (a, b) =>
      scores[a] === scores[b] ? table.compareIds(all[a]!, all[b]!) < 0 : scores[a]! > scores[b]!,
    )
    return best.map((place) => all[place]!)
  }

  function inside(asked: Scope): Inside {
    // Of this collection, though it may be moved meanwhile.
    const { table } = engine.collection
    const scope = createScopeTest(asked, table)
    const isInside = (ordinal: number) =>
      table.alive[ordinal] === 1 && (scope.isOpen || scope.isInside(ordinal))
    return {
      has(id) {
        const ordinal = table.find(id)
        return ordinal >= 0 && isInside(ordinal)
      },
      page(from) {
        const end = Math.min(table.ordinals, from + INSIDE_DOCUMENTS)
        const ids = []
        for (let ordinal = from; ordinal < end; ordinal++) if (isInside(ordinal)) ids.push(table.id(ordinal))
        return { ids, next: end < table.ordinals ? end : null }
      },
    }
  }

  /** Whether so much is dead that moving what lives costs no more than the removals that led here. */
  function isDue(): boolean {
    const { ordinals, size } = engine.collection.table
    if (engine.isTainted) return true
    return ordinals - size >= DEAD_MIN && ordinals - size > size
  }

  const kept: KeptIndex = {
    get form() {
      return `${FORM} ${analysisForm(analyser)}`
    },
    save: () => (engine.isTainted ? null : engine.collection.save()),
    async load(from) {
      const loaded = createEngine()
      await loaded.collection.load(from)
      await from.end()
      engine = loaded
      next = null
    },
    erase() {
      engine.isTainted = engine.collection.table.ordinals > 0
      // What is being moved may have been, too: it is moved once more.
      next = null
    },
    dots(id) {
      const { table } = engine.collection
      const ordinal = table.find(id)
      return ordinal < 0 ? [] : table.dots(ordinal)
    },
    has: (id) => engine.collection.table.findBytes(id) >= 0,
    prune(from, documents, isStill) {
      const { table } = engine.collection
      const end = Math.min(table.ordinals, from + documents)
      for (let ordinal = from; ordinal < end; ordinal++) {
        if (table.alive[ordinal] === 0) continue
        if (!isStill(table.idBytes(ordinal), table.dots(ordinal))) retriever.remove(table.id(ordinal))
      }
      return end < table.ordinals ? end : null
    },
  }

  const retriever: Retriever = {
    kept,
    get documents() {
      return engine.collection.table.size
    },
    get bytes() {
      return engine.collection.bytes + (next?.engine.collection.bytes ?? 0)
    },
    put(document) {
      engine.collection.put(document)
      // What has not been moved yet will be as it is then.
      if (next && next.engine.collection.table.find(document.id) >= 0) next.engine.collection.put(document)
    },
    remove(id) {
      engine.collection.remove(id)
      next?.engine.collection.remove(id)
    },
    tidy(documents) {
      if (!next && !isDue()) return false
      next ??= { engine: createEngine(), moved: 0 }
      const { table } = engine.collection
      for (const end = Math.min(table.ordinals, next.moved + documents); next.moved < end; next.moved++)
        if (table.alive[next.moved] === 1) next.engine.collection.adopt(engine.collection, next.moved)
      if (next.moved < table.ordinals) return true
      engine = next.engine
      next = null
      return false
    },
    parts: () => ({
      collection: engine.collection,
      analyser,
      params,
      next: next && { collection: next.engine.collection, moved: next.moved },
    }),
    stemWeights: (text) =>
      new Map([...analyser.query(text).terms.keys()].map((stem) => [stem, stemWeight(stem)])),
    inside,
    search(query) {
      const scope = createScopeTest(query.scope, engine.collection.table)
      return query.text.trim() === '' ? listNewest(query, scope) : searchLexical(query, scope)
    },
  }
  return retriever
}
