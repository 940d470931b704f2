/** Frames (PROTOCOL.md §7): length, codec, body; each an independently compressed run. */
import { concatBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { CODECS, type Codec, type Compression } from './compression.ts'
import { type Failure, failure } from './errors.ts'
import { FRAME_DECODED_BYTES_MAX } from './limits.ts'

export const FRAMES_MEDIA_TYPE = 'application/vnd.spore.frames'
const PREFIX_BYTES = 4
/** Below this a body is sent as it is: compression would save less than it costs. */
const COMPRESS_FROM_BYTES = 512
const ZSTD: Codec = 1

/** One frame around a run's bytes. */
export function encodeFrame(run: Uint8Array, compression: Compression): Uint8Array {
  const packed = run.length < COMPRESS_FROM_BYTES ? run : compression.compress(ZSTD, run)
  const [codec, body] = packed.length < run.length ? [ZSTD, packed] : [0, run]
  const prefix = Buffer.alloc(PREFIX_BYTES + 1)
  prefix.writeUInt32BE(body.length + 1)
  prefix[PREFIX_BYTES] = codec
  return concatBytes(prefix, body)
}

/** The bodies of all frames, decoded; RUN_MALFORMED or RUN_TOO_LARGE for the first that is not one. */
export function* decodeFrames(
  bytes: Uint8Array,
  compression: Compression,
): Generator<Result<Uint8Array, Failure>> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    if (at + PREFIX_BYTES > bytes.length) return yield malformed('cut in its length')
    const length = view.readUInt32BE(at)
    at += PREFIX_BYTES
    if (length < 2 || at + length > bytes.length) return yield malformed('shorter than its length says')
    const codec = CODECS[bytes[at] as number]
    if (codec === undefined) return yield malformed(`codec ${bytes[at]}`)
    const body = bytes.subarray(at + 1, at + length)
    at += length
    const decoded = compression.decompress(codec, body, FRAME_DECODED_BYTES_MAX)
    if (!decoded)
      return yield err(
        failure('RUN_TOO_LARGE', `a frame does not decode within ${FRAME_DECODED_BYTES_MAX} bytes`),
      )
    yield ok(decoded)
  }
}

const malformed = (what: string) => err(failure('RUN_MALFORMED', `frame: ${what}`))
