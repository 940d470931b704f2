/** Who else may answer a task, and whose tasks are worked on here. */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did, SpaceId } from '../base/brand.ts'
import { isAway } from '../gossip/liveness.ts'
import type { Peers } from '../gossip/peers.ts'
import { placeOf } from '../gossip/place.ts'
import { COMMONS, type Spaces } from '../memory/spaces.ts'
import type { Shown } from '../moderation/shown.ts'

/** Whose tasks this spore works on besides its own operator's. */
export const SERVES = ['own', 'trusted', 'all'] as const
export type Serve = (typeof SERVES)[number]

export interface Neighbourhood {
  /** Peers that say they have models, are there, see the space, and mostly answer. */
  answerers(space: SpaceId): readonly Did[]
  /** An own task is over: these sealed an answer to it. Who never does is waited for no more, until he does. */
  heard(space: SpaceId, sealers: ReadonlySet<Did>): void
  /** This spore itself, a peer that the operator configured, or one who belongs to the space because he was invited. */
  isTrusted(author: Did, space: SpaceId): boolean
  /** The same in any space. */
  isChosen(author: Did): boolean
  /**
   * Where an author is, as far as that tells whose it is: whoever has many names in one place is taken for one. Empty where nobody
   * knows; who was chosen and says nothing of it is a place of its own.
   */
  placesOf(author: Did): readonly string[]
  serves(asker: Did, space: SpaceId): boolean
}

export interface NeighbourhoodDeps {
  readonly self: Did
  readonly serve: Serve
  readonly peers: Pick<Peers, 'all' | 'byDid'>
  readonly spaces: Pick<Spaces, 'all' | 'rosterOf' | 'replicates'>
  readonly shown: Pick<Shown, 'hides'>
}

/** Own tasks in a row that a peer may leave unanswered before it is no longer waited for; and peers of whom that is known. */
export const MISSES_MAX = 2
export const MISSING_PEERS_MAX = 1_024

export function createNeighbourhood({ self, serve, peers, spaces, shown }: NeighbourhoodDeps): Neighbourhood {
  const misses = createBoundedMap<Did, number>(MISSING_PEERS_MAX)

  const isMember = (author: Did, space: SpaceId): boolean =>
    spaces.rosterOf(space)?.members.has(author) === true

  const isTrusted = (author: Did, space: SpaceId): boolean => {
    if (author === self || isMember(author, space)) return true
    const peer = peers.byDid(author)
    return peer?.isPinned === true && peer.isProven
  }

  const isChosen = (author: Did): boolean =>
    isTrusted(author, COMMONS) || spaces.all.some((space) => isMember(author, space))

  const able = (space: SpaceId): Did[] => {
    if (!spaces.replicates(space)) return []
    const roster = spaces.rosterOf(space)
    return peers.all().flatMap(({ descriptor, vital }) => {
      if (!descriptor || descriptor.families.length === 0 || isAway(vital)) return []
      return roster && !roster.members.has(descriptor.key) ? [] : [descriptor.key]
    })
  }

  return {
    answerers: (space) => able(space).filter((author) => (misses.peek(author) ?? 0) < MISSES_MAX),
    heard(space, sealers) {
      for (const author of sealers) misses.delete(author)
      for (const author of able(space))
        if (!sealers.has(author)) misses.set(author, (misses.get(author) ?? 0) + 1)
    },
    isTrusted,
    isChosen,
    placesOf(author) {
      const url = peers.byDid(author)?.descriptor?.url
      const place = url ? placeOf(url) : null
      if (place !== null) return [place]
      return isChosen(author) ? [author] : []
    },
    serves(asker, space) {
      if (asker === self) return true
      if (shown.hides('context')?.(asker)) return false
      return serve === 'all' || (serve === 'trusted' && isTrusted(asker, space))
    },
  }
}
