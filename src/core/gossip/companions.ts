/**
 * Companions: the peers that share a members space with this spore. News of such a space go nowhere else, so they are asked
 * whether they are neighbours or not, and at once when who belongs to a space has changed.
 */
import type { Random } from '../base/ports.ts'
import type { Spaces } from '../memory/spaces.ts'
import { type Peer, type Peers, peerDid } from './peers.ts'

export interface Companions {
  /** One of them that is not among the neighbours, at random; undefined where there is none. */
  choose(active: readonly Peer[]): Peer | undefined
}

export interface CompanionsDeps {
  readonly peers: Peers
  readonly spaces: Spaces
  readonly random: Random
  /** Begins a round with a peer behind the one that is under way. */
  readonly sync: (peer: Peer) => void
}

export function createCompanions({ peers, spaces, random, sync }: CompanionsDeps): Companions {
  const isCompanion = (peer: Peer): boolean => {
    const did = peerDid(peer)
    return did !== null && spaces.isCompanion(did)
  }

  spaces.onChanged(() => {
    for (const peer of peers.all()) {
      // What was left out of its view so far stands before the cursor.
      peer.cursor = null
      peer.etag = null
      if (isCompanion(peer)) sync(peer)
    }
  })

  return {
    choose(active) {
      const others = peers.all().filter((peer) => isCompanion(peer) && !active.includes(peer))
      return others[Math.floor(random.float() * others.length)]
    },
  }
}
