/**
 * Discovery: spores by what they say they are for. Answered from the descriptors that are known here, and where these are
 * few, from those that the neighbours know; nobody keeps a register of all.
 *
 * Invariants: what is found is what its own key signed, whoever passed it on; nobody becomes a peer by being found; one
 * lookup asks at most `ASKED_MAX` spores, once, and verifies at most `PASSED_ON_MAX` signatures of each.
 */
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { verifyDescriptor } from '../identity/descriptor.ts'
import type { Verifier } from '../identity/keys.ts'
import { hasWanted, queryToWanted, type Wanted, wantsNothing } from '../identity/wanted.ts'
import type { Moderation } from '../moderation/moderation.ts'
import type { PeerPage, PeerView } from '../protocol/api.ts'
import type { FoundSpore, PeerQuery } from '../protocol/api-discovery.ts'
import type { Failure } from '../protocol/errors.ts'
import { DESCRIPTOR_TTL_MS } from '../protocol/limits.ts'
import type { Descriptor } from '../protocol/messages.ts'
import type { FederationClient } from './client.ts'
import type { Neighbors } from './neighbors.ts'
import type { Peer, Peers } from './peers.ts'
import type { Transport } from './transport.ts'

export interface Discovery {
  /** Spores that have every label, the newest descriptors first; at most `FOUND_MAX`. */
  find(wanted: Wanted): Promise<readonly FoundSpore[]>
  /** Descriptors of those known here that have every label, for who asks: at most `PASSED_ON_MAX`. */
  known(wanted: Wanted): readonly Descriptor[]
}

export interface DiscoveryDeps {
  readonly client: Pick<FederationClient, 'nodes'>
  readonly peers: Pick<Peers, 'all'>
  readonly neighbors: Pick<Neighbors, 'active'>
  readonly transport: Pick<Transport, 'admit'>
  readonly moderation: Pick<Moderation, 'peer'>
  readonly verifier: Verifier
  readonly clock: Clock
  readonly network: string
  readonly self: Did
  readonly signal: AbortSignal
}

/** With as many known here, nobody else is asked. */
export const FOUND_ENOUGH = 8
/** Spores in one answer. */
export const FOUND_MAX = 64
/** Neighbours that one lookup asks: all of them. */
const ASKED_MAX = 8
/** Descriptors that one neighbour's answer may add: each costs a verification. */
export const PASSED_ON_MAX = 16
/** Milliseconds that a lookup waits for neighbours; who is slower is left out. */
const FIND_WAIT_MS = 3000

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { client, peers, neighbors, transport, moderation, verifier, clock, network, self, signal } = deps

  /** Whom the operator blocks is not shown, nor told of. */
  const mayBeShown = ({ key, url }: Descriptor): boolean => moderation.peer(key, url) !== 'refused'

  const known = (wanted: Wanted): Descriptor[] =>
    peers
      .all()
      .flatMap(({ descriptor, told }) => descriptor ?? told ?? [])
      .filter(
        (each) =>
          clock.now() - each.issued < DESCRIPTOR_TTL_MS && hasWanted(each, wanted) && mayBeShown(each),
      )

  const ask = async (url: string, wanted: Wanted): Promise<readonly Descriptor[]> => {
    const reply = await client.nodes(url, wanted)
    if (!reply.ok) return []
    // Their form was checked; an older spore knows no filter and gives all.
    const fitting = (reply.value.nodes as readonly Descriptor[]).filter((node) => hasWanted(node, wanted))
    const terms = { network, nowMs: clock.now(), verifier }
    return fitting
      .slice(0, PASSED_ON_MAX)
      .filter((node) => verifyDescriptor(node, terms).ok && mayBeShown(node))
  }

  const askNeighbours = async (wanted: Wanted, take: (found: readonly Descriptor[], from: Did) => void) => {
    const isOver = new AbortController()
    const asked = neighbors
      .active()
      .slice(0, ASKED_MAX)
      .flatMap(({ url, descriptor }) => (descriptor ? [{ url, from: descriptor.key }] : []))
    const answers = asked.map(async ({ url, from }) => take(await ask(url, wanted), from))
    const ending = AbortSignal.any([isOver.signal, signal])
    await Promise.race([Promise.allSettled(answers), clock.sleep(FIND_WAIT_MS, ending)])
    isOver.abort()
  }

  return {
    async find(wanted) {
      const found = new Map<Did, { readonly descriptor: Descriptor; readonly from: Did | null }>()
      const take = (descriptors: readonly Descriptor[], from: Did | null): void => {
        for (const descriptor of descriptors) {
          const before = found.get(descriptor.key)
          if (descriptor.key === self || (before && before.descriptor.issued >= descriptor.issued)) continue
          found.set(descriptor.key, { descriptor, from: before ? before.from : from })
        }
      }
      take(known(wanted), null)
      if (found.size < FOUND_ENOUGH) await askNeighbours(wanted, take)
      return [...found.values()]
        .sort((a, b) => b.descriptor.issued - a.descriptor.issued)
        .slice(0, FOUND_MAX)
        .map(({ descriptor, from }) => toFound(descriptor, from, transport))
    },
    known: (wanted) => known(wanted).slice(0, PASSED_ON_MAX),
  }
}

/** What `GET /api/peers` answers: peers, and where labels are wanted, only those that have them, and who else does. */
export function createLookup(gossip: {
  readonly peers: Pick<Peers, 'all'>
  readonly discovery: Pick<Discovery, 'find'>
  view(peer: Peer): PeerView
}) {
  return async (query: PeerQuery): Promise<Result<PeerPage, Failure>> => {
    const wanted = queryToWanted((name) => query[name as keyof PeerQuery])
    if (!wanted.ok) return wanted
    const all = gossip.peers.all()
    if (wantsNothing(wanted.value)) return ok({ peers: all.map(gossip.view), found: [] })
    const peers = all.filter(({ descriptor }) => descriptor && hasWanted(descriptor, wanted.value))
    return ok({ peers: peers.map(gossip.view), found: [...(await gossip.discovery.find(wanted.value))] })
  }
}

function toFound(
  descriptor: Descriptor,
  from: Did | null,
  transport: DiscoveryDeps['transport'],
): FoundSpore {
  const { key, url, name, roles, tags, families, issued } = descriptor
  return {
    spore: key,
    name,
    // One that this spore may not connect to is of no use here, and could be meant to look like another.
    url: url !== null && transport.admit(url).ok ? url : null,
    roles: [...roles],
    tags: [...tags],
    families: [...families],
    issuedAt: new Date(issued).toISOString(),
    from,
  }
}
