/** Codecs of frame bodies (PROTOCOL.md §7). A port, because compression lives outside the pure core. */

/** 0 as it is, 1 zstd, 2 brotli, 3 raw deflate with the shared dictionary (`dictionary.ts`). Every spore decodes them all. */
export type Codec = 0 | 1 | 2 | 3
export const CODECS: readonly Codec[] = [0, 1, 2, 3]

export interface Compression {
  compress(codec: Codec, bytes: Uint8Array): Uint8Array
  /** Null where the bytes are not of that codec, or decode to more than `maxBytes`. */
  decompress(codec: Codec, bytes: Uint8Array, maxBytes: number): Uint8Array | null
}
