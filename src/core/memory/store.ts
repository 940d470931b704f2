/**
 * MemoryStore: the port to whatever keeps entries. One commit is atomic and durable before its promise resolves;
 * what was committed is read back bit for bit. `test/contract/store.ts` is the suite that every adapter passes.
 *
 * The store knows bytes, positions and order; it verifies nothing and decodes nothing. Its reads may be served while
 * a commit is in flight and then show the state before it.
 */
import type { Digest, LogId, SpaceId } from '../base/brand.ts'

/** What survives loss of the process: `disk` fsynced, `snapshot` uploaded now and then, `memory` nothing. */
export type Durability = 'disk' | 'snapshot' | 'memory'

/** A log's identity and the state of what this replica holds of it. */
export interface LogRow {
  readonly logId: LogId
  /** Ed25519 public key of the author, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly space: SpaceId
  /** 8 random bytes. */
  readonly epoch: Uint8Array
  /** Sequence number expected next = entries held. */
  readonly next: number
  /** Chain value after the entry `next − 1`, 32 bytes. */
  readonly chain: Uint8Array
  /** Hybrid time of the entry `next − 1`, 0 for an empty log. */
  readonly clock: number
  /** First sequence number of the open segment, and the bytes it holds so far. */
  readonly segmentStart: number
  readonly segmentBytes: number
  /** Arrival number of its newest entry, 0 for an empty log. */
  readonly arrival: number
}

/**
 * What is held of a log above a gap (PROTOCOL.md §7 "partial log"): a log that is fetched newest first has its `LogRow`, which
 * counts the entries from 0 on, and this beside it until the gap between the two is closed.
 */
export interface PartialRow {
  readonly logId: LogId
  /** First sequence number held above the gap: where a segment is said to begin. */
  readonly base: number
  /** Header and payload bytes of the entry `base`; 0 where `base` is known to be no segment's start. */
  readonly baseBytes: number
  /** Hybrid time of the entry `base`. */
  readonly baseClock: number
  /** Chain value before the entry `base`. */
  readonly chainBefore: Uint8Array
  /** As in a `LogRow`, with segments counted from `base` on. */
  readonly next: number
  readonly chain: Uint8Array
  readonly clock: number
  readonly segmentStart: number
  readonly segmentBytes: number
  readonly arrival: number
}

export interface HeadRow {
  readonly logId: LogId
  /** Sequence number of the last entry that the head covers. */
  readonly seq: number
  readonly chain: Uint8Array
  readonly clock: number
  readonly signature: Uint8Array
}

export interface EntryRow {
  readonly logId: LogId
  readonly seq: number
  /** Position in this store's order of arrival: 1, 2, 3… without a gap, never reused. */
  readonly arrival: number
  readonly header: Uint8Array
  /** Null where the bytes were purged on this spore. */
  readonly payload: Uint8Array | null
}

export interface ForkRow {
  readonly logId: LogId
  /** Where the log forks: entries below it are valid. */
  readonly seq: number
  /** The encoded proof (PROTOCOL.md §6), kept for ever. */
  readonly proof: Uint8Array
}

export interface KeyRow {
  readonly key: string
  /** What the caller wants back for it: opaque to the store. */
  readonly value: string
}

/** One atomic change. Arrays are applied in the order of these fields. */
export interface StoreBatch {
  /** Inserted, or replaced where the log id is known. */
  readonly logs: readonly LogRow[]
  /** Replaced; null where the gap is closed. */
  readonly partials: readonly { readonly logId: LogId; readonly partial: PartialRow | null }[]
  readonly entries: readonly EntryRow[]
  readonly heads: readonly HeadRow[]
  /** Heads no longer needed: neither newest nor at a segment's end. */
  readonly dropHeads: readonly { readonly logId: LogId; readonly seq: number }[]
  readonly forks: readonly ForkRow[]
  /** Idempotency keys; the oldest beyond `IDEMPOTENCY_KEYS_MAX` go. */
  readonly keys: readonly KeyRow[]
  /** Small named values (peers, cursors); null deletes. */
  readonly values: readonly { readonly name: string; readonly value: Uint8Array | null }[]
  /** Payloads of stored entries that are brought back, or forgotten (null). */
  readonly payloads: readonly {
    readonly logId: LogId
    readonly seq: number
    readonly payload: Uint8Array | null
  }[]
  /** Payloads that are purged and never taken again, or may be taken again. The store only keeps the list. */
  readonly denied: readonly { readonly digest: Digest; readonly isDenied: boolean }[]
  /** The epoch of the own logs from now on (`StoreOrigin`); null changes nothing. */
  readonly epoch: Uint8Array | null
}

export const emptyBatch: StoreBatch = {
  logs: [],
  partials: [],
  entries: [],
  heads: [],
  dropHeads: [],
  forks: [],
  keys: [],
  values: [],
  payloads: [],
  denied: [],
  epoch: null,
}

/** What a store says of itself when it is opened. */
export interface StoreOrigin {
  /** Public key of the identity the store was created for, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly network: string
  /** 8 random bytes, drawn when the store was created and whenever a new epoch was opened: that of its own logs (PROTOCOL.md §5). */
  readonly epoch: Uint8Array
}

export interface MemoryStore extends AsyncDisposable {
  readonly durability: Durability
  /** As the last commit left it. */
  readonly origin: StoreOrigin
  /**
   * Makes a batch durable, all of it or nothing. Rejects with `SporeError` STORE_WRITE_FAILED when it could not; the
   * store then holds what it held before and goes on serving reads and later commits.
   */
  commit(batch: StoreBatch): Promise<void>
  /** Every log, in no order. */
  logs(): Promise<readonly LogRow[]>
  /** Every log that is held above a gap. */
  partials(): Promise<readonly PartialRow[]>
  /** Every fork that was proven. */
  forks(): Promise<readonly ForkRow[]>
  /** The proof of one log's fork. */
  fork(logId: LogId): Promise<ForkRow | null>
  /** Entries with `arrival > after`, ascending, at most `limit`. */
  entriesAfter(after: number, limit: number): Promise<readonly EntryRow[]>
  /** Entries with `arrival < before`, descending, at most `limit`. */
  entriesBefore(before: number, limit: number): Promise<readonly EntryRow[]>
  /** Entries `from … to` (inclusive) of a log, ascending; fewer where it holds fewer. */
  entriesOf(logId: LogId, from: number, to: number): Promise<readonly EntryRow[]>
  /** One entry for each dot, in their order; null where there is none. */
  entriesAt(
    dots: readonly { readonly logId: LogId; readonly seq: number }[],
  ): Promise<readonly (EntryRow | null)[]>
  /** The kept head with the least `seq ≥ atLeast`. */
  headFrom(logId: LogId, atLeast: number): Promise<HeadRow | null>
  /** The kept head with the greatest `seq ≤ atMost`. */
  headUpTo(logId: LogId, atMost: number): Promise<HeadRow | null>
  /** Kept heads with `seq < before`, descending, at most `limit`. */
  headsBefore(logId: LogId, before: number, limit: number): Promise<readonly HeadRow[]>
  /** Digests of payloads that are purged. */
  denied(): Promise<readonly Digest[]>
  /**
   * Makes what earlier commits deleted or replaced unreadable in the files of the store, as far as the file system lets it.
   * Rejects with `SporeError` STORE_WRITE_FAILED.
   */
  scrub(): Promise<void>
  key(key: string): Promise<string | null>
  value(name: string): Promise<Uint8Array | null>
}
