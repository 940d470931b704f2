/** The federation as this spore sees it, and as others say they see it: what `GET /api/federation/status` and `spore peers` show. */

import type { LogTable } from '../memory/log-table.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { FederationStatus, PeerStatus, PeerView } from '../protocol/api.ts'
import { swarmDna } from '../protocol/dna.ts'
import { PEER_STATES } from '../protocol/peer-state.ts'
import { viewStamp } from '../protocol/view-stamp.ts'
import { isAway } from './liveness.ts'
import type { Membership } from './membership.ts'
import { type Peer, peerDid } from './peers.ts'

export interface StatusDeps {
  readonly membership: Membership
  readonly logs: LogTable
  readonly spaces: Spaces
  readonly network: string
  readonly isPrivate: boolean
  readonly view: (peer: Peer) => PeerView
}

/** Logs up to which those that a peer never mentioned count as lacking there: with more, a status would take too long. */
const LAG_LOGS_MAX = 4096

export function createStatus(deps: StatusDeps): () => FederationStatus {
  const { membership, network, isPrivate } = deps
  const { self, peers, neighbors, health } = membership
  return () => {
    const all = peers.all()
    const states = Object.fromEntries(PEER_STATES.map((state) => [state, 0])) as FederationStatus['states']
    for (const { vital } of all) states[vital.state]++
    return {
      spore: self.descriptor().key,
      url: self.url,
      network,
      dna: swarmDna(network),
      isPrivate,
      healthFactor: health.factor,
      reachedBy: all.filter(({ reachesUs }) => reachesUs === true).length,
      unreachedBy: all.filter(({ reachesUs }) => reachesUs === false).length,
      neighbors: neighbors.active().length,
      states,
      peers: all.map((peer) => toStatus(peer, deps)),
    }
  }
}

function toStatus(peer: Peer, deps: StatusDeps): PeerStatus {
  const { membership } = deps
  const { vital, given, witnesses } = peer
  const nowMs = membership.elapsed()
  const { roles = [], tags = [], families = [] } = peer.descriptor ?? peer.told ?? {}
  const phi = membership.suspicion(peer)
  const isHeard = vital.arrivals.lastMs !== null || vital.state === 'asleep'
  return {
    ...deps.view(peer),
    isNeighbor: membership.neighbors.isActive(peer),
    isPinned: peer.isPinned,
    roles: [...roles],
    tags: [...tags],
    families: [...families],
    lastHeardSeconds: isHeard ? Math.round((nowMs - vital.silentSinceMs) / 1000) : null,
    phi: phi === null ? null : Math.round(phi * 100) / 100,
    failures: vital.failures,
    nextAskSeconds: vital.state === 'asleep' ? Math.max(0, Math.round((vital.askAtMs - nowMs) / 1000)) : null,
    ...lagOf(peer, deps),
    reachability: {
      weReachIt: vital.state === 'new' ? null : !isAway(vital),
      itReachesUs: peer.reachesUs,
      others: [...witnesses.entries()].map(([spore, { state, atMs }]) => ({
        spore,
        state,
        at: new Date(atMs).toISOString(),
      })),
    },
    given: {
      accepted: given.accepted,
      acceptedAt: toText(given.acceptedAtMs),
      refusal: given.refusal,
      refusedAt: toText(given.refusedAtMs),
    },
  }
}

/** How far each is behind the other, by what the peer said or was given; nothing where both have the same view. */
function lagOf(peer: Peer, { logs, spaces }: StatusDeps): Pick<PeerStatus, 'behindHere' | 'behindThere'> {
  const here = { logs: 0, entries: 0 }
  const there = { logs: 0, entries: 0 }
  const add = (lag: typeof here, entries: number): void => {
    if (entries <= 0) return
    lag.logs++
    lag.entries += entries
  }
  const view = spaces.viewFor(peerDid(peer))
  if (peer.stamp === viewStamp(logs.viewDigest(view.spaces))) return { behindHere: here, behindThere: there }
  const known = new Map(peer.known.entries())
  for (const [logId, next] of known) {
    const row = logs.get(logId)?.row
    add(here, next - (row?.next ?? 0))
    if (row && view.sees(row.space)) add(there, row.next - next)
  }
  if (logs.size <= LAG_LOGS_MAX)
    for (const { row } of logs.values())
      if (!known.has(row.logId) && view.sees(row.space)) add(there, row.next)
  return { behindHere: here, behindThere: there }
}

const toText = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
