/** Branded primitives: parsed once at the edge, never mistaken for one another afterwards. */
declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** SHA-256 digest as 43 characters of base64url: the in-memory key of an element or entry. */
export type Digest = Brand<string, 'Digest'>
/** An author: `did:key:z6Mk…` (Ed25519, multibase base58btc). */
export type Did = Brand<string, 'Did'>
/** A log's id: 16 bytes as 22 characters of base64url. */
export type LogId = Brand<string, 'LogId'>
/** A space's name: `private`, `commons`, or the id of a founded space. */
export type SpaceId = Brand<string, 'SpaceId'>
/** Hybrid logical clock reading: milliseconds × 1024 + counter, a safe integer (PROTOCOL.md §4). */
export type HybridTime = Brand<number, 'HybridTime'>
