/** What an operator's word to join a spore does: it is asked who it is, kept, and exchanged with. */
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { Gate } from './gate.ts'
import type { Introductions } from './introductions.ts'
import type { Neighbors } from './neighbors.ts'
import type { Peer, Peers } from './peers.ts'

export interface JoiningDeps {
  readonly introductions: Introductions
  readonly peers: Peers
  readonly neighbors: Neighbors
  readonly gate: Gate
  readonly sync: (peer: Peer) => Promise<void>
}

/** The peer at a URL, which is kept from now on; one that did not answer is not. Failure PEER_BLOCKED beside those of an introduction. */
export const createJoining =
  ({ introductions, peers, neighbors, gate, sync }: JoiningDeps) =>
  async (input: string): Promise<Result<Peer, Failure>> => {
    const pinned = introductions.pin(input)
    if (!pinned.ok) return pinned
    const peer = pinned.value
    const isKnown = peer.descriptor !== null || peer.isPinned || peer.isStranger
    peer.isPinned = true
    const introduced = await introductions.introduce(peer)
    const isBlocked = introduced.ok && gate.isRefused(introduced.value)
    if ((!introduced.ok || isBlocked) && !isKnown) {
      peers.remove(peer)
      neighbors.forget(peer)
    }
    if (!introduced.ok) return introduced
    if (isBlocked) return err(failure('PEER_BLOCKED', 'the operator of this spore blocks it'))
    void sync(introduced.value)
    neighbors.refill()
    return ok(introduced.value)
  }
