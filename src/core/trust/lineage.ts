/**
 * Effective trust of an entry: the least over its lineage. What was made of a doubtful source is not more to be believed than the source.
 */
import type { Did, Digest } from '../base/brand.ts'

/** Elements of a lineage that are looked at. */
export const LINEAGE_ELEMENTS_MAX = 256
/** Steps from an entry to what it was made of, again and again. */
export const LINEAGE_DEPTH_MAX = 16

export interface Element {
  /** Who has said it: one of them is enough to vouch for it. */
  readonly authors: readonly Did[]
  /** Elements that it was made of. */
  readonly sources: readonly Digest[]
}

export interface Lineage {
  /** 0…1. */
  readonly trust: number
  /** The element that it is due to; null where that is not held, or beyond what is looked at. */
  readonly weakest: Digest | null
  /** Sources that are named and not held: they say nothing, for anybody can name anything. */
  readonly missing: number
  /** Whether there is more of it than is looked at: the trust is then no more than a stranger's. */
  readonly isCut: boolean
}

export interface LineageDeps {
  /** Null where the element is not held. */
  readonly elementOf: (id: Digest) => Element | null
  /** 0…1; for strangers, what they are to be taken for. */
  readonly trustOf: (author: Did) => number
  /** What a lineage is worth at most whose end is not seen. */
  readonly strangerTrust: number
}

/** Breadth first, each element once: a circle of sources ends there. */
export function trustOfLineage(id: Digest, { elementOf, trustOf, strangerTrust }: LineageDeps): Lineage {
  const seen = new Set<Digest>([id])
  let [trust, weakest, missing, isCut]: [number, Digest | null, number, boolean] = [1, null, 0, false]
  let level: readonly Digest[] = [id]
  for (let depth = 0; level.length > 0; depth++) {
    const next: Digest[] = []
    for (const one of level) {
      const element = elementOf(one)
      if (!element) {
        missing++
        continue
      }
      const own = element.authors.reduce((most, author) => Math.max(most, trustOf(author)), 0)
      if (own < trust) [trust, weakest] = [own, one]
      for (const source of element.sources) {
        if (seen.has(source)) continue
        if (depth >= LINEAGE_DEPTH_MAX || seen.size >= LINEAGE_ELEMENTS_MAX) {
          isCut = true
          continue
        }
        seen.add(source)
        next.push(source)
      }
    }
    level = next
  }
  // Who buries a bad source deep enough gains nothing.
  if (isCut && strangerTrust < trust) [trust, weakest] = [strangerTrust, null]
  // An element that is not held itself has nobody who vouches for it.
  if (missing > 0 && !elementOf(id))
    return { trust: Math.min(trust, strangerTrust), weakest: null, missing, isCut }
  return { trust, weakest, missing, isCut }
}
