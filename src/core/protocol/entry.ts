/**
 * Entry headers (PROTOCOL.md §5): the signed, hash-chained part of an entry.
 *
 * Invariant: a header has exactly one byte form. It is stored and hashed as those bytes; a run carries the same values
 * in columns and the chain proves that what was rebuilt is what was signed.
 */
import type { Digest, HybridTime, LogId } from '../base/brand.ts'
import { base64urlToBytes, bytesToBase64url } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes, sha256, taggedSha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from './errors.ts'
import { HEADER_BYTES_MAX, KIND_MAX, PAYLOAD_BYTES_MAX, REFERENCES_MAX, SEQ_MAX } from './limits.ts'
import { PROTOCOL_VERSION, shownVersion } from './version.ts'

export const LOG_ID_BYTES = 16
export const HASH_BYTES = 32
/** First byte of what a leaf is the hash of. */
export const LEAF_TAG = 0

export interface Header {
  readonly logId: LogId
  readonly seq: number
  readonly clock: HybridTime
  /** A number of `KINDS`, or one that this version does not know. */
  readonly kind: number
  /** Bytes of the payload. */
  readonly payloadLength: number
  /** SHA-256 of the payload: the digest of the element that this entry carries. */
  readonly payload: Digest
  /** Digests of elements that the payload names. */
  readonly references: readonly Digest[]
}

export function encodeHeader(header: Header): Uint8Array {
  return encodeCanonical([
    PROTOCOL_VERSION,
    logIdToBytes(header.logId),
    header.seq,
    header.clock,
    header.kind,
    header.payloadLength,
    digestToBytes(header.payload),
    header.references.map(digestToBytes),
  ])
}

/** Failures: ENTRY_MALFORMED, ENTRY_TOO_LARGE, VERSION_UNSUPPORTED. */
export function decodeHeader(bytes: Uint8Array): Result<Header, Failure> {
  if (bytes.length > HEADER_BYTES_MAX)
    return err(failure('ENTRY_TOO_LARGE', `a header of ${bytes.length} bytes; at most ${HEADER_BYTES_MAX}`))
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return malformed(decoded.error)
  const fields = decoded.value
  if (!Array.isArray(fields) || fields.length === 0) return malformed('not an array of fields')
  if (fields[0] !== PROTOCOL_VERSION)
    return err(
      failure(
        'VERSION_UNSUPPORTED',
        `entry version ${shownVersion(fields[0])}; this spore speaks ${PROTOCOL_VERSION}`,
      ),
    )
  if (fields.length !== 8) return malformed(`${fields.length} fields instead of 8`)
  const [, logId, seq, clock, kind, payloadLength, payload, references] = fields as Canonical[]
  if (!isBytes(logId, LOG_ID_BYTES)) return malformed('log id')
  if (!isUint(seq, SEQ_MAX)) return malformed('seq')
  if (!isUint(clock, Number.MAX_SAFE_INTEGER)) return malformed('clock')
  if (!isUint(kind, KIND_MAX)) return malformed('kind')
  if (!isUint(payloadLength, Number.MAX_SAFE_INTEGER)) return malformed('payload length')
  if (payloadLength > PAYLOAD_BYTES_MAX)
    return err(
      failure('ENTRY_TOO_LARGE', `a payload of ${payloadLength} bytes; at most ${PAYLOAD_BYTES_MAX}`),
    )
  if (!isBytes(payload, HASH_BYTES)) return malformed('payload hash')
  if (!Array.isArray(references)) return malformed('references')
  if (references.length > REFERENCES_MAX)
    return err(failure('ENTRY_TOO_LARGE', `${references.length} references; at most ${REFERENCES_MAX}`))
  if (!references.every((reference) => isBytes(reference, HASH_BYTES))) return malformed('reference')
  return ok({
    logId: bytesToLogId(logId),
    seq,
    clock: clock as HybridTime,
    kind,
    payloadLength,
    payload: bytesToDigest(payload),
    references: (references as Uint8Array[]).map(bytesToDigest),
  })
}

/** What replay needs of a header, read where it stands. */
export interface HeaderView {
  readonly logId: Uint8Array
  readonly seq: number
  readonly clock: HybridTime
  readonly kind: number
  /** SHA-256 of the payload. */
  readonly payload: Uint8Array
}

/**
 * Views a header without taking it apart: of the headers that `decodeHeader` takes, those without references. Null for
 * every other, which says nothing about it: a million headers are read at a start, and nearly all are of this form.
 */
export function viewHeader(bytes: Uint8Array): HeaderView | null {
  if (bytes[0] !== 0x88 || bytes[1] !== PROTOCOL_VERSION || bytes[2] !== 0x40 + LOG_ID_BYTES) return null
  const reader: UintReader = { bytes, at: 3 + LOG_ID_BYTES }
  const seq = readUint(reader, SEQ_MAX)
  const clock = readUint(reader, Number.MAX_SAFE_INTEGER)
  const kind = readUint(reader, KIND_MAX)
  const payloadLength = readUint(reader, PAYLOAD_BYTES_MAX)
  const { at } = reader
  const isWhole = seq >= 0 && clock >= 0 && kind >= 0 && payloadLength >= 0 && bytes.length === at + 35
  if (!isWhole || bytes[at] !== 0x58 || bytes[at + 1] !== HASH_BYTES || bytes[at + 34] !== 0x80) return null
  return {
    logId: bytes.subarray(3, 3 + LOG_ID_BYTES),
    seq,
    clock: clock as HybridTime,
    kind,
    payload: bytes.subarray(at + 2, at + 34),
  }
}

interface UintReader {
  readonly bytes: Uint8Array
  at: number
}

/** A canonical unsigned integer up to `max`; −1 for anything else. */
function readUint(reader: UintReader, max: number): number {
  const { bytes } = reader
  const head = bytes[reader.at++] as number
  if (head < 24) return head <= max ? head : -1
  if (!(head <= 27)) return -1
  const size = 1 << (head - 24)
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[reader.at++] as number)
  // In its shortest form; NaN, behind the end of the bytes, is neither.
  return value >= (size === 1 ? 24 : 2 ** (size * 4)) && value <= max ? value : -1
}

/** leaf = H(0 ‖ header). The tag is the byte that stands before each header of a decoded run. */
export const leafOf = (header: Uint8Array): Uint8Array => taggedSha256(LEAF_TAG, header)
/** The entry's id as a digest; its public form is `digestToCid` of it. */
export const entryDigest = (header: Uint8Array): Digest => bytesToDigest(sha256(header))

export const logIdToBytes = (logId: LogId): Uint8Array => new Uint8Array(Buffer.from(logId, 'base64url'))
export const bytesToLogId = (bytes: Uint8Array): LogId => bytesToBase64url(bytes) as LogId
/** Parses an untrusted log id; null unless it is 16 bytes of base64url. */
export function textToLogId(text: string): LogId | null {
  return base64urlToBytes(text)?.length === LOG_ID_BYTES ? (text as LogId) : null
}

export const isUint = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
export const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const malformed = (what: string) => err(failure('ENTRY_MALFORMED', `header: ${what}`))
