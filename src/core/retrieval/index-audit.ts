/**
 * Compares an index that was kept with what is visible now, whatever happened in between: entries, retractions, forks, purges,
 * evictions, repairs. It hangs on no record of these, so none can be forgotten.
 *
 * First `prune` takes out what is not any more what was indexed: from then on nothing is found that should not be. Then `next` names
 * what is lacking, the newest first: mostly what came after the index was kept.
 */
import type { Digest } from '../base/brand.ts'
import { bytesToDigest } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import type { Memory } from '../memory/memory.ts'
import type { KeptIndex } from './contract.ts'

export interface IndexAudit {
  /** Removes what is not visible, or by other entries than it was. Once, before anything is searched. */
  prune(): Promise<void>
  /** Up to `limit` memories that may be lacking in the index; empty at times, and for good where `isOver`. */
  next(limit: number): Digest[]
  /** Every memory that was there at the start was looked at. */
  readonly isOver: boolean
}

/** Documents, and elements of the set, that are compared between two turns of the event loop: a few milliseconds. */
const PRUNE_DOCUMENTS = 4096
const LOOK_ELEMENTS = 8192

export function createIndexAudit(deps: {
  readonly index: KeptIndex
  readonly memory: Pick<Memory, 'carries' | 'elements' | 'visibleMemory'>
  readonly clock: Clock
}): IndexAudit {
  const { index, memory, clock } = deps
  /** Elements from here on were looked at, or came later, and are followed as usual. */
  let seen = memory.elements
  return {
    async prune() {
      for (let from: number | null = 0; from !== null; ) {
        from = index.prune(from, PRUNE_DOCUMENTS, memory.carries)
        await clock.sleep(0)
      }
    },
    next(limit) {
      const found: Digest[] = []
      for (const end = Math.max(0, seen - LOOK_ELEMENTS); seen > end && found.length < limit; ) {
        const id = memory.visibleMemory(--seen)
        if (id && !index.has(id)) found.push(bytesToDigest(id))
      }
      // As they came: documents of an index mostly rise with time.
      return found.reverse()
    },
    get isOver() {
      return seen === 0
    },
  }
}
