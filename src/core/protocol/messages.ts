/** Federation messages (PROTOCOL.md §8): their byte forms. Decoders are strict; null or a failure is a refusal. */
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { bytesToLogId, HASH_BYTES, isBytes, isUint, LOG_ID_BYTES, logIdToBytes } from './entry.ts'
import { ERRORS, type ErrorCode, type Failure, failure } from './errors.ts'
import * as limits from './limits.ts'

export const FEDERATION_PATH = '/federation/v1'
export const CBOR_MEDIA_TYPE = 'application/cbor'
/** Header of a reply to heads whose cursor is unknown and whose rows are to be reconciled, and its one value. */
export const CURSOR_HEADER = 'spore-cursor'
export const CURSOR_UNKNOWN = 'unknown'

/** How far a replica is in a log. */
export interface HeadsRow {
  readonly logId: LogId
  readonly next: number
  readonly chain: Uint8Array
  /** Where the log is proven to fork; `next` is at most this. Left out where it is not. */
  readonly forkPoint?: number
}

export interface HeadsReply {
  /** Pass it as `since` to get what advanced behind it. */
  readonly cursor: string
  /** True where there is more behind the cursor. */
  readonly more: boolean
  readonly spaces: readonly { readonly space: SpaceId; readonly rows: readonly HeadsRow[] }[]
}

export function encodeHeads({ cursor, more, spaces }: HeadsReply): Uint8Array {
  return encodeCanonical([cursor, more, spaces.map(({ space, rows }) => [space, rows.map(encodeRow)])])
}

export function decodeHeads(bytes: Uint8Array): HeadsReply | null {
  const fields = decodeTuple(bytes, 3)
  if (!fields) return null
  const [cursor, more, list] = fields
  if (typeof cursor !== 'string' || cursor.length > 64 || typeof more !== 'boolean' || !Array.isArray(list))
    return null
  const spaces: { space: SpaceId; rows: HeadsRow[] }[] = []
  let count = 0
  for (const item of list as Canonical[]) {
    if (!Array.isArray(item) || item.length !== 2) return null
    const [space, rows] = item as Canonical[]
    if (typeof space !== 'string' || space.length > limits.SPACE_CHARS_MAX || !Array.isArray(rows))
      return null
    count += rows.length
    if (count > limits.HEADS_ROWS_MAX) return null
    const decoded = (rows as Canonical[]).map(decodeRow)
    if (decoded.includes(null)) return null
    spaces.push({ space: space as SpaceId, rows: decoded as HeadsRow[] })
  }
  return { cursor, more, spaces }
}

/** A stretch of a log that is asked for; `to` null means all there is. */
export interface Range {
  readonly logId: LogId
  readonly from: number
  readonly to: number | null
}

export const encodePull = (ranges: readonly Range[]): Uint8Array =>
  encodeCanonical(ranges.map(({ logId, from, to }) => [logIdToBytes(logId), from, to]))

/** Failure REQUEST_INVALID. */
export function decodePull(bytes: Uint8Array): Result<readonly Range[], Failure> {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return err(failure('REQUEST_INVALID', `pull: ${decoded.error}`))
  if (!Array.isArray(decoded.value) || decoded.value.length > limits.PULL_RANGES_MAX)
    return err(failure('REQUEST_INVALID', `pull: at most ${limits.PULL_RANGES_MAX} ranges`))
  const ranges: Range[] = []
  for (const item of decoded.value as Canonical[]) {
    const [logId, from, to] = Array.isArray(item) && item.length === 3 ? (item as Canonical[]) : []
    const isRange =
      isBytes(logId, LOG_ID_BYTES) &&
      isUint(from, limits.SEQ_MAX) &&
      (to === null || isUint(to, limits.SEQ_MAX))
    if (!isRange) return err(failure('REQUEST_INVALID', 'pull: a range is [log id, from, to or null]'))
    ranges.push({ logId: bytesToLogId(logId), from: from as number, to: to as number | null })
  }
  return ok(ranges)
}

/** What became of a push. */
export interface PushReply {
  /** Entries stored, and entries that were here before. */
  readonly new: number
  readonly dup: number
  /** Frames that were refused: their index and why. */
  readonly failures: readonly { readonly index: number; readonly code: ErrorCode }[]
  /** Where the receiver would like logs to be continued that had a gap. */
  readonly want: readonly LogStart[]
  /** The receiver has most of this from others: from now on announce, do not push. */
  readonly prune: boolean
  /** The sender is a neighbour of the receiver. */
  readonly linked: boolean
}

