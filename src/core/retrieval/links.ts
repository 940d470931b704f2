/** Links between documents, both ways. A link may name a document that is not there, or not yet. */
import type { Digest } from '../base/brand.ts'
import type { RetrievalDocument } from './contract.ts'

/**
 * Links of one document that a query follows to each side. A document cites at most 64; that anyone may cite one
 * without end must not make queries slow.
 */
export const LINKS_FOLLOWED_MAX = 64

export interface Links {
  add(document: RetrievalDocument): void
  remove(document: RetrievalDocument): void
  /** Calls `visit` for what the document cites and for what cites it. */
  follow(document: RetrievalDocument, visit: (id: Digest) => void): void
}

export function createLinks(): Links {
  const citing = new Map<Digest, Set<Digest>>()

  return {
    add({ id, sources }) {
      for (const source of sources) {
        const ids = citing.get(source)
        if (ids === undefined) citing.set(source, new Set([id]))
        else ids.add(id)
      }
    },
    remove({ id, sources }) {
      for (const source of sources) {
        const ids = citing.get(source)
        if (ids?.delete(id) && ids.size === 0) citing.delete(source)
      }
    },
    follow({ id, sources }, visit) {
      for (const source of sources.slice(0, LINKS_FOLLOWED_MAX)) visit(source)
      let followed = 0
      for (const other of citing.get(id) ?? []) {
        if (++followed > LINKS_FOLLOWED_MAX) return
        visit(other)
      }
    },
  }
}
