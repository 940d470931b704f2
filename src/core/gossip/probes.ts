/**
 * Indirect probes (SWIM: Das, Gupta, Motivala 2002): before a peer that does not answer counts as gone, others are asked
 * whether they reach it. One broken route is then not taken for a death, nor a spore that is cut off for the one that is right.
 */
import type { Did } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { PROBE_TIMEOUT_MS } from '../protocol/limits.ts'
import type { FederationClient } from './client.ts'
import { isAway } from './liveness.ts'
import type { Peer } from './peers.ts'

export interface Probes {
  /** Asks up to `WITNESSES` others about a peer that does not answer here. */
  ask(peer: Peer): void
  /** Whether this spore reaches a peer of its own; asks it where it has not heard from it lately. */
  answer(peer: Peer): Promise<boolean>
  settled(): Promise<void>
}

export interface ProbesDeps {
  readonly client: FederationClient
  readonly clock: Clock
  readonly elapsed: () => number
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  /** Neighbours that answer. */
  readonly witnesses: () => readonly Peer[]
  /** A round with a peer, which finds out whether it answers. */
  readonly sync: (peer: Peer) => Promise<void>
  /** What a witness says of a peer. */
  readonly onTestimony: (peer: Peer, witness: Did, isReached: boolean) => void
  /** All that were asked have said: whether one of them reaches the peer. Not where nobody knew. */
  readonly onVerdict: (peer: Peer, isReached: boolean) => void
}

/** Others that are asked about one peer. */
export const WITNESSES = 2
/** Peers that are asked about at a time: when more fail at once, it is the own network. */
export const PROBES_MAX = 8
/** The same peer is not asked about again before this. */
export const PROBE_AGAIN_MS = 30_000
/** Who was heard from this lately is there. */
const LATELY_MS = 10_000
export const PROBE_CAPABILITY = 'probe'

export function createProbes(deps: ProbesDeps): Probes {
  const { client, clock, elapsed, random, log, signal, witnesses, sync, onTestimony, onVerdict } = deps
  const underWay = new Map<Peer, Promise<void>>()
  const askedAtMs = new WeakMap<Peer, number>()

  const choose = (peer: Peer): Peer[] =>
    witnesses()
      .filter((other) => other !== peer && other.descriptor?.capabilities.includes(PROBE_CAPABILITY) === true)
      .map((other) => ({ other, rank: random.float() }))
      .sort((a, b) => a.rank - b.rank)
      .slice(0, WITNESSES)
      .map(({ other }) => other)

  const askAll = async (peer: Peer, key: Did): Promise<void> => {
    const answers = await Promise.all(
      choose(peer).map(async (witness) => {
        const answer = await client.probe(witness.url, key)
        // One that does not know says nothing, and one that does not answer is no witness.
        if (!answer.ok || answer.value === null) return null
        if (witness.descriptor) onTestimony(peer, witness.descriptor.key, answer.value)
        return answer.value
      }),
    )
    const said = answers.filter((answer) => answer !== null)
    if (said.length > 0) onVerdict(peer, said.includes(true))
  }

  return {
    ask(peer) {
      const key = peer.descriptor?.key
      if (!key || underWay.has(peer) || underWay.size >= PROBES_MAX || signal.aborted) return
      if (elapsed() - (askedAtMs.get(peer) ?? Number.NEGATIVE_INFINITY) < PROBE_AGAIN_MS) return
      askedAtMs.set(peer, elapsed())
      const ended = askAll(peer, key)
        .catch((error: unknown) => log.error('probe broke', { peer: peer.url, error: String(error) }))
        .finally(() => underWay.delete(peer))
      underWay.set(peer, ended)
    },
    async answer(peer) {
      const { vital } = peer
      if (elapsed() - (vital.arrivals.lastMs ?? Number.NEGATIVE_INFINITY) < LATELY_MS) return !isAway(vital)
      const isOver = new AbortController()
      const patience = clock.sleep(PROBE_TIMEOUT_MS, AbortSignal.any([isOver.signal, signal]))
      const isReached = await Promise.race([
        sync(peer).then(() => !isAway(vital)),
        patience.then(() => false),
      ])
      isOver.abort()
      return isReached
    },
    async settled() {
      await Promise.allSettled(underWay.values())
    },
  }
}
