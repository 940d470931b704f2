/**
 * Which memories are of strangers: of nobody who is trusted here, or resting on such. They are found and labelled, and no model reads
 * them unless they are asked for (06-faults: new authors are quarantined).
 *
 * Invariant: a memory is trusted no further than what it rests on (`trust/lineage.ts`): whoever is trusted and cites a stranger lends
 * him no standing.
 */
import type { Did, Digest } from '../base/brand.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import { sourceDigests } from '../protocol/payloads.ts'
import { type Element, LINEAGE_DEPTH_MAX, LINEAGE_ELEMENTS_MAX, trustOfLineage } from '../trust/lineage.ts'

export interface Strangers {
  readonly isQuarantined: (author: Did) => boolean
  /** Of each memory, whether it is a stranger's: by who carries it, or by what it rests on. */
  are(memories: readonly Carried[]): Promise<readonly boolean[]>
  /** The same, and how far each is trusted. */
  standingsOf(memories: readonly Carried[]): Promise<readonly Standing[]>
}

/** A memory, and the authors whose word it is here: those of its dots unless given. */
export interface Carried {
  readonly memory: StoredMemory
  readonly authors?: readonly Did[]
}

export interface Standing {
  readonly isStrange: boolean
  /** The least over its lineage; null while nothing is known of who carries it. */
  readonly trust: number | null
}

export interface StrangersDeps {
  readonly library: Pick<Library, 'read'>
  /** `Trust.isQuarantined`: nobody in particular, as far as this spore knows. */
  readonly isQuarantined: (author: Did) => boolean
  /** `Trust.shownOf`; left out where only strangers are told. */
  readonly trustOf?: (author: Did) => number | null
}

/** Of whom nothing is known is at chance. */
const UNKNOWN_TRUST = 0.5

export function createStrangers({ library, isQuarantined, trustOf = () => null }: StrangersDeps): Strangers {
  /** A memory and all that is held of what it rests on, as far as lineages are followed. */
  const lineageOf = async (memory: StoredMemory, authors: readonly Did[]): Promise<Map<Digest, Element>> => {
    const sources = sourceDigests(memory.payload.sources)
    const lineage = new Map<Digest, Element>([[memory.id, { authors, sources }]])
    const seen = new Set<Digest>([memory.id])
    let next = freshOf(sources, seen)
    for (let depth = 0; next.length > 0 && depth < LINEAGE_DEPTH_MAX; depth++) {
      const found = (await library.read(next)).filter((one) => one !== null)
      for (const { id, payload, dots } of found)
        lineage.set(id, {
          authors: dots.map(({ author }) => author),
          sources: sourceDigests(payload.sources),
        })
      next = found.flatMap(({ payload }) => freshOf(sourceDigests(payload.sources), seen))
    }
    return lineage
  }

  const standingOf = async ({ memory, authors }: Carried): Promise<Standing> => {
    const by = authors ?? memory.dots.map(({ author }) => author)
    const lineage = await lineageOf(memory, by)
    const least = (trustIn: (author: Did) => number, strangerTrust: number): number =>
      trustOfLineage(memory.id, {
        elementOf: (id) => lineage.get(id) ?? null,
        trustOf: trustIn,
        strangerTrust,
      }).trust
    const isStrange = least((author) => (isQuarantined(author) ? 0 : 1), 0) === 0
    const isKnown = by.some((author) => trustOf(author) !== null)
    const trust = isKnown ? least((author) => trustOf(author) ?? UNKNOWN_TRUST, UNKNOWN_TRUST) : null
    return { isStrange, trust }
  }

  const standingsOf: Strangers['standingsOf'] = (memories) => Promise.all(memories.map(standingOf))
  return {
    isQuarantined,
    standingsOf,
    are: async (memories) => (await standingsOf(memories)).map(({ isStrange }) => isStrange),
  }
}

/** Those that were not met before, and no more than are looked at: who cites himself, or in a circle, is followed once. */
function freshOf(sources: readonly Digest[], seen: Set<Digest>): Digest[] {
  const fresh = sources.filter((id) => !seen.has(id)).slice(0, LINEAGE_ELEMENTS_MAX - seen.size)
  for (const id of fresh) seen.add(id)
  return fresh
}
