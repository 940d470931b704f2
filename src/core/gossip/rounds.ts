/**
 * With whom the next round is: mostly a neighbour, and beside it one of the companions, the peers that share a members space with
 * this spore: news of such a space go nowhere else, so they are asked whether they are neighbours or not.
 */
import type { Random } from '../base/ports.ts'
import type { Spaces } from '../memory/spaces.ts'
import { PHI_ASK } from './liveness.ts'
import type { Membership } from './membership.ts'
import { type Peer, peerDid } from './peers.ts'
import { ACTIVE_MAX } from './views.ts'

export interface Rounds {
  /** The peer of the next round, if there is one to ask. */
  choose(): Peer | undefined
  /** A companion that is no neighbour, at random. */
  chooseCompanion(): Peer | undefined
  /** Asks a peer whom it knows, where links are missing: who was among the first may never have heard of those who came later. */
  discover(peer: Peer): Promise<void>
}

export interface RoundsDeps {
  readonly membership: Pick<
    Membership,
    'neighbors' | 'introductions' | 'peers' | 'sampled' | 'health' | 'suspicion' | 'elapsed'
  >
  readonly spaces: Spaces
  readonly random: Random
  readonly isAskable: (peer: Peer) => boolean
  /** Begins a round with a peer, behind the one that is under way. */
  readonly sync: (peer: Peer) => void
}

/**
 * Share of rounds with a configured peer that is no neighbour, and of the others with a sampled one. Strangers can take every link, here
 * and there, so that such a peer never accepts; they cannot keep it from being asked. Without it, entries are lost in the
 * simulator to sixty strangers around three spores, and to a fifth of a swarm that passes nothing on (`sim/siege.ts`).
 */
const CONFIGURED_ROUND_SHARE = 1 / 2
const SAMPLED_ROUND_SHARE = 1 / 3
/** Share of rounds with a peer that is no neighbour, so that no clique keeps to itself and the dead are noticed. */
const PASSIVE_ROUND_SHARE = 1 / 8

/** A spore with too few neighbours and nobody left to ask wants to know of others this often. */
const DISCOVER_INTERVAL_MS = 5 * 60 * 1000

export function createRounds(deps: RoundsDeps): Rounds {
  const { membership, spaces, random, isAskable, sync } = deps
  const { neighbors, introductions, peers, health, suspicion, elapsed } = membership
  let discoveredAtMs = Number.NEGATIVE_INFINITY
  const isCompanion = (peer: Peer): boolean => {
    const did = peerDid(peer)
    return did !== null && spaces.isCompanion(did)
  }

  // What was left out of a view until now stands before the cursor.
  spaces.onChanged(() => {
    for (const peer of peers.all()) {
      peer.cursor = null
      peer.stamp = null
      if (isCompanion(peer)) sync(peer)
    }
  })

  const pick = (pool: readonly Peer[]): Peer | undefined => pool[Math.floor(random.float() * pool.length)]

  return {
    /**
     * Mostly a neighbour: what these have is most likely what is missing here. One that has been silent for too long goes
     * before the others: the round finds out whether it is there.
     */
    choose() {
      const configured = peers.all().filter(({ isPinned }) => isPinned)
      for (const [chosen, share] of [
        [configured, CONFIGURED_ROUND_SHARE],
        [membership.sampled(), SAMPLED_ROUND_SHARE],
      ] as const) {
        const unlinked = chosen.filter((peer) => isAskable(peer) && !neighbors.isActive(peer))
        if (unlinked.length > 0 && random.float() < share) return pick(unlinked)
      }
      const active = neighbors.active().filter(isAskable)
      const passive = neighbors.passive().filter(isAskable)
      const isPassive = active.length === 0 || (passive.length > 0 && random.float() < PASSIVE_ROUND_SHARE)
      const silent = active
        .map((peer) => ({ peer, phi: suspicion(peer) ?? 0 }))
        .filter(({ phi }) => phi >= PHI_ASK * health.factor)
      if (!isPassive && silent.length > 0)
        return silent.reduce((most, each) => (each.phi > most.phi ? each : most)).peer
      return pick(isPassive ? passive : active)
    },
    chooseCompanion() {
      const active = new Set(neighbors.active())
      const others = peers.all().filter((peer) => !active.has(peer) && isCompanion(peer) && isAskable(peer))
      return others.length === 0 ? undefined : pick(others)
    },
    async discover(peer) {
      if (neighbors.active().length >= ACTIVE_MAX || peer.vital.state !== 'alive') return
      if (elapsed() - discoveredAtMs < DISCOVER_INTERVAL_MS) return
      discoveredAtMs = elapsed()
      if (await introductions.discover(peer)) neighbors.refill()
    },
  }
}
