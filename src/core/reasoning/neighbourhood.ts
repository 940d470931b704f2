/** Who else may answer a task, and whose tasks are worked on here. */
import type { Did, SpaceId } from '../base/brand.ts'
import { isAway } from '../gossip/liveness.ts'
import type { Peers } from '../gossip/peers.ts'
import type { Spaces } from '../memory/spaces.ts'

/** Whose tasks this spore works on besides its own operator's. */
export const SERVES = ['own', 'trusted', 'all'] as const
export type Serve = (typeof SERVES)[number]

export interface Neighbourhood {
  /** Peers that say they have models, are there, and see the space. */
  answerers(space: SpaceId): readonly Did[]
  /** This spore itself, a peer that the operator configured, or one who belongs to the space because he was invited. */
  isTrusted(author: Did, space: SpaceId): boolean
  serves(asker: Did, space: SpaceId): boolean
}

export interface NeighbourhoodDeps {
  readonly self: Did
  readonly serve: Serve
  readonly peers: Pick<Peers, 'all' | 'byDid'>
  readonly spaces: Pick<Spaces, 'rosterOf' | 'replicates'>
}

export function createNeighbourhood({ self, serve, peers, spaces }: NeighbourhoodDeps): Neighbourhood {
  const isMember = (author: Did, space: SpaceId): boolean =>
    spaces.rosterOf(space)?.members.has(author) === true

  const isTrusted = (author: Did, space: SpaceId): boolean => {
    if (author === self || isMember(author, space)) return true
    const peer = peers.byDid(author)
    return peer?.isPinned === true && peer.isProven
  }

  return {
    answerers(space) {
      if (!spaces.replicates(space)) return []
      const roster = spaces.rosterOf(space)
      return peers.all().flatMap(({ descriptor, vital }) => {
        if (!descriptor || descriptor.families.length === 0 || isAway(vital)) return []
        return roster && !roster.members.has(descriptor.key) ? [] : [descriptor.key]
      })
    },
    isTrusted,
    serves: (asker, space) =>
      asker === self || serve === 'all' || (serve === 'trusted' && isTrusted(asker, space)),
  }
}
