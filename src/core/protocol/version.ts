/** What this code speaks (PROTOCOL.md §2). A peer with another value is refused with both values in the error. */
export const PROTOCOL_VERSION = 1
/** The public network. A private network is another name with a pre-shared key (`identity/network-key.ts`). */
export const DEFAULT_NETWORK = 'spore-main'
/**
 * What this code can be asked for that another spore of this version may not know, in its descriptor; ascending. Who asks
 * for it reads the descriptor first, so that more can be added within a version.
 */
export const CAPABILITIES: readonly string[] = ['probe', 'shuffle', 'stream']

/** The version that somebody sent, for people: whatever it is, it can be said. */
export const shownVersion = (value: unknown): string =>
  typeof value === 'number' ? `${value}` : 'that is no number'
