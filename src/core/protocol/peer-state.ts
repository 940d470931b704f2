/** Whether a peer is there, in one word (PROTOCOL.md §8, `gossip/liveness.ts`). */
export const PEER_STATES = ['new', 'alive', 'refused', 'suspect', 'asleep', 'gone'] as const
export type PeerState = (typeof PEER_STATES)[number]

export const isPeerState = (value: unknown): value is PeerState =>
  (PEER_STATES as readonly unknown[]).includes(value)
