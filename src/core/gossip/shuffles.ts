/**
 * Shuffles: once a minute a spore gives one other a few descriptors that it knows, and is given as many. So everybody hears
 * of everybody in time, what a descriptor says stays fresh, and each learns how others see the same peers.
 *
 * Invariants: what a stranger shuffles is not read; of one peer at most one shuffle in `SHUFFLE_ACCEPT_MS` is, so that what it
 * costs to verify descriptors is bounded by the table; a descriptor is passed on only while it is valid.
 */
import type { Clock, Random } from '../base/ports.ts'
import { verifyDescriptor } from '../identity/descriptor.ts'
import type { Verifier } from '../identity/keys.ts'
import type { Shuffle } from '../identity/shuffle.ts'
import type { Failure } from '../protocol/errors.ts'
import { DESCRIPTOR_TTL_MS, SHUFFLE_INTERVAL_MS, SHUFFLE_NODES_MAX } from '../protocol/limits.ts'
import type { Descriptor } from '../protocol/messages.ts'
import type { PeerState } from '../protocol/peer-state.ts'
import type { FederationClient } from './client.ts'
import { isAway } from './liveness.ts'
import type { Peer, Peers } from './peers.ts'
import type { Self } from './self.ts'

export interface Shuffles {
  /** Shuffles with somebody where it is time to; resolves when that is over. */
  pass(): Promise<void>
  /** What a peer is given for what it gave; a stranger, for nothing. */
  answer(given: Shuffle, from: Peer | undefined): Shuffle
}

export interface ShufflesDeps {
  readonly network: string
  readonly client: FederationClient
  readonly peers: Peers
  readonly self: Self
  readonly verifier: Verifier
  readonly clock: Clock
  readonly elapsed: () => number
  readonly random: Random
  readonly introduce: (peer: Peer) => Promise<unknown>
  readonly isActive: (peer: Peer) => boolean
  /** Whether it makes sense to ask a peer something now. */
  readonly isAskable: (peer: Peer) => boolean
  /** A verified descriptor, and how the one who passed it on sees whom it is of. */
  readonly onTold: (descriptor: Descriptor, from: Peer, state: PeerState) => void
  readonly onReached: (peer: Peer) => void
  readonly onFailed: (peer: Peer, error: Failure) => void
}

/** A peer that shuffles more often than this is not read. */
export const SHUFFLE_ACCEPT_MS = SHUFFLE_INTERVAL_MS / 3
/** Descriptors of neighbours among those that are given, as in HyParView: the others are of the passive view. */
const ACTIVE_GIVEN = 3
/** Shuffles that are spent on asking a stranger who it is: each makes two introductions and a round. */
const MEETING_SHARE = 1 / 8
export const SHUFFLE_CAPABILITY = 'shuffle'

export function createShuffles(deps: ShufflesDeps): Shuffles {
  const { network, client, peers, self, verifier, clock, elapsed, random, isActive, onTold } = deps
  const readAtMs = new WeakMap<Peer, number>()
  let dueAtMs: number | null = null

  const isValid = ({ issued }: Descriptor): boolean =>
    Math.abs(clock.now() - issued) < DESCRIPTOR_TTL_MS - SHUFFLE_INTERVAL_MS

  /** The own descriptor, of some neighbours, and of some others. */
  const give = (to: Peer): Shuffle => {
    const known = shuffled(peers.all()).filter(
      (peer) =>
        peer !== to && peer.descriptor !== null && peer.descriptor.url !== null && isValid(peer.descriptor),
    )
    const active = known.filter(isActive).slice(0, ACTIVE_GIVEN)
    const some = [...active, ...known.filter((peer) => !active.includes(peer))].slice(
      0,
      SHUFFLE_NODES_MAX - 1,
    )
    return {
      nodes: [self.descriptor(), ...some.map(({ descriptor }) => descriptor)],
      states: ['alive', ...some.map(({ vital }) => vital.state)],
    }
  }

  const take = ({ nodes, states }: Shuffle, from: Peer): void => {
    nodes.forEach((node, at) => {
      const verified = verifyDescriptor(node, { network, nowMs: clock.now(), verifier })
      if (verified.ok) onTold(verified.value, from, states[at] as PeerState)
    })
  }

  /** Anyone that may be asked: neighbours alone would tell the same each time. Now and then one that has not answered yet. */
  const choose = (): Peer | undefined => {
    const candidates = peers.all().filter((peer) => peer.vital.state !== 'gone' && deps.isAskable(peer))
    const strangers = candidates.filter(({ descriptor }) => descriptor === null)
    const known = candidates.filter(({ descriptor }) => descriptor !== null)
    const isMeeting = known.length === 0 || (strangers.length > 0 && random.float() < MEETING_SHARE)
    const pool = isMeeting ? strangers : known
    return pool[Math.floor(random.float() * pool.length)]
  }

  const shuffled = <T>(from: readonly T[]): T[] =>
    from
      .map((item) => ({ item, rank: random.float() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item)

  const nextAt = (): number => elapsed() + SHUFFLE_INTERVAL_MS * (0.5 + random.float())

  return {
    async pass() {
      dueAtMs ??= nextAt()
      if (elapsed() < dueAtMs) return
      dueAtMs = nextAt()
      const peer = choose()
      if (!peer) return
      // Who has not answered yet, or not lately, is asked who it is: that is what makes it one to be told of.
      if (!peer.descriptor || isAway(peer.vital)) return void (await deps.introduce(peer))
      if (!peer.descriptor.capabilities.includes(SHUFFLE_CAPABILITY)) return
      const given = await client.shuffle(peer.url, give(peer))
      if (!given.ok) return deps.onFailed(peer, given.error)
      deps.onReached(peer)
      take(given.value, peer)
    },
    answer(given, from) {
      const nothing: Shuffle = { nodes: [], states: [] }
      if (!from || elapsed() - (readAtMs.get(from) ?? Number.NEGATIVE_INFINITY) < SHUFFLE_ACCEPT_MS)
        return nothing
      readAtMs.set(from, elapsed())
      const answer = give(from)
      take(given, from)
      return answer
    },
  }
}
