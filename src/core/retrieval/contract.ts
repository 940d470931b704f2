/** What goes into a retriever and what comes out of it. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import type { Column, ColumnReader } from '../base/kept-columns.ts'
import type { DotRef } from '../memory/or-set.ts'
import type { SearchMode } from '../protocol/api-embeddings.ts'
import type { KindName } from '../protocol/kinds.ts'
import type { ScorePart } from '../protocol/score-parts.ts'
import type { IndexParts } from './index-figures.ts'

/** One visible appearance of a document: who said it, where, when. */
export interface Provenance {
  readonly space: SpaceId
  readonly author: Did
  /** Milliseconds since the Unix epoch, by the author's clock. */
  readonly atMs: number
  /** The entry that it stands in, for whoever compares an index that was kept with what there is. */
  readonly dot?: DotRef
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
  /** Kinds of entries that are wanted. Memories are what is put into an index: without them nothing is inside. */
  readonly kinds?: ReadonlySet<KindName> | undefined
  readonly thread?: string | undefined
  /** First millisecond inside. */
  readonly sinceMs?: number | undefined
  /** Last millisecond inside. */
  readonly untilMs?: number | undefined
  /** Authors who are not to be seen, by the space of what they wrote. */
  readonly isHidden?: ((author: Did, space: SpaceId) => boolean) | undefined
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
  /** Of an empty reply: the filters that removed what matched (`spaces`, `authors`, `tags`, `kinds`, `thread`, `since`, `until`, `moderation`). */
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
  /** The index beyond this process; none where it cannot be kept. */
  readonly kept?: KeptIndex
  /** Bytes of the index, about. */
  readonly bytes: number
  /** What it is made of; not of a retriever that is made otherwise. */
  parts?(): IndexParts
}

/** An index that outlives the process. What is kept may hold the words of documents that were removed, but not of erased ones. */
export interface KeptIndex {
  /** Names the form of what `save` gives and of what it was made by: under another one, nothing is to be loaded. */
  readonly form: string
  /**
   * The index as it is, to be used before anything is put, removed or moved. Null where it must not be kept, for it still
   * has what was erased.
   */
  save(): Iterable<Column> | null
  /** Takes in what was saved in place of all that is there. Where it throws, nothing has changed. */
  load(from: ColumnReader): Promise<void>
  /** What was removed must not be kept: `tidy` moves what lives away from it before anything is saved again. */
  erase(): void
  /** The entries that a document was put with; empty where it is not there. */
  dots(id: Digest): readonly DotRef[]
  /** Whether a document is there, by the 32 bytes of its id. */
  has(id: Uint8Array): boolean
  /**
   * Removes those of `documents` places from `from` on, dead ones counted, of which `isStill` says that they are not any more
   * what was put; where the next ones begin, null behind the last.
   */
  prune(
    from: number,
    documents: number,
    isStill: (id: Uint8Array, dots: readonly DotRef[]) => boolean,
  ): number | null
}
