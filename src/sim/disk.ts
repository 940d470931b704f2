/**
 * A disk with a page cache, and the store upon it. What was written is safe once it was synced; a crash drops, tears or
 * keeps what was not, each record by itself, and recovery reads up to the first that is not whole, as a write-ahead log
 * does. `test/contract/store.ts` holds the store to the port's contract.
 */
import { createMemoryStore } from '../core/memory/memory-store.ts'
import type { MemoryStore, StoreBatch, StoreOrigin } from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import type { SimRandom } from './random.ts'
import type { Life, Scheduler } from './scheduler.ts'

/** What the world does to a disk; changed while it runs. */
export interface DiskConditions {
  /** Milliseconds that a sync takes, at most. */
  syncMs: number
  /** Probability that a commit fails with EIO. */
  failure: number
  /** Probability that a read takes its time, so that others come in between. */
  slowRead: number
}

export interface SimDisk {
  /** As it was when the disk was new. */
  readonly origin: StoreOrigin
  /** Recovers the store for one life. */
  mount(life: Life): Promise<MemoryStore>
  /** Power loss: what was not synced meets its fate. */
  crash(): void
  /** Another disk with what is safe on this one, as a backup that is restored elsewhere. */
  copy(to: DiskDeps): SimDisk
  /** Puts a batch behind what is there, safe at once. */
  restore(batch: StoreBatch): void
}

export interface DiskDeps {
  readonly scheduler: Scheduler
  readonly random: SimRandom
  readonly conditions: DiskConditions
  /** Hears of each batch in the moment in which it can no longer be lost. */
  readonly onDurable: (batch: StoreBatch) => void
  /** Counts what happened, by name. */
  readonly note: (what: string) => void
}

interface Record {
  readonly batch: StoreBatch
  isSynced: boolean
  /** Its commit failed: it may still be on the disk until the next one writes over it. */
  readonly isFailed: boolean
}

/** Milliseconds that a slow read takes, at most. */
const READ_MS = 3

export function createDisk(origin: StoreOrigin, deps: DiskDeps): SimDisk {
  const { scheduler, random, conditions, onDurable, note } = deps
  const records: Record[] = []

  const write = (record: Record): void => {
    while (records.at(-1)?.isFailed) records.pop()
    records.push(record)
  }

  /** Everything that was written before this was called is safe when it resolves. */
  const sync = async (life: Life): Promise<void> => {
    const written = records.length
    await scheduler.wait(random.float() * conditions.syncMs, life)
    for (const record of records.slice(0, written)) {
      if (record.isSynced || record.isFailed) continue
      record.isSynced = true
      onDurable(record.batch)
    }
  }

  return {
    origin,
    async mount(life) {
      // A store that was closed in good order has nothing of a failed commit.
      while (records.at(-1)?.isFailed) records.pop()
      const live = createMemoryStore(origin)
      for (const { batch } of records) await live.commit(batch)
      const commit = async (batch: StoreBatch): Promise<void> => {
        if (random.chance(conditions.failure)) {
          note('a commit failed')
          if (random.chance(0.5)) write({ batch, isSynced: false, isFailed: true })
          await scheduler.wait(random.float() * conditions.syncMs, life)
          throw new SporeError('STORE_WRITE_FAILED', 'the disk reported EIO')
        }
        write({ batch, isSynced: false, isFailed: false })
        await sync(life)
        await live.commit(batch)
      }
      return {
        ...slowReads(live, deps, life),
        durability: 'disk',
        get origin() {
          return live.origin
        },
        commit,
      }
    },
    copy(to) {
      const copied = createDisk(origin, to)
      for (const { batch, isSynced } of records) if (isSynced) copied.restore(batch)
      return copied
    },
    restore(batch) {
      records.push({ batch, isSynced: true, isFailed: false })
      onDurable(batch)
    },
    crash() {
      const firstLost = records.findIndex(({ isSynced }) => !isSynced && !random.chance(1 / 3))
      if (firstLost >= 0) {
        note(random.chance(0.5) ? 'a record was torn' : 'a record was dropped')
        records.length = firstLost
      }
      for (const record of records) {
        if (record.isSynced) continue
        note('a write survived that nobody was told of')
        record.isSynced = true
        onDurable(record.batch)
      }
      for (const [at, record] of records.entries())
        if (record.isFailed) records[at] = { ...record, isFailed: false }
    },
  }
}

/** Reads that now and then take time; what they answer is what held when they were asked. */
function slowReads(
  live: MemoryStore,
  { scheduler, random, conditions }: DiskDeps,
  life: Life,
): Omit<MemoryStore, 'commit' | 'durability' | 'origin'> {
  const slow = async <T>(read: Promise<T>): Promise<T> => {
    if (conditions.slowRead > 0 && random.chance(conditions.slowRead))
      await scheduler.wait(random.float() * READ_MS, life)
    return read
  }
  return {
    ...live,
    logs: () => slow(live.logs()),
    partials: () => slow(live.partials()),
    forks: () => slow(live.forks()),
    fork: (logId) => slow(live.fork(logId)),
    entriesAfter: (after, limit) => slow(live.entriesAfter(after, limit)),
    entriesBefore: (before, limit) => slow(live.entriesBefore(before, limit)),
    entriesOf: (logId, from, to) => slow(live.entriesOf(logId, from, to)),
    entriesAt: (dots) => slow(live.entriesAt(dots)),
    headFrom: (logId, atLeast) => slow(live.headFrom(logId, atLeast)),
    headUpTo: (logId, atMost) => slow(live.headUpTo(logId, atMost)),
    headsBefore: (logId, before, limit) => slow(live.headsBefore(logId, before, limit)),
    key: (key) => slow(live.key(key)),
    value: (name) => slow(live.value(name)),
  }
}
