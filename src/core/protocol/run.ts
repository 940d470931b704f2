/**
 * Runs (PROTOCOL.md §7): a contiguous stretch of one log that ends at a signed head, as columns. What can be computed is
 * not sent: sequence numbers, payload hashes and header bytes are rebuilt, and the chain proves the rebuilding.
 */
import type { Digest, LogId, SpaceId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, writeSha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import { HASH_BYTES, isBytes, isUint, LEAF_TAG, logIdToBytes } from './entry.ts'
import { type Failure, failure } from './errors.ts'
import { createHeaderReader, headerBytesMax, writeHeader } from './header-bytes.ts'
import { KINDS } from './kinds.ts'
import * as limits from './limits.ts'
import { EPOCH_BYTES, type LogDescriptor, logIdOf, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './log.ts'
import { PROTOCOL_VERSION, shownVersion } from './version.ts'

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

/**
 * A run whose form was checked, in columns: a few arrays, however many entries. Ids and headers are rebuilt from what was
 * sent; that they are what the author signed is not known yet.
 */
export interface DecodedRun {
  readonly log: LogDescriptor
  readonly logId: LogId
  readonly from: number
  /** Number of entries, at least 1. */
  readonly count: number
  /** The header bytes, each behind the byte 0 that tags its leaf (PROTOCOL.md §5). */
  readonly headers: Uint8Array
  /** Where the tag of header i stands, and behind the last one the end of `headers`. */
  readonly headerStarts: Uint32Array
  /** Where in `headers` the hash of payload i stands. */
  readonly hashStarts: Uint32Array
  readonly clocks: Float64Array
  readonly kinds: Uint8Array
  /** The payloads that are present, joined. */
  readonly payloads: Uint8Array
  /** Where payload i begins, and behind the last one the end of `payloads`. */
  readonly payloadStarts: Uint32Array
  /** What the headers say of the payloads' lengths, present or not. */
  readonly lengths: Uint32Array
  /** 1 where the payload was purged. */
  readonly absent: Uint8Array
  /** Chain value after the last entry, and the author's signature over the head there. */
  readonly chain: Uint8Array
  readonly signature: Uint8Array
}

/** Entry `index` of a run, as views of its columns. */
export const entryOf = (run: DecodedRun, index: number): EntryBytes => ({
  header: run.headers.subarray(
    (run.headerStarts[index] as number) + 1,
    run.headerStarts[index + 1] as number,
  ),
  payload:
    run.absent[index] === 1
      ? null
      : run.payloads.subarray(run.payloadStarts[index] as number, run.payloadStarts[index + 1] as number),
})

/** Digest of the payload of entry `index`. */
export const elementOf = ({ headers, hashStarts }: DecodedRun, index: number): Digest =>
  bytesToDigest(subarrayAt(headers, hashStarts[index] as number))

/** Digests that the header of entry `index` refers to. */
export function referencesOf({ headers, headerStarts, hashStarts }: DecodedRun, index: number): Digest[] {
  // Behind the hash stands the head of an array of at most 64, and each reference behind a head of two bytes.
  const end = headerStarts[index + 1] as number
  const count = Math.floor((end - (hashStarts[index] as number) - HASH_BYTES) / (HASH_BYTES + 2))
  return Array.from({ length: count }, (_, i) =>
    bytesToDigest(subarrayAt(headers, end - (count - i) * (HASH_BYTES + 2) + 2)),
  )
}

/** Bytes of header and payload of entry `index`: what it takes of a segment. */
export const sizeOf = ({ headerStarts, lengths }: DecodedRun, index: number): number =>
  (headerStarts[index + 1] as number) - (headerStarts[index] as number) - 1 + (lengths[index] as number)

/** What a run from its entry `first` on counts against a quota, in bytes. */
export function quotaBytesFrom(run: DecodedRun, first: number): number {
  let bytes = 0
  for (let i = first; i < run.count; i++) {
    const payload = run.lengths[i] as number
    bytes += sizeOf(run, i) - payload + quotaBytesOf(run.kinds[i] as number, payload)
  }
  return bytes
}

/**
 * What a payload counts against a quota: its bytes, but for what a retraction or a checkpoint names, which takes many times
 * that in memory and cannot be evicted.
 */
export const quotaBytesOf = (kind: number, payloadBytes: number): number =>
  kind === KINDS.retract || kind === KINDS.checkpoint ? limits.REMOVAL_WEIGHT * payloadBytes : payloadBytes

/** The decoded run in the form that `encodeRun` takes. */
export function toRun(run: DecodedRun): Run {
  const { log, from, chain, signature } = run
  return {
    log,
    from,
    entries: Array.from({ length: run.count }, (_, i) => entryOf(run, i)),
    chain,
    signature,
  }
}

const subarrayAt = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(at, at + HASH_BYTES)

/** Encodes a run; its headers must be consecutive ones of its log (a bug otherwise). */
export function encodeRun(run: Run): Uint8Array {
  const { entries } = run
  const clocks: number[] = new Array(entries.length)
  const kinds = new Uint8Array(entries.length)
  const lengths: number[] = new Array(entries.length)
  const references: Canonical[] = []
  const absent: Canonical[] = []
  const payloads: Uint8Array[] = []
  const reader = createHeaderReader()
  let previousClock = 0
  for (let i = 0; i < entries.length; i++) {
    const { header, payload } = entries[i] as EntryBytes
    if (reader.read(header, 0) !== header.length) throw new Error('bytes behind a stored header')
    clocks[i] = reader.clock - previousClock
    previousClock = reader.clock
    kinds[i] = reader.kind
    lengths[i] = reader.payloadLength
    const joined = reader.references(header)
    if (joined) references.push([i, joined])
    if (payload) payloads.push(payload)
    else absent.push([i, subarrayAt(header, reader.hashAt)])
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
  if (fields.length === 0) return malformed('no fields')
  if (fields[0] !== PROTOCOL_VERSION)
    return err(
      failure(
        'VERSION_UNSUPPORTED',
        `run version ${shownVersion(fields[0])}; this spore speaks ${PROTOCOL_VERSION}`,
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
  const columns = rebuild(
    { logId: logIdOf(log), from, clocks, kinds, lengths, payloads },
    referencesByIndex,
    absentByIndex,
  )
  return columns.ok ? ok({ log, ...columns.value, chain, signature }) : columns
}

interface SentColumns {
  readonly logId: LogId
  readonly from: number
  readonly clocks: readonly number[]
  readonly kinds: Uint8Array
  readonly lengths: readonly number[]
  readonly payloads: Uint8Array
}
type ByIndex = ReadonlyMap<number, Uint8Array>

/** Headers and payload hashes out of what was sent. */
function rebuild(
  sent: SentColumns,
  referencesByIndex: ByIndex,
  absentByIndex: ByIndex,
): Result<Omit<DecodedRun, 'log' | 'chain' | 'signature'>, Failure> {
  const { logId, from, kinds, payloads } = sent
  const count = kinds.length
  const logIdBytes = logIdToBytes(logId)
  const headers = Buffer.allocUnsafe(headerRoom(count, referencesByIndex))
  const headerStarts = new Uint32Array(count + 1)
  const payloadStarts = new Uint32Array(count + 1)
  const hashStarts = new Uint32Array(count)
  const clocks = new Float64Array(count)
  const lengths = new Uint32Array(count)
  const absent = new Uint8Array(count)
  let clock = 0
  let end = 0
  let offset = 0
  let size = 0
  for (let i = 0; i < count; i++) {
    const payloadLength = sent.lengths[i] as number
    if (payloadLength > limits.PAYLOAD_BYTES_MAX)
      return err(
        failure(
          'ENTRY_TOO_LARGE',
          `a payload of ${payloadLength} bytes; at most ${limits.PAYLOAD_BYTES_MAX}`,
        ),
      )
    const absentHash = absentByIndex.get(i)
    const payload = absentHash ? null : payloads.subarray(offset, offset + payloadLength)
    if (payload && payload.length !== payloadLength) return malformed('payloads end too early')
    if (payload) offset += payloadLength
    clock += sent.clocks[i] as number
    if (!Number.isSafeInteger(clock)) return malformed('clocks')
    const joined = referencesByIndex.get(i) ?? null
    if (joined && joined.length / HASH_BYTES > limits.REFERENCES_MAX)
      return err(failure('ENTRY_TOO_LARGE', `more than ${limits.REFERENCES_MAX} references`))
    headerStarts[i] = end
    headers[end] = LEAF_TAG
    const numbers = { seq: from + i, clock, kind: kinds[i] as number, payloadLength }
    end = writeHeader(headers, end + 1, logIdBytes, numbers, joined, (at) => {
      hashStarts[i] = at
      if (absentHash) headers.set(absentHash, at)
      else writeSha256(payload as Uint8Array, headers, at)
    })
    clocks[i] = clock
    lengths[i] = payloadLength
    absent[i] = absentHash ? 1 : 0
    payloadStarts[i + 1] = offset
    size += end - (headerStarts[i] as number) - 1 + payloadLength
  }
  headerStarts[count] = end
  if (offset !== payloads.length) return malformed('bytes behind the payloads')
  if (size > limits.SEGMENT_BYTES_MAX) return tooLarge(`${size} bytes of entries`)
  return ok({
    logId,
    from,
    count,
    headers: new Uint8Array(headers.subarray(0, end)),
    headerStarts,
    hashStarts,
    clocks,
    kinds,
    payloads,
    payloadStarts,
    lengths,
    absent,
  })
}

/** Bytes that the headers and their tags take at most. */
function headerRoom(count: number, referencesByIndex: ByIndex): number {
  let room = count * (1 + headerBytesMax(0))
  for (const joined of referencesByIndex.values())
    room += headerBytesMax(joined.length / HASH_BYTES) - headerBytesMax(0)
  return room
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

const isUintList = (value: unknown, count: number): value is readonly number[] =>
  Array.isArray(value) &&
  value.length === count &&
  value.every((item) => isUint(item, Number.MAX_SAFE_INTEGER))
const malformed = (what: string) => err(failure('RUN_MALFORMED', `run: ${what}`))
const tooLarge = (what: string) => err(failure('RUN_TOO_LARGE', `a run of ${what} is larger than a segment`))
