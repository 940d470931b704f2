/** What goes into a retriever and what comes out of it. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import type { SearchMode } from '../protocol/api-embeddings.ts'
import type { ScorePart } from '../protocol/score-parts.ts'

/** One visible appearance of a document: who said it, where, when. */
export interface Provenance {
  readonly space: SpaceId
  readonly author: Did
  /** Milliseconds since the Unix epoch, by the author's clock. */
  readonly atMs: number
}

/** What is searched: a memory with everything that filters and scores look at. */
export interface RetrievalDocument {
  /** Element id: the content names it, so a document's content never changes under its id. */
  readonly id: Digest
  readonly text: string
  readonly tags: readonly string[]
  readonly thread: string | null
  readonly position: number | null
  readonly speaker: string | null
  /** Elements it links to. */
  readonly sources: readonly Digest[]
  /** Its visible dots, at least one. */
  readonly provenance: readonly Provenance[]
}

/**
 * What a query may see. A document is inside when one and the same provenance satisfies spaces, authors and times,
 * and its tags and thread match. A filter that is left out admits everything.
 */
export interface Scope {
  readonly spaces?: ReadonlySet<SpaceId> | undefined
  /** Author ids, or their last 8 characters. */
  readonly authors?: ReadonlySet<string> | undefined
  /** All of them must be there. */
  readonly tags?: readonly string[] | undefined
  readonly thread?: string | undefined
  /** First millisecond inside. */
  readonly sinceMs?: number | undefined
  /** Last millisecond inside. */
  readonly untilMs?: number | undefined
  /** Authors whom the operator does not let be seen. */
  readonly isHidden?: ((author: Did) => boolean) | undefined
}

export interface RetrievalQuery {
  /** Empty lists the newest. */
  readonly text: string
  /** Hits wanted, at most. */
  readonly limit: number
  readonly scope: Scope
  /** Milliseconds since the Unix epoch, for the age of what is found; without it, age does not count. */
  readonly nowMs?: number
  /** What is left out of the score. */
  readonly without?: ReadonlySet<ScorePart> | undefined
  /** False where each of several near-duplicates is to be a hit of its own. */
  readonly isFolded?: boolean
  /** Adds `parts` to each hit. */
  readonly explain: boolean
  /** Cosines of the memories closest in meaning; without them words alone count. */
  readonly dense?: ReadonlyMap<Digest, number> | undefined
  /** What counts where there are such. Default `hybrid`. */
  readonly mode?: SearchMode | undefined
  /** Scores every document, however long that takes: what the usual search is measured against. */
  readonly isExhaustive?: boolean
}

export interface RetrievalHit {
  readonly id: Digest
  /** Comparable within one reply only. */
  readonly score: number
  /** Summands `terms`, `grams`, `feedback`, `dense`, `neighbours`, `links`, `thread`; factors `speaker`, `trust`, `age`. */
  readonly parts?: Readonly<Record<string, number>>
  /** The earliest one inside the scope. */
  readonly provenance: Provenance
  /** Near-duplicates that stand behind it, best first. */
  readonly copies: readonly { readonly id: Digest; readonly author: Did }[]
}

export interface RetrievalReply {
  /** Best first; equal scores by id. In mode `newest`: newest first, every score 0. */
  readonly hits: RetrievalHit[]
  /** Documents inside the scope that matched; where not `isTotalExact`, those that were met. */
  readonly total: number
  readonly isTotalExact: boolean
  readonly mode: SearchMode | 'newest'
  /** Of an empty reply: the filters that removed what matched (`spaces`, `authors`, `tags`, `thread`, `since`, `until`, `moderation`). */
  readonly removedBy: string[]
}

/** What a scope admits, for whoever finds by something else than words. */
export interface Inside {
  has(id: Digest): boolean
  /** Those inside of some documents, and where to go on; null at the end. `from` begins at 0. ~1 ms. */
  page(from: number): { readonly ids: readonly Digest[]; readonly next: number | null }
}

export interface Retriever {
  /** Adds a document, or replaces the provenance of one that is there. It is found by the next search. */
  put(document: RetrievalDocument): void
  /** Forgets a document; the next search does not find it. Unknown ids are no error. */
  remove(id: Digest): void
  search(query: RetrievalQuery): RetrievalReply
  /**
   * Moves some documents out of an index that is mostly dead; true while there is more of it to do. Answers stay the same
   * throughout. For the background: a call takes as long as putting so many documents.
   */
  tidy(documents: number): boolean
  /** How telling a word is here, above 0: the inverse document frequency of each stem in `text`. */
  stemWeights(text: string): ReadonlyMap<string, number>
  /** What a scope admits of what can be found now. */
  inside(scope: Scope): Inside
  /** Documents that can be found. */
  readonly documents: number
  /** Bytes of the index, about. */
  readonly bytes: number
}
