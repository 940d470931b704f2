/** What strangers pay and get beside what `limits.ts` says of all callers: bounds that only the HTTP side knows. */

/**
 * Keys that come from one address for the first time, a second and at once: a key costs nothing, so a crowd of them is one
 * caller. An office in which fifty spores start at the same time has all of them in after three minutes.
 */
export const ADDRESS_KEYS_PER_SECOND = 1 / 4
export const ADDRESS_KEYS_BURST = 8
/** Keys that came from somewhere before, ~200 bytes each; one that is forgotten counts as new. */
export const KEYS_MET_MAX = 8192
/** So many times the signatures has an address that is not on the public internet: a proxy may stand there for many. */
export const NEAR_FACTOR = 8
/**
 * What strangers pay beside signatures, in these. A run is committed and indexed, for an author that may never be heard of
 * again, and so is what is in it; who joins is asked where it says that it is. So somebody who wrote 10,000 entries on a
 * train and has no peer yet that it could be reached by is rid of them within a minute.
 */
export const STRANGER_RUN_COST = 8
export const STRANGER_ENTRY_COST = 1 / 4
/** Entries that are taken of one push of a stranger: a second of work. The rest is OVERLOADED, and comes another time. */
export const STRANGER_PUSH_ENTRIES_MAX = 4096
/** So many times what an address has at once it may owe for what was done for it: what one such push costs. */
export const STRANGER_DEBT_FACTOR = 8
export const STRANGER_BYTES_PER_SIGNATURE = 2 * 1024
export const STRANGER_JOIN_COST = 16
/** What a refusal costs an address on the public internet: who goes on asking stays refused, who waits has paid it by then. */
export const REFUSAL_COST = 16
