/** Ours as a library in this process: the full pipeline, without the store and the spore around it. */
import type { Did, SpaceId } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { createRetriever } from '../../../../src/core/retrieval/retriever.ts'
import type { Engine } from '../engine.ts'

export function create(): Engine {
  const retriever = createRetriever()
  const idByDigest = new Map<string, string>()
  const startMs = Date.now()
  return {
    add(docs) {
      for (const doc of docs) {
        const { text, thread = null, position = null, speaker = null } = doc
        const id = bytesToDigest(sha256(utf8ToBytes(doc.id)))
        idByDigest.set(id, doc.id)
        retriever.put({
          id,
          text,
          thread,
          position,
          speaker,
          tags: [],
          sources: [],
          provenance: [
            { space: 'private' as SpaceId, author: 'did:key:zBench' as Did, atMs: startMs + idByDigest.size },
          ],
        })
      }
    },
    search: (text, limit) =>
      retriever
        .search({ text, limit, scope: {}, nowMs: Date.now(), explain: false })
        .hits.map(({ id }) => idByDigest.get(id)!),
    [Symbol.asyncDispose]: async () => {},
  }
}