export function encodePushReply(reply: PushReply): Uint8Array {
  return encodeCanonical({
    new: reply.new,
    dup: reply.dup,
    failures: reply.failures.map(({ index, code }) => [index, code]),
    want: reply.want.map(({ logId, from }) => [logIdToBytes(logId), from]),
    prune: reply.prune,
    linked: reply.linked,
  })
}

export function decodePushReply(bytes: Uint8Array): PushReply | null {
  const { new: fresh, dup, failures, want, prune, linked } = decodeMap(bytes) ?? {}
  if (!isUint(fresh, Number.MAX_SAFE_INTEGER) || !isUint(dup, Number.MAX_SAFE_INTEGER)) return null
  if (!Array.isArray(failures) || failures.length > limits.PULL_RANGES_MAX) return null
  const starts = decodeStarts(want)
  if (!starts || typeof prune !== 'boolean' || typeof linked !== 'boolean') return null
  return {
    new: fresh,
    dup,
    failures: (failures as Canonical[]).flatMap((item) => {
      const [index, code] = Array.isArray(item) ? (item as Canonical[]) : []
      return typeof index === 'number' && typeof code === 'string' && Object.hasOwn(ERRORS, code)
        ? [{ index, code: code as ErrorCode }]
        : []
    }),
    want: starts,
    prune,
    linked,
  }
}

export const encodeIhave = (rows: readonly LogNext[]): Uint8Array =>
  encodeCanonical(rows.map(({ logId, next }) => [logIdToBytes(logId), next]))

/** Failure REQUEST_INVALID. */
export function decodeIhave(bytes: Uint8Array): Result<readonly LogNext[], Failure> {
  const decoded = decodeCanonical(bytes)
  const list = decoded.ok ? decoded.value : null
  if (!Array.isArray(list) || list.length > limits.IHAVE_ROWS_MAX)
    return err(failure('REQUEST_INVALID', `ihave: at most ${limits.IHAVE_ROWS_MAX} rows`))
  const rows: LogNext[] = []
  for (const item of list as Canonical[]) {
    const [logId, next] = Array.isArray(item) && item.length === 2 ? (item as Canonical[]) : []
    if (!isBytes(logId, LOG_ID_BYTES) || !isUint(next, limits.SEQ_MAX + 1))
      return err(failure('REQUEST_INVALID', 'ihave: a row is [log id, next]'))
    rows.push({ logId: bytesToLogId(logId), next })
  }
  return ok(rows)
}

/** What a receiver of an announcement lacks and nobody else was asked to bring. */
export interface IhaveReply {
  readonly want: readonly LogStart[]
  /** As in a reply to a push. */
  readonly linked: boolean
}

export const encodeIhaveReply = ({ want, linked }: IhaveReply): Uint8Array =>
  encodeCanonical({ want: want.map(({ logId, from }) => [logIdToBytes(logId), from]), linked })

export function decodeIhaveReply(bytes: Uint8Array): IhaveReply | null {
  const { want, linked } = decodeMap(bytes) ?? {}
  const starts = decodeStarts(want)
  return starts && typeof linked === 'boolean' ? { want: starts, linked } : null
}

/** What a peer asks of a link to it (PROTOCOL.md §8, neighbours). */
export const LINK_ASKS = ['urgent', 'room', 'leave', 'eager', 'lazy'] as const
export type LinkAsk = (typeof LINK_ASKS)[number]

export interface NeighborRequest {
  readonly ask: LinkAsk
  readonly want: readonly LogStart[]
}

export interface NeighborReply {
  readonly accepted: boolean
  /** Whether the asker answers at its own URL; null where it was not tried. */
  readonly reached: boolean | null
}

/** A log from a sequence number on. */
export interface LogStart {
  readonly logId: LogId
  readonly from: number
}

/** A log up to a sequence number. */
export interface LogNext {
  readonly logId: LogId
  readonly next: number
}

export const encodeNeighbor = ({ ask, want }: NeighborRequest): Uint8Array =>
  encodeCanonical({ ask, want: want.map(({ logId, from }) => [logIdToBytes(logId), from]) })

