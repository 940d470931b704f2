/** Documents for tests: everything has a default, so that a test names only what it is about. Ids are short names. */
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, digestToBytes } from '../../../../src/core/base/hash.ts'
import type {
  Provenance,
  RetrievalDocument,
  RetrievalReply,
  Retriever,
  Scope,
} from '../../../../src/core/retrieval/retriever.ts'

/** A digest that reads as a name, and sorts like it. */
export const digestOf = (name: string): Digest => bytesToDigest(Buffer.concat([Buffer.from(name)], 32))
export const nameOf = (id: Digest): string => Buffer.from(digestToBytes(id)).toString().replaceAll('\0', '')

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
    id: digestOf(id),
    text,
    tags: [],
    thread: null,
    position: null,
    speaker: null,
    provenance: [provenanceOf()],
    ...changes,
    sources: (changes.sources ?? []).map(digestOf),
  }
}

export const search = (retriever: Retriever, text: string, scope: Scope = {}, limit = 10): RetrievalReply =>
  retriever.search({ text, limit, scope, isFolded: false, explain: true })

/** The short names of what was found, best first. */
export const idsOf = (reply: RetrievalReply): string[] => reply.hits.map(({ id }) => nameOf(id))
