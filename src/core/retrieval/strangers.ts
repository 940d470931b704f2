/**
 * Which memories are of strangers: of nobody who is trusted here, or resting on such. They are found and labelled, and no model reads
 * them unless they are asked for (06-faults: new authors are quarantined).
 *
 * Invariant: a memory is trusted no further than what it rests on: whoever is trusted and cites a stranger lends him no standing. What
 * cannot be followed to its end counts as a stranger's; what is not held here cannot be read by a model either, and counts for nothing.
 */
import type { Did, Digest } from '../base/brand.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import { sourceDigests } from '../protocol/payloads.ts'

export interface Strangers {
  readonly isQuarantined: (author: Did) => boolean
  /** Of each memory, whether it is a stranger's: by who carries it, or by what it rests on. */
  are(memories: readonly Carried[]): Promise<readonly boolean[]>
}

/** A memory, and the authors whose word it is here: those of its dots unless given. */
export interface Carried {
  readonly memory: StoredMemory
  readonly authors?: readonly Did[]
}

export interface StrangersDeps {
  readonly library: Pick<Library, 'read'>
  /** `Trust.isQuarantined`: nobody in particular, as far as this spore knows. */
  readonly isQuarantined: (author: Did) => boolean
}

/** Memories behind one another that are followed: a summary of summaries of notes, and one more. */
export const LINEAGE_DEPTH_MAX = 4
/** Memories that are read to tell where one comes from: twice as many as one may name; each is a look-up by key. */
export const LINEAGE_MEMORIES_MAX = 256

export function createStrangers({ library, isQuarantined }: StrangersDeps): Strangers {
  const areStrange = (authors: readonly Did[]): boolean => authors.length > 0 && authors.every(isQuarantined)

  /** Whether all that is held of what a memory rests on is of authors who are known. */
  const restsOnStrangers = async ({ id, payload }: StoredMemory): Promise<boolean> => {
    const seen = new Set<Digest>([id])
    let next = freshOf(payload.sources, seen)
    for (let depth = 0; next.length > 0; depth++) {
      if (depth === LINEAGE_DEPTH_MAX || seen.size > LINEAGE_MEMORIES_MAX) return true
      const found = (await library.read(next)).filter((memory) => memory !== null)
      if (found.some(({ dots }) => areStrange(dots.map(({ author }) => author)))) return true
      next = found.flatMap((memory) => freshOf(memory.payload.sources, seen))
    }
    return false
  }

  return {
    isQuarantined,
    are: (memories) =>
      Promise.all(
        memories.map(async ({ memory, authors = memory.dots.map(({ author }) => author) }) =>
          areStrange(authors) ? true : await restsOnStrangers(memory),
        ),
      ),
  }
}

/** Those that were not met before: who cites himself, or in a circle, is followed once. */
function freshOf(sources: readonly string[], seen: Set<Digest>): Digest[] {
  const fresh = sourceDigests(sources).filter((id) => !seen.has(id))
  for (const id of fresh) seen.add(id)
  return fresh
}
