/** Who else may answer a task, and whose tasks are worked on here. */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did, SpaceId } from '../base/brand.ts'
import { isAway } from '../gossip/liveness.ts'
import type { Peers } from '../gossip/peers.ts'
import { placeOf } from '../gossip/place.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Shown } from '../moderation/shown.ts'
import { isServed } from '../trust/policy.ts'
import type { Trust } from '../trust/trust-contract.ts'

/** Whose tasks this spore works on besides its own operator's. */
export const SERVES = ['own', 'trusted', 'all'] as const
export type Serve = (typeof SERVES)[number]

export interface Neighbourhood {
  /** Peers that say they have models, are there, see the space, and mostly answer. */
  answerers(space: SpaceId): readonly Did[]
  /** All peers that say they have models and see the space, whether they are there or not. */
  standing(space: SpaceId): readonly Neighbour[]
  /**
   * An own task is over: these sealed an answer to it, of those who were called; of all where `called` is null. Who never does is
   * waited for no more, until he does.
   */
  heard(space: SpaceId, sealers: ReadonlySet<Did>, called?: ReadonlySet<Did> | null): void
  /** This spore itself, a peer that the operator configured, or one who belongs to the space because he was invited. */
  isTrusted(author: Did, space: SpaceId): boolean
  /** The same in any space: who is not is nobody in particular, whose words no model reads unless asked to. */
  isChosen(author: Did): boolean
  /**
   * Where an author is, as far as that tells whose it is: whoever has many names in one place is taken for one. Empty where nobody
   * knows; who was chosen and says nothing of it is a place of its own.
   */
  placesOf(author: Did): readonly string[]
  /** Whether this spore works on the tasks of an asker: with `trusted` as `trust/policy.ts` says. */
  serves(asker: Did, space: SpaceId): boolean
}

export interface Neighbour {
  readonly author: Did
  /** Of its models. */
  readonly families: readonly string[]
  /** It does not answer at the moment. */
  readonly isAway: boolean
  /** It left own tasks unanswered, as many in a row as it may. */
  readonly isMute: boolean
}

export interface NeighbourhoodDeps {
  readonly self: Did
  readonly serve: Serve
  readonly peers: Pick<Peers, 'all' | 'byDid'>
  readonly spaces: Pick<Spaces, 'rosterOf' | 'replicates' | 'all'>
  readonly shown: Pick<Shown, 'hides'>
  /** What is thought of who asks. */
  readonly trust: Pick<Trust, 'isAtLeast'>
}

/** Own tasks in a row that a peer may leave unanswered before it is no longer waited for; and peers of whom that is known. */
export const MISSES_MAX = 2
export const MISSING_PEERS_MAX = 1_024

export function createNeighbourhood(deps: NeighbourhoodDeps): Neighbourhood {
  const { self, serve, peers, spaces, shown, trust } = deps
  const misses = createBoundedMap<Did, number>(MISSING_PEERS_MAX)

  const isMember = (author: Did, space: SpaceId): boolean =>
    spaces.rosterOf(space)?.members.has(author) === true

  const isConfigured = (author: Did): boolean => {
    const peer = peers.byDid(author)
    return peer?.isPinned === true && peer.isProven
  }

  const isTrusted = (author: Did, space: SpaceId): boolean =>
    author === self || isMember(author, space) || isConfigured(author)

  const isChosen = (author: Did): boolean =>
    author === self || isConfigured(author) || spaces.all.some((space) => isMember(author, space))

  const standing = (space: SpaceId): Neighbour[] => {
    if (!spaces.replicates(space)) return []
    const roster = spaces.rosterOf(space)
    return peers.all().flatMap(({ descriptor, vital }) => {
      if (!descriptor || descriptor.families.length === 0) return []
      const author = descriptor.key
      if (roster && !roster.members.has(author)) return []
      const { families } = descriptor
      return { author, families, isAway: isAway(vital), isMute: (misses.peek(author) ?? 0) >= MISSES_MAX }
    })
  }

  return {
    answerers: (space) => standing(space).flatMap((one) => (one.isAway || one.isMute ? [] : [one.author])),
    standing,
    heard(space, sealers, called = null) {
      for (const author of sealers) misses.delete(author)
      for (const { author, isAway: isGone } of standing(space))
        if (!isGone && !sealers.has(author) && called?.has(author) !== false)
          misses.set(author, (misses.get(author) ?? 0) + 1)
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
      if (shown.hides('context')?.(asker, space)) return false
      return serve === 'all' || (serve === 'trusted' && isServed(trust, asker, isTrusted(asker, space)))
    },
  }
}
