/**
 * Compression: the port to the codecs of a frame (PROTOCOL.md §7). They sit inside the body, since proxies re-code
 * `Content-Encoding`. `src/adapters/compression.ts` implements it.
 */

/** 0 none, 1 zstd, 2 brotli: the codec byte of a frame. */
export type Codec = 0 | 1 | 2

export interface Compression {
  compress(codec: Codec, bytes: Uint8Array): Uint8Array
  /** Null where the bytes are not exactly one stream of that codec, or decode to more than `maxBytes`. */
  decompress(codec: Codec, bytes: Uint8Array, maxBytes: number): Uint8Array | null
}
