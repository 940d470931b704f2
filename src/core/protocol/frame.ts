/** Frames (PROTOCOL.md §7): length, codec, body; each an independently compressed run. */
import { concatBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { CODECS, type Codec, type Compression } from './compression.ts'
import { type Failure, failure } from './errors.ts'
import { FRAME_DECODED_BYTES_MAX } from './limits.ts'

export const FRAMES_MEDIA_TYPE = 'application/vnd.spore.frames'
const PREFIX_BYTES = 4
/**
 * Up to this a body is packed with the shared dictionary, beyond it with zstd: a single memory becomes a quarter to a third
 * smaller by it; at 8 KiB it still saves some percent but takes five times as long (measured).
 */
const DICTIONARY_BYTES_MAX = 8 * 1024
const ZSTD: Codec = 1
const DICTIONARY: Codec = 3
/** An array of ten whose first element is a text of twelve bytes (PROTOCOL.md §6). A run begins with the integer 1. */
const FORK_PROOF_HEAD = [0x8a, 0x6c] as const
/** Codec byte and body of the longest frame: one that is sent as it is. */
const FRAME_BYTES_MAX = FRAME_DECODED_BYTES_MAX + 1

/** One frame around a run's bytes. */
export function encodeFrame(run: Uint8Array, compression: Compression): Uint8Array {
  const packer = run.length <= DICTIONARY_BYTES_MAX ? DICTIONARY : ZSTD
  const packed = compression.compress(packer, run)
  const [codec, body] = packed.length < run.length ? [packer, packed] : [0, run]
  const prefix = Buffer.alloc(PREFIX_BYTES + 1)
  prefix.writeUInt32BE(body.length + 1)
  prefix[PREFIX_BYTES] = codec
  return concatBytes(prefix, body)
}

/** The body of a frame, decoded, and where the frame ends. */
export interface DecodedFrame {
  readonly content: Result<Uint8Array, Failure>
  readonly end: number
}

/** The bodies of all frames, decoded; RUN_MALFORMED or RUN_TOO_LARGE for the first that is not one, which ends the bytes. */
export function* readFrames(bytes: Uint8Array, compression: Compression): Generator<DecodedFrame> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const malformed = (what: string): DecodedFrame => ({
    content: err(failure('RUN_MALFORMED', `frame: ${what}`)),
    end: bytes.length,
  })
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
    if (!decoded) {
      const detail = `a frame does not decode within ${FRAME_DECODED_BYTES_MAX} bytes`
      return yield { content: err(failure('RUN_TOO_LARGE', detail)), end: bytes.length }
    }
    yield { content: ok(decoded), end: at }
  }
}

/** Frames that some bytes claim to hold, by their lengths alone: a head is signed in each, or a fork proof. */
export function countFrames(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = 0; at + PREFIX_BYTES <= bytes.length; count++) at += PREFIX_BYTES + view.readUInt32BE(at)
  return count
}

/** The bodies alone. */
export function* decodeFrames(
  bytes: Uint8Array,
  compression: Compression,
): Generator<Result<Uint8Array, Failure>> {
  for (const { content } of readFrames(bytes, compression)) yield content
}

/**
 * Cuts a stream of frames into pieces of whole frames, each of at least `batchBytes` but for the last. What does not end
 * as a frame, or claims to be longer than one can be, is the end of the last piece; nothing is read behind it.
 */
export async function* splitFrames(
  chunks: AsyncIterable<Uint8Array>,
  batchBytes: number,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  /** Bytes of `held` that are whole frames. */
  let whole = 0
  // Of the frame that is being read: bytes of its length that came, the length, and what is missing of the rest.
  let prefixRead = 0
  let length = 0
  let missing = 0
  const take = (bytes: number): Uint8Array => {
    const all = held.length === 1 ? (held[0] as Uint8Array) : concatBytes(...held)
    held = bytes < all.length ? [all.subarray(bytes)] : []
    size -= bytes
    whole = 0
    return all.subarray(0, bytes)
  }
  for await (const chunk of chunks) {
    held.push(chunk)
    for (let at = 0; at < chunk.length; ) {
      if (prefixRead < PREFIX_BYTES) {
        length = length * 256 + (chunk[at++] as number)
        missing = length
        if (++prefixRead === PREFIX_BYTES && (length < 2 || length > FRAME_BYTES_MAX))
          return yield take(size + at)
        continue
      }
      const step = Math.min(missing, chunk.length - at)
      at += step
      missing -= step
      if (missing > 0) break
      whole = size + at
      prefixRead = 0
      length = 0
    }
    size += chunk.length
    if (whole >= batchBytes) yield take(whole)
  }
  if (size > 0) yield take(size)
}

/** True where a frame's body is a fork proof by its first element, and not a run. */
export const isForkProof = (body: Uint8Array): boolean =>
  body[0] === FORK_PROOF_HEAD[0] && body[1] === FORK_PROOF_HEAD[1]