/** Failure REQUEST_INVALID. */
export function decodeNeighbor(bytes: Uint8Array): Result<NeighborRequest, Failure> {
  const { ask, want } = decodeMap(bytes) ?? {}
  const known = LINK_ASKS.find((one) => one === ask)
  const rows = decodeStarts(want)
  if (!known || !rows) return err(failure('REQUEST_INVALID', 'neighbor: {ask, want} of this protocol'))
  return ok({ ask: known, want: rows })
}

export const encodeNeighborReply = ({ accepted, reached }: NeighborReply): Uint8Array =>
  encodeCanonical({ accepted, reached })

export function decodeNeighborReply(bytes: Uint8Array): NeighborReply | null {
  const { accepted, reached } = decodeMap(bytes) ?? {}
  if (typeof accepted !== 'boolean' || (typeof reached !== 'boolean' && reached !== null)) return null
  return { accepted, reached }
}

/** Null where it is no list of [log id, from], or one longer than a pull may ask for. */
function decodeStarts(list: Canonical | undefined): LogStart[] | null {
  if (!Array.isArray(list) || list.length > limits.PULL_RANGES_MAX) return null
  const starts: LogStart[] = []
  for (const item of list as Canonical[]) {
    const [logId, from] = Array.isArray(item) && item.length === 2 ? (item as Canonical[]) : []
    if (!isBytes(logId, LOG_ID_BYTES) || !isUint(from, limits.SEQ_MAX)) return null
    starts.push({ logId: bytesToLogId(logId), from })
  }
  return starts
}

function decodeMap(bytes: Uint8Array): { [key: string]: Canonical | undefined } | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || typeof decoded.value !== 'object' || decoded.value === null) return null
  if (Array.isArray(decoded.value) || decoded.value instanceof Uint8Array) return null
  return decoded.value as { [key: string]: Canonical | undefined }
}

/** Bytes that a descriptor's signature covers. */
export function descriptorBytes(descriptor: Omit<Descriptor, 'signature'>): Uint8Array {
  const { key, url, epoch, name, network, version, dna, issued } = descriptor
  const lists = LABEL_LISTS.map((list) => [...descriptor[list]])
  return encodeCanonical([
    'spore/descriptor/1',
    key,
    url,
    epoch,
    name,
    network,
    version,
    dna,
    ...lists,
    issued,
  ])
}

/** The lists of a descriptor, in the order in which they are signed. */
export const LABEL_LISTS = ['roles', 'tags', 'capabilities', 'families'] as const

/** What a spore says of itself, signed by itself. */
export interface Descriptor {
  readonly key: Did
  /** Where it answers; null behind a NAT. */
  readonly url: string | null
  /** Epoch of its own logs at the time, base64url: another one says that it lost its disk, or was forked. */
  readonly epoch: string
  readonly name: string
  readonly network: string
  readonly version: number
  /** Swarm DNA of its code (`protocol/dna.ts`), hex. */
  readonly dna: string
  /** What it does for others, what it is about, what it can be asked for, and whose models it has: labels, ascending. */
  readonly roles: readonly string[]
  readonly tags: readonly string[]
  readonly capabilities: readonly string[]
  readonly families: readonly string[]
  /** Milliseconds since the Unix epoch; valid for 24 hours from then. */
  readonly issued: number
  /** Ed25519, base64url. */
  readonly signature: string
}

function decodeTuple(bytes: Uint8Array, length: number): Canonical[] | null {
  const decoded = decodeCanonical(bytes)
  return decoded.ok && Array.isArray(decoded.value) && decoded.value.length === length ? decoded.value : null
}

export const encodeRow = ({ logId, next, chain, forkPoint }: HeadsRow): Canonical =>
  forkPoint === undefined ? [logIdToBytes(logId), next, chain] : [logIdToBytes(logId), next, chain, forkPoint]

export function decodeRow(item: Canonical): HeadsRow | null {
  if (!Array.isArray(item) || item.length < 3 || item.length > 4) return null
  const [logId, next, chain, forkPoint] = item as Canonical[]
  if (!isBytes(logId, LOG_ID_BYTES) || !isUint(next, limits.SEQ_MAX + 1) || !isBytes(chain, HASH_BYTES))
    return null
  const row = { logId: bytesToLogId(logId), next, chain }
  if (item.length === 3) return row
  return isUint(forkPoint, limits.SEQ_MAX) && next <= forkPoint ? { ...row, forkPoint } : null
}
