/**
 * What this replica holds of every log, and the digest of each space's view (PROTOCOL.md §8).
 *
 * Invariants: the view digest of a space is the sum modulo 2²⁵⁶ of SHA-256(log id ‖ next ‖ chain [‖ fork point]) over
 * its logs that hold an entry or are forked, so two replicas with equal frontiers have equal digests, whatever the order
 * in which they got there. What a log holds from its fork point on is not in the view: nobody's valid part has it. The
 * logs stand in a list by the arrival of their newest entry: what advanced behind a cursor is its end. Logs of authors whom
 * the operator refuses are withheld: they are held, and in no view.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import { bytesToHex, concatBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import { logIdToBytes } from '../protocol/entry.ts'
import { LOGS_MAX } from '../protocol/limits.ts'
import { genesisOf, type LogDescriptor, logIdOf } from '../protocol/log.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import type { ForkRow, LogRow } from './store.ts'

const MODULUS = 1n << 256n

export interface LogState {
  readonly row: LogRow
  readonly author: Did
}

export interface LogTable {
  get(logId: LogId): LogState | undefined
  set(row: LogRow): void
  /**
   * Lowers the fork point of a log. `base` is the chain value before it: what the proof says until `setForkBase` gives that of
   * what is held, which differs where the log forks below it too.
   */
  setFork(fork: Pick<ForkRow, 'logId' | 'seq'>, base: Uint8Array): void
  /** Sets from where on a log does not count since its author was removed from the space; Infinity where all of it does. */
  setCut(logId: LogId, point: number): void
  /** The chain value before the valid point, of what is held. */
  setBase(logId: LogId, base: Uint8Array): void
  /** Where a log is proven to fork; Infinity where it is not. */
  forkPoint(logId: LogId): number
  /** The first entry of a log that does not count, for a fork or since its author was removed; Infinity where all do. */
  validPoint(logId: LogId): number
  /** Logs that are held beyond their cut, and whose chain value there is not known: until it is they are in no view. */
  unsettled(): LogId[]
  /** Logs whose fork was taken in behind the `taken`-th, in that order; a lower fork of the same log is counted again. */
  forkedBehind(taken: number): { readonly row: LogRow; readonly taken: number }[]
  /** Withholds the logs of these authors from every view, and no others, from now on. */
  withhold(isRefused: (author: Did) => boolean): void
  isWithheld(logId: LogId): boolean
  /** How often logs that were withheld came back: what was read of a view before then lacks them. */
  readonly returns: number
  /** How a log stands in a view: up to the fork point where it is forked. */
  viewOf(row: LogRow): HeadsRow
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
  isWithheld: boolean
  older: Place | null
  newer: Place | null
}

