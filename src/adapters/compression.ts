/** The frame codecs through Node's own zlib. Levels: beyond them time grows faster than bytes shrink (measured). */
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  inflateRawSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { unreachable } from '../core/base/assert.ts'
import type { Compression } from '../core/protocol/compression.ts'
import { createDictionary } from '../core/protocol/dictionary.ts'

/** Of a sealed segment of prose 7 % less than level 3 for 3 µs an entry more; the next level that takes another 1 % costs twice that. */
const ZSTD_LEVEL = 6
const BROTLI_QUALITY = 4
/** Frames of this codec are small: the dictionary costs more than the search. */
const DEFLATE_LEVEL = 9
const dictionary = createDictionary()
/** log2 of the largest zstd window that is decoded: 8 MiB, what RFC 8878 §3.1.1.1.2 asks of every decoder. */
const ZSTD_WINDOW_LOG_MAX = 23

const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }

export const zlibCompression: Compression = {
  compress(codec, bytes) {
    switch (codec) {
      case 0:
        return bytes
      case 1:
        return plain(zstdCompressSync(bytes, zstdOptions))
      case 2:
        return plain(brotliCompressSync(bytes, brotliOptions(bytes.length)))
      case 3:
        return plain(deflateRawSync(bytes, { level: DEFLATE_LEVEL, dictionary }))
      default:
        return unreachable(codec)
    }
  },

  decompress(codec, bytes, maxBytes) {
    switch (codec) {
      case 0:
        return bytes.length <= maxBytes ? bytes : null
      case 1:
        return decode(zstdDecompressSync, bytes, maxBytes, {
          params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
        })
      case 2:
        return decode(brotliDecompressSync, bytes, maxBytes, {})
      case 3:
        return decode(inflateRawSync, bytes, maxBytes, { dictionary })
      default:
        return unreachable(codec)
    }
  },
}

const brotliOptions = (size: number) => ({
  params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: size },
})

type Decoder = (bytes: Uint8Array, options: object) => unknown
/** What the synchronous decoders return with `info: true`: zlib.md, "class Options". */
type Decoded = { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }

function decode(decoder: Decoder, bytes: Uint8Array, maxBytes: number, options: object): Uint8Array | null {
  try {
    // The least limit that zlib takes is 1; the length is compared below all the same.
    const limits = { maxOutputLength: Math.max(1, maxBytes), info: true }
    const { buffer, engine } = decoder(bytes, { ...options, ...limits }) as Decoded
    // The decoders stop at the end of a stream and ignore what follows: a second stream, or anything.
    if (engine.bytesWritten !== bytes.length || buffer.length > maxBytes) return null
    return plain(buffer)
  } catch {
    return null
  }
}

const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
