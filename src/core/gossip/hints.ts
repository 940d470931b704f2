/**
 * Hints: spores that somebody said may be found at a URL under a key (a seed list, the local network). A hint is no more
 * than a place to look at.
 *
 * Invariants: who answers there with another key is not joined, nor told where this spore is; what is learnt by a hint is a
 * stranger like any other, bounded by the views; at most `HINTS_UNDER_WAY_MAX` hints are followed at a time.
 */
import type { Did } from '../base/brand.ts'
import type { Log, Random } from '../base/ports.ts'
import type { Signer } from '../identity/keys.ts'
import type { Moderation } from '../moderation/moderation.ts'
import type { FederationClient } from './client.ts'
import type { Introductions } from './introductions.ts'
import type { Neighbors } from './neighbors.ts'
import type { Peer, Peers } from './peers.ts'
import type { Self } from './self.ts'
import type { Transport } from './transport.ts'

export interface Hint {
  readonly url: string
  /** Who must answer there. */
  readonly key: Did
}

export interface Hints {
  /**
   * Asks who answers, in random order and a few at a time, until `PEERS_ENOUGH` peers are alive or all were asked. Hints
   * that find no room are left out: whoever has them gives them again.
   */
  follow(hints: readonly Hint[]): Promise<void>
  /** Peers that answer; with `PEERS_ENOUGH` of them the others are learnt from them. */
  hasEnough(): boolean
  /** Resolves when none is being followed. */
  settled(): Promise<void>
}

export interface HintsDeps {
  readonly client: Pick<FederationClient, 'nodes'>
  readonly peers: Peers
  readonly introductions: Pick<Introductions, 'introduce'>
  readonly neighbors: Pick<Neighbors, 'learn' | 'forget' | 'refill'>
  readonly self: Pick<Self, 'url'>
  readonly signer: Pick<Signer, 'did'>
  readonly transport: Pick<Transport, 'admit'>
  readonly moderation: Pick<Moderation, 'peer'>
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  /** A peer was found by a hint. */
  readonly onMet: (peer: Peer) => void
}

/** Peers that answer from which on hints are not needed: these know the others. */
export const PEERS_ENOUGH = 3
/** Hints that are followed at a time: each may take as long as a request may. */
export const HINTS_UNDER_WAY_MAX = 8
/** Of one list: the seeds that answer are enough, usually the first of them, and nobody asks all 64 at once. */
const LANES = 4

export function createHints(deps: HintsDeps): Hints {
  const { client, peers, introductions, neighbors, self, signer, transport } = deps
  const { moderation, random, log, signal, onMet } = deps
  const underWay = new Map<string, Promise<void>>()

  const hasEnough = (): boolean =>
    peers.all().filter(({ vital }) => vital.state === 'alive').length >= PEERS_ENOUGH

  const meet = async (url: string, key: Did): Promise<void> => {
    const nodes = await client.nodes(url)
    if (!nodes.ok) return log.debug('nobody where a hint says', { peer: url, code: nodes.error.code })
    // Only a first look: that it has the key as well is what its signed reply to the join proves.
    const answered = (nodes.value.self as { readonly key: string }).key
    if (answered !== key) return log.warn('another spore than a hint says', { peer: url, key, answered })
    const isKnown = peers.byUrl(url) !== undefined
    const peer = peers.at(url)
    if (!peer || signal.aborted) return
    if (!isKnown) peer.isStranger = true
    neighbors.learn(peer)
    const met = await introductions.introduce(peer)
    if (!met.ok) return log.debug('a hint led nowhere', { peer: url, code: met.error.code })
    if (met.value.descriptor?.key === key) {
      onMet(met.value)
      return neighbors.refill()
    }
    log.warn('another spore than a hint says', { peer: url, key, answered: met.value.descriptor?.key })
    if (isKnown) return
    peers.remove(met.value)
    neighbors.forget(met.value)
  }

  const followOne = async ({ url: text, key }: Hint): Promise<void> => {
    const url = transport.admit(text)
    if (!url.ok) return log.debug('hint left out', { peer: text, detail: url.error.detail })
    const isHere = key === signer.did || url.value === self.url || peers.byDid(key)?.vital.state === 'alive'
    if (moderation.peer(key, url.value) === 'refused') return
    if (isHere || underWay.has(url.value) || underWay.size >= HINTS_UNDER_WAY_MAX) return
    const started = meet(url.value, key).finally(() => underWay.delete(url.value))
    underWay.set(url.value, started)
    await started
  }

  return {
    async follow(hints) {
      const waiting = shuffled(hints, random)
      const lane = async (): Promise<void> => {
        for (let next = waiting.pop(); next; next = waiting.pop()) {
          if (signal.aborted || hasEnough()) return
          await followOne(next)
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
    },
    hasEnough,
    async settled() {
      await Promise.allSettled(underWay.values())
    },
  }
}

function shuffled<T>(from: readonly T[], random: Random): T[] {
  const places = from.map((value) => ({ value, at: random.float() }))
  return places.sort((a, b) => a.at - b.at).map(({ value }) => value)
}
