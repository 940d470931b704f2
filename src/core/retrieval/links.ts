/** Links between documents, both ways. A link may name a document that is not there, or not yet. */
import type { Digest } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'

/**
 * Links of one document that a query follows to each side. A document cites at most 64; that anyone may cite one
 * without end must not make queries slow.
 */
export const LINKS_FOLLOWED_MAX = 64

export interface Links {
  /** Takes in links of many documents, in any order; only where there are none. */
  load(links: Iterable<{ readonly id: Digest; readonly sources: readonly Digest[] }>): void
  /** No document cites another. */
  readonly isEmpty: boolean
  add(id: Digest, sources: readonly Digest[]): void
  remove(id: Digest, sources: readonly Digest[]): void
  /** Calls `visit` for what a document cites and for what cites it. */
  follow(id: Digest, sources: readonly Digest[], visit: (id: Digest) => void): void
  /** The same for what cites it alone. */
  citing(id: Digest, visit: (id: Digest) => void): void
}

export function createLinks(): Links {
  /** Sorted, so that which links are followed does not hang on the order in which documents came. */
  const citing = new Map<Digest, Digest[]>()

  return {
    get isEmpty() {
      return citing.size === 0
    },
    add(id, sources) {
      for (const source of new Set(sources)) {
        const ids = citing.get(source)
        if (ids === undefined) citing.set(source, [id])
        else ids.splice(rank(ids, id), 0, id)
      }
    },
    remove(id, sources) {
      for (const source of new Set(sources)) {
        const ids = citing.get(source)!
        ids.splice(rank(ids, id), 1)
        if (ids.length === 0) citing.delete(source)
      }
    },
    load(links) {
      for (const { id, sources } of links)
        for (const source of new Set(sources)) {
          const ids = citing.get(source)
          if (ids === undefined) citing.set(source, [id])
          else ids.push(id)
        }
      for (const ids of citing.values()) if (ids.length > 1) ids.sort(compareText)
    },
    follow(id, sources, visit) {
      sources.slice(0, LINKS_FOLLOWED_MAX).forEach(visit)
      citing.get(id)?.slice(0, LINKS_FOLLOWED_MAX).forEach(visit)
    },
    citing(id, visit) {
      citing.get(id)?.slice(0, LINKS_FOLLOWED_MAX).forEach(visit)
    },
  }
}

function rank(sorted: readonly Digest[], id: Digest): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < id) low = middle + 1
    else high = middle
  }
  return low
}
