/**
 * What this replica holds of every log, and the digest of each space's view (PROTOCOL.md §8).
 *
 * Invariant: the view digest of a space is the sum modulo 2²⁵⁶ of SHA-256(log id ‖ next ‖ chain) over its non-empty
 * logs, so two replicas with equal frontiers have equal digests, whatever the order in which they got there.
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
  readonly size: number
  /** The did of a public key, made once. */
  authorOf(publicKey: Uint8Array): Did
  /** Digest over the views of `spaces`, 64 characters of hex. */
  viewDigest(spaces: readonly SpaceId[]): string
}

export function createLogTable(): LogTable {
  const logs = new Map<LogId, LogState>()
  const sums = new Map<SpaceId, bigint>()
  const authors = new Map<string, Did>()

  const authorOf = (publicKey: Uint8Array): Did => {
    const hex = bytesToHex(publicKey)
    const author = authors.get(hex) ?? publicKeyToDid(publicKey)
    authors.set(hex, author)
    return author
  }

  return {
    get: (logId) => logs.get(logId),
    set(row) {
      const before = logs.get(row.logId)
      const sum = sums.get(row.space) ?? 0n
      const removed = before ? fingerprint(before.row) : 0n
      sums.set(row.space, (((sum - removed + fingerprint(row)) % MODULUS) + MODULUS) % MODULUS)
      logs.set(row.logId, { row, author: authorOf(row.publicKey) })
    },
    values: () => logs.values(),
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
