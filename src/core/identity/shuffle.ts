/** A shuffle (PROTOCOL.md §8): some descriptors, and how those they are of are seen by the one who passes them on. */

import { SHUFFLE_NODES_MAX } from '../protocol/limits.ts'
import { isPeerState, type PeerState } from '../protocol/peer-state.ts'

export interface Shuffle {
  /** Descriptors; each is verified before anything of it is used. */
  readonly nodes: readonly unknown[]
  /** For each of them, whether it is there; its own word for the sender's own. */
  readonly states: readonly PeerState[]
}

/** Null where it is not in its form. */
export function parseShuffle(input: unknown): Shuffle | null {
  if (typeof input !== 'object' || input === null) return null
  const { nodes, states } = input as { readonly nodes?: unknown; readonly states?: unknown }
  if (!Array.isArray(nodes) || !Array.isArray(states)) return null
  if (nodes.length > SHUFFLE_NODES_MAX || states.length !== nodes.length) return null
  return states.every(isPeerState) ? { nodes, states } : null
}
