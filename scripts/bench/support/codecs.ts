/** What the best general codecs make of payloads alone: the floor that bytes on the wire are compared with. */
import { brotliCompressSync, constants, zstdCompressSync } from 'node:zlib'

/** Bytes that a codec sees at once: what one segment holds. */
const CHUNK_BYTES = 256 * 1024

type Compress = (bytes: Buffer) => Buffer
const CODECS: readonly (readonly [name: string, compress: Compress])[] = [
  ['zstd 19', (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } })],
  ['brotli 11', (bytes) => brotliCompressSync(bytes)],
]

/** The codec that makes the least of the payloads, joined and cut into chunks, and how many bytes that is. */
export function bestCodecBytes(payloads: readonly Uint8Array[]): {
  readonly name: string
  readonly bytes: number
} {
  const all = Buffer.concat(payloads)
  const sizes = CODECS.map(([name, compress]) => {
    let bytes = 0
    for (let at = 0; at < all.length; at += CHUNK_BYTES)
      bytes += compress(all.subarray(at, at + CHUNK_BYTES)).length
    return { name, bytes }
  })
  return sizes.reduce((least, one) => (one.bytes < least.bytes ? one : least))
}
