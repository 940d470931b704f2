/** Documents for tests: everything has a default, so that a test names only what it is about. */
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import type {
  Provenance,
  RetrievalDocument,
  RetrievalReply,
  Retriever,
  Scope,
} from '../../../../src/core/retrieval/retriever.ts'

export const provenanceOf = (space = 'private', author = 'did:key:zAuthor01', atMs = 1000): Provenance => ({
  space: space as SpaceId,
  author: author as Did,
  atMs,
})

export function documentOf(
  id: string,
  text: string,
  changes: Partial<Omit<RetrievalDocument, 'sources'>> & { sources?: readonly string[] } = {},
): RetrievalDocument {
  return {
    id: id as Digest,
    text,
    tags: [],
    thread: null,
    position: null,
    speaker: null,
    provenance: [provenanceOf()],
    ...changes,
    sources: (changes.sources ?? []) as readonly Digest[],
  }
}

export const search = (retriever: Retriever, text: string, scope: Scope = {}, limit = 10): RetrievalReply =>
  retriever.search({ text, limit, scope, explain: true })

export const idsOf = (reply: RetrievalReply): string[] => reply.hits.map(({ id }) => id)