export function createLogTable(): LogTable {
  const logs = new Map<LogId, Place>()
  const sums = new Map<SpaceId, bigint>()
  // Also of those whose logs are refused: whoever likes can make as many keys.
  const authors = createBoundedMap<string, Did>(LOGS_MAX)
  let newest: Place | null = null
  /** In the order in which they were taken. */
  const forks = new Map<
    LogId,
    { readonly point: number; readonly base: Uint8Array; readonly taken: number }
  >()
  let forksTaken = 0
  let returns = 0
  let isRefused = (_author: Did): boolean => false
  /** Of logs whose author was removed. */
  const cuts = new Map<LogId, { readonly point: number; readonly base: Uint8Array | null }>()

  const forkPoint = (logId: LogId): number => forks.get(logId)?.point ?? Number.POSITIVE_INFINITY
  const cutPoint = (logId: LogId): number => cuts.get(logId)?.point ?? Number.POSITIVE_INFINITY

  const authorOf = (publicKey: Uint8Array): Did => {
    const hex = bytesToHex(publicKey)
    const known = authors.get(hex)
    if (known !== undefined) return known
    const author = publicKeyToDid(publicKey)
    authors.set(hex, author)
    return author
  }

  const viewOf = (row: LogRow): HeadsRow => {
    const { logId, next, chain } = row
    const [fork, cut] = [forks.get(logId), cuts.get(logId)]
    if (!fork && !cut) return row
    const forked = fork && { forkPoint: fork.point }
    const [point, base] =
      cut && cut.point < forkPoint(logId) ? [cut.point, cut.base] : [fork?.point, fork?.base]
    if (point === undefined || next < point) return { logId, next, chain, ...forked }
    if (base) return { logId, next: point, chain: base, ...forked }
    return next === point
      ? { logId, next, chain, ...forked }
      : { logId, next: 0, chain: genesisOf(logId), ...forked }
  }

  const fingerprintOf = (row: LogRow): bigint =>
    logs.get(row.logId)?.isWithheld ? 0n : rowFingerprint(viewOf(row))

  /** Changes what a log stands for in its view. */
  const change = (row: LogRow | undefined, work: () => LogRow | undefined): void => {
    const before = row ? fingerprintOf(row) : 0n
    const after = work()
    if (!after) return
    const sum = (sums.get(after.space) ?? 0n) - before + fingerprintOf(after)
    sums.set(after.space, ((sum % MODULUS) + MODULUS) % MODULUS)
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

  const newPlace = (row: LogRow): Place => {
    const author = authorOf(row.publicKey)
    return { row, author, isWithheld: isRefused(author), older: null, newer: null }
  }

  return {
    get: (logId) => logs.get(logId),
    set(row) {
      const known = logs.get(row.logId)
      change(known?.row, () => {
        if (known) join(known.older, known.newer)
        const place = known ?? newPlace(row)
        place.row = row
        insert(place)
        logs.set(row.logId, place)
        return row
      })
    },
    setFork({ logId, seq }, base) {
      const row = logs.get(logId)?.row
      change(row, () => {
        forks.delete(logId)
        forks.set(logId, { point: seq, base, taken: ++forksTaken })
        return row
      })
    },
    setCut(logId, point) {
      if (point === cutPoint(logId)) return
      const row = logs.get(logId)?.row
      change(row, () => {
        if (point === Number.POSITIVE_INFINITY) cuts.delete(logId)
        else cuts.set(logId, { point, base: point === 0 ? genesisOf(logId) : null })
        return row
      })
    },
    setBase(logId, base) {
      const row = logs.get(logId)?.row
      const [fork, cut] = [forks.get(logId), cuts.get(logId)]
      change(row, () => {
        if (cut && cut.point < forkPoint(logId)) cuts.set(logId, { ...cut, base })
        else if (fork) forks.set(logId, { ...fork, base })
        return row
      })
    },
    forkPoint,
    validPoint: (logId) => Math.min(forkPoint(logId), cutPoint(logId)),
    unsettled: () =>
      [...cuts].flatMap(([logId, { point, base }]) =>
        base === null && point < forkPoint(logId) && (logs.get(logId)?.row.next ?? 0) > point ? [logId] : [],
      ),
    forkedBehind(taken) {
      const behind = [...forks].filter(([, fork]) => fork.taken > taken)
      return behind.flatMap(([logId, fork]) => {
        const row = logs.get(logId)?.row
        return row ? [{ row, taken: fork.taken }] : []
      })
    },
    withhold(test) {
      isRefused = test
      let isReturn = false
      for (const place of logs.values())
        change(place.row, () => {
          const isWithheld = test(place.author)
          isReturn ||= place.isWithheld && !isWithheld
          place.isWithheld = isWithheld
          return place.row
        })
      if (isReturn) returns++
    },
    get returns() {
      return returns
    },
    isWithheld: (logId) => logs.get(logId)?.isWithheld === true,
    viewOf,
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

/** What a row adds to the digest of its view. */
export function rowFingerprint({ logId, next, chain, forkPoint }: HeadsRow): bigint {
  if (next === 0 && forkPoint === undefined) return 0n
  const parts = [logIdToBytes(logId), uint64(next), chain]
  if (forkPoint !== undefined) parts.push(uint64(forkPoint))
  return BigInt(`0x${bytesToHex(sha256(concatBytes(...parts)))}`)
}

function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
