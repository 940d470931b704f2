/** What this code speaks (PROTOCOL.md §2). A peer with another value is refused with both values in the error. */
export const PROTOCOL_VERSION = 1
/** The public network. A private network is another name with a pre-shared key (a later issue). */
export const DEFAULT_NETWORK = 'spore-main'
