/**
 * Runs (PROTOCOL.md §7): a contiguous stretch of one log that ends at a signed head, as columns. What can be computed is
 * not sent: sequence numbers, payload hashes and header bytes are rebuilt, and the chain proves the rebuilding.
 */
import type { Digest, HybridTime, LogId, SpaceId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes, sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import { decodeHeader, encodeHeader, HASH_BYTES, type Header, isBytes, isUint } from './entry.ts'
import { type Failure, failure } from './errors.ts'
import * as limits from './limits.ts'
import { EPOCH_BYTES, type LogDescriptor, logIdOf, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './log.ts'
import { PROTOCOL_VERSION } from './version.ts'

/** An entry as stored and hashed: header bytes, and the payload unless it was purged. */
export interface EntryBytes {
  readonly header: Uint8Array
  readonly payload: Uint8Array | null
}

export interface Run {
  readonly log: LogDescriptor
  readonly from: number
  readonly entries: readonly EntryBytes[]
  /** Chain value after the last entry, and the author's signature over the head there. */
  readonly chain: Uint8Array
  readonly signature: Uint8Array
}

/** A run whose form was checked: headers decoded, ids computed. Chain, clock and signature are not yet. */
export interface DecodedRun extends Run {
  readonly logId: LogId
  readonly headers: readonly Header[]
}

/** Encodes a run; its headers must be consecutive ones of its log (a bug otherwise). */
export function encodeRun(run: Run): Uint8Array {
  const clocks: number[] = []
  const kinds = new Uint8Array(run.entries.length)
  const lengths: number[] = []
  const references: Canonical[] = []
  const absent: Canonical[] = []
  const payloads: Uint8Array[] = []
  let previousClock = 0
  for (const [i, entry] of run.entries.entries()) {
    const decoded = decodeHeader(entry.header)
    if (!decoded.ok) throw new Error(`stored header does not decode: ${decoded.error.detail}`)
    const header = decoded.value
    clocks.push(header.clock - previousClock)
    previousClock = header.clock
    kinds[i] = header.kind
    lengths.push(header.payloadLength)
    if (header.references.length > 0)
      references.push([i, concatBytes(...header.references.map(digestToBytes))])
    if (entry.payload) payloads.push(entry.payload)
    else absent.push([i, digestToBytes(header.payload)])
  }
  const { publicKey, space, epoch } = run.log
  return encodeCanonical([
    PROTOCOL_VERSION,
    publicKey,
    space,
    epoch,
    run.from,
    clocks,
    kinds,
    lengths,
    references,
    absent,
    concatBytes(...payloads),
    run.chain,
    run.signature,
  ])
}

/** Failures: RUN_MALFORMED, RUN_TOO_LARGE, ENTRY_TOO_LARGE, VERSION_UNSUPPORTED. Checks form and bounds only. */
export function decodeRun(bytes: Uint8Array): Result<DecodedRun, Failure> {
  if (bytes.length > limits.FRAME_DECODED_BYTES_MAX) return tooLarge(`${bytes.length} bytes`)
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return malformed(decoded.error)
  const fields = decoded.value
  if (!Array.isArray(fields)) return malformed('not an array')
  if (fields[0] !== PROTOCOL_VERSION)
    return err(
      failure(
        'VERSION_UNSUPPORTED',
        `run version ${String(fields[0])}; this spore speaks ${PROTOCOL_VERSION}`,
      ),
    )
  if (fields.length !== 13) return malformed(`${fields.length} fields instead of 13`)
  const [
    ,
    publicKey,
    space,
    epoch,
    from,
    clocks,
    kinds,
    lengths,
    references,
    absent,
    payloads,
    chain,
    signature,
  ] = fields as Canonical[]
  if (!isBytes(publicKey, PUBLIC_KEY_BYTES)) return malformed('public key')
  if (typeof space !== 'string' || space.length === 0 || space.length > limits.SPACE_CHARS_MAX)
    return malformed('space')
  if (!isBytes(epoch, EPOCH_BYTES)) return malformed('epoch')
  if (!isUint(from, limits.SEQ_MAX)) return malformed('from')
  if (!(kinds instanceof Uint8Array) || kinds.length === 0) return malformed('kinds')
  const count = kinds.length
  if (count > limits.SEGMENT_ENTRIES_MAX) return tooLarge(`${count} entries`)
  if (from + count - 1 > limits.SEQ_MAX) return malformed('from')
  if (!isUintList(clocks, count)) return malformed('clocks')
  if (!isUintList(lengths, count)) return malformed('lengths')
  if (!(payloads instanceof Uint8Array)) return malformed('payloads')
  if (!isBytes(chain, HASH_BYTES)) return malformed('chain')
  if (!isBytes(signature, SIGNATURE_BYTES)) return malformed('signature')
  const referencesByIndex = decodeIndexed(
    references,
    count,
    (joined) => joined.length > 0 && joined.length % HASH_BYTES === 0,
  )
  if (!referencesByIndex) return malformed('references')
  const absentByIndex = decodeIndexed(absent, count, (hash) => hash.length === HASH_BYTES)
  if (!absentByIndex) return malformed('absent')

  const log: LogDescriptor = { publicKey, space: space as SpaceId, epoch }
  const logId = logIdOf(log)
  const headers: Header[] = []
  const entries: EntryBytes[] = []
  let clock = 0
  let offset = 0
  let size = 0
  for (let i = 0; i < count; i++) {
    const payloadLength = lengths[i] as number
    if (payloadLength > limits.PAYLOAD_BYTES_MAX)
      return err(
        failure(
          'ENTRY_TOO_LARGE',
          `a payload of ${payloadLength} bytes; at most ${limits.PAYLOAD_BYTES_MAX}`,
        ),
      )
    const absentHash = absentByIndex.get(i)
    const payload = absentHash ? null : payloads.slice(offset, offset + payloadLength)
    if (payload && payload.length !== payloadLength) return malformed('payloads end too early')
    if (payload) offset += payloadLength
    clock += clocks[i] as number
    if (!Number.isSafeInteger(clock)) return malformed('clocks')
    const joined = referencesByIndex.get(i)
    if (joined && joined.length / HASH_BYTES > limits.REFERENCES_MAX)
      return err(failure('ENTRY_TOO_LARGE', `more than ${limits.REFERENCES_MAX} references`))
    const header: Header = {
      logId,
      seq: from + i,
      clock: clock as HybridTime,
      kind: kinds[i] as number,
      payloadLength,
      payload: bytesToDigest(absentHash ?? sha256(payload as Uint8Array)),
      references: joined ? splitDigests(joined) : [],
    }
    const headerBytes = encodeHeader(header)
    size += headerBytes.length + payloadLength
    headers.push(header)
    entries.push({ header: headerBytes, payload })
  }
  if (offset !== payloads.length) return malformed('bytes behind the payloads')
  if (size > limits.SEGMENT_BYTES_MAX) return tooLarge(`${size} bytes of entries`)
  return ok({ log, logId, from, entries, headers, chain, signature })
}

function decodeIndexed(
  list: Canonical | undefined,
  count: number,
  isValid: (bytes: Uint8Array) => boolean,
): Map<number, Uint8Array> | null {
  if (!Array.isArray(list) || list.length > count) return null
  const byIndex = new Map<number, Uint8Array>()
  let previous = -1
  for (const item of list as Canonical[]) {
    if (!Array.isArray(item) || item.length !== 2) return null
    const [index, bytes] = item as Canonical[]
    if (!isUint(index, count - 1) || index <= previous) return null
    if (!(bytes instanceof Uint8Array) || !isValid(bytes)) return null
    byIndex.set(index, bytes)
    previous = index
  }
  return byIndex
}

function splitDigests(joined: Uint8Array): Digest[] {
  const digests: Digest[] = []
  for (let at = 0; at < joined.length; at += HASH_BYTES)
    digests.push(bytesToDigest(joined.subarray(at, at + HASH_BYTES)))
  return digests
}

const isUintList = (value: unknown, count: number): value is readonly number[] =>
  Array.isArray(value) &&
  value.length === count &&
  value.every((item) => isUint(item, Number.MAX_SAFE_INTEGER))
const malformed = (what: string) => err(failure('RUN_MALFORMED', `run: ${what}`))
const tooLarge = (what: string) => err(failure('RUN_TOO_LARGE', `a run of ${what} is larger than a segment`))
