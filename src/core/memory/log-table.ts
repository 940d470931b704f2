/**
 * What this replica holds of every log, and the digest of each space's view (PROTOCOL.md §8).
 *
 * Invariants: the view digest of a space is the sum modulo 2²⁵⁶ of SHA-256(log id ‖ next ‖ chain) over its non-empty
 * logs, so two replicas with equal frontiers have equal digests, whatever the order in which they got there. The logs
 * stand in a list by the arrival of their newest entry: what advanced behind a cursor is its end.
 */
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import { bytesToHex, concatBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import { logIdToBytes } from '../protocol/entry.ts'
import { genesisOf, type LogDescriptor, logIdOf } from '../protocol/log.ts'
import type { LogRow } from './store.ts'

const MODULUS = 1n << 256n

export interface LogState {
  readonly row: LogRow
  readonly author: Did
}

export interface LogTable {
  get(logId: LogId): LogState | undefined
  set(row: LogRow): void
  values(): IterableIterator<LogState>
  /** Logs whose newest entry arrived behind `arrival`, oldest first; costs no more than these. */
  behind(arrival: number): IterableIterator<LogState>
  readonly size: number
  /** The did of a public key, made once. */
  authorOf(publicKey: Uint8Array): Did
  /** Digest over the views of `spaces`, 64 characters of hex. */
  viewDigest(spaces: readonly SpaceId[]): string
}

/** A log in the list by arrival. */
interface Place extends LogState {
  row: LogRow
  older: Place | null
  newer: Place | null
}

export function createLogTable(): LogTable {
  const logs = new Map<LogId, Place>()
  const sums = new Map<SpaceId, bigint>()
  const authors = new Map<string, Did>()
  let newest: Place | null = null

  const authorOf = (publicKey: Uint8Array): Did => {
    const hex = bytesToHex(publicKey)
    const author = authors.get(hex) ?? publicKeyToDid(publicKey)
    authors.set(hex, author)
    return author
  }

  /** Puts a log behind the newest that is not newer. What advances arrived last, so there is nothing to search. */
  const insert = (place: Place): void => {
    let older = newest
    let newer: Place | null = null
    while (older && older.row.arrival > place.row.arrival) {
      newer = older
      older = older.older
    }
    join(older, place)
    join(place, newer)
  }

  const join = (older: Place | null, newer: Place | null): void => {
    if (older) older.newer = newer
    if (newer) newer.older = older
    else newest = older
  }

  return {
    get: (logId) => logs.get(logId),
    set(row) {
      const known = logs.get(row.logId)
      const removed = known ? fingerprint(known.row) : 0n
      const sum = sums.get(row.space) ?? 0n
      sums.set(row.space, (((sum - removed + fingerprint(row)) % MODULUS) + MODULUS) % MODULUS)
      if (known) join(known.older, known.newer)
      const place = known ?? { row, author: authorOf(row.publicKey), older: null, newer: null }
      place.row = row
      insert(place)
      logs.set(row.logId, place)
    },
    values: () => logs.values(),
    *behind(arrival) {
      let place: Place | null = null
      for (let at = newest; at && at.row.arrival > arrival; at = at.older) place = at
      for (; place; place = place.newer) yield place
    },
    authorOf,
    get size() {
      return logs.size
    },
    viewDigest(spaces) {
      let sum = 0n
      for (const space of spaces) sum += sums.get(space) ?? 0n
      return (sum % MODULUS).toString(16).padStart(64, '0')
    },
  }
}

/** The row of a log of which nothing is held yet. */
export function emptyLogRow(log: LogDescriptor): LogRow {
  const logId = logIdOf(log)
  return {
    ...log,
    logId,
    next: 0,
    chain: genesisOf(logId),
    clock: 0,
    segmentStart: 0,
    segmentBytes: 0,
    arrival: 0,
  }
}

function fingerprint(row: LogRow): bigint {
  if (row.next === 0) return 0n
  const next = Buffer.alloc(8)
  next.writeBigUInt64BE(BigInt(row.next))
  return BigInt(`0x${bytesToHex(sha256(concatBytes(logIdToBytes(row.logId), next, row.chain)))}`)
}
