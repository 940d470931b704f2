/**
 * Group commit: writes that arrive together share one draft, one durable commit and one round of notices. One commit is
 * in flight at a time, so a draft always stands on committed state.
 *
 * Invariant: a write's promise resolves, and listeners hear of it, only after its commit is durable. Listeners run in
 * the order in which they were added, before the promise resolves: whoever was acknowledged can find what was written.
 */
import type { Activities } from '../base/activities.ts'
import type { Digest } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { APPLY_QUEUE_BYTES_MAX, APPLY_QUEUE_MAX, COMMIT_HUNG_MS } from '../protocol/limits.ts'
import type { Draft } from './draft.ts'
import type { Applied, AppliedFork, Memory } from './memory.ts'
import type { MemoryStore } from './store.ts'

/** Entries after which a draft takes no further writes: bounds the time of one commit. */
const DRAFT_WRITES_MAX = 1024
/** Nothing is remembered while one does not end. */
const COMMIT = { limitMs: COMMIT_HUNG_MS, isVital: true } as const

export interface Writer {
  /** Runs `prepare` on the next draft; its value comes back once the draft is durable. Failure STORE_WRITE_FAILED. */
  write<T>(prepare: (draft: Draft) => T): Promise<Result<T, Failure>>
  /**
   * The same for what others sent, of about so many bytes. Of these no more wait than `APPLY_QUEUE_MAX` and
   * `APPLY_QUEUE_BYTES_MAX`: the one that has waited longest makes room, with OVERLOADED, and a later pull brings it again.
   */
  writeForeign<T>(bytes: number, prepare: (draft: Draft) => T): Promise<Result<T, Failure>>
  /** Hears of every durable commit. */
  onCommitted(listener: Listener): void
  /** Resolves when every write so far is durable or has failed. */
  drain(): Promise<void>
}

/** Elements whose bytes are gone by the operator's word or to make room, and memories whose bytes are there again. */
export interface PayloadNews {
  readonly purged: readonly Digest[]
  readonly restored: readonly Digest[]
}

/** Hears what entries, fork proofs and changes of payloads did. */
type Listener = (
  applied: readonly Applied[],
  forks: readonly AppliedFork[],
  payloads: PayloadNews,
) => void | Promise<void>

interface Pending {
  /** Of what others sent; null for an own write. */
  readonly foreignBytes: number | null
  readonly prepare: (draft: Draft) => void
  readonly settle: (failed: Failure | null) => void
  /** A bug in this write alone. */
  readonly reject: (error: unknown) => void
}

export interface WriterDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly clock: Clock
  readonly log: Log
  /** A commit that does not end is noticed here. */
  readonly activities?: Activities
}

export function createWriter({ memory, store, clock, log, activities }: WriterDeps): Writer {
  const queue: Pending[] = []
  /** Those of others in the queue. */
  let foreign = 0
  let foreignBytes = 0
  const listeners: Listener[] = []
  let running: Promise<void> | null = null

  const run = async (): Promise<void> => {
    try {
      while (queue.length > 0) {
        // Requests that have already arrived get their turn first, and so join this commit.
        await clock.sleep(0)
        await commit(queue.splice(0, DRAFT_WRITES_MAX).map(taken))
      }
    } finally {
      // In the same turn as the last look at the queue: a write that comes right after an acknowledgement would else
      // find this loop running and wait for one that is over.
      running = null
    }
  }

  const taken = (pending: Pending): Pending => {
    if (pending.foreignBytes !== null) {
      foreign--
      foreignBytes -= pending.foreignBytes
    }
    return pending
  }

  /** Own writes wait for their turn, however many they are: only this spore's own callers make them. */
  const dropOldestForeign = (): void => {
    const [oldest] = queue.splice(
      queue.findIndex((pending) => pending.foreignBytes !== null),
      1,
    )
    if (oldest) taken(oldest).settle(failure('OVERLOADED', 'more arrives than can be stored'))
  }

  const enqueue = <T>(of: number | null, prepare: (draft: Draft) => T): Promise<Result<T, Failure>> =>
    new Promise((resolve, reject) => {
      let value: T
      queue.push({
        foreignBytes: of,
        prepare: (draft) => {
          value = prepare(draft)
        },
        settle: (failed) => resolve(failed ? err(failed) : ok(value)),
        reject,
      })
      if (of !== null) {
        foreign++
        foreignBytes += of
      }
      while (foreign > 1 && (foreign > APPLY_QUEUE_MAX || foreignBytes > APPLY_QUEUE_BYTES_MAX))
        dropOldestForeign()
      running ??= run()
    })

  const commit = async (waiting: readonly Pending[]): Promise<void> => {
    const end = activities?.begin(`commit of ${waiting.length} writes`, COMMIT)
    try {
      await commitAll(waiting)
    } finally {
      end?.()
    }
  }

  const commitAll = async (waiting: readonly Pending[]): Promise<void> => {
    const draft = memory.draft(clock.now())
    const batch = waiting.filter((pending) => prepared(pending, draft))
    const result = draft.finish()
    let failed: Failure | null = null
    if (result) {
      try {
        await store.commit(result.batch)
      } catch (error) {
        log.error('commit failed', { error: String(error) })
        const detail = error instanceof SporeError ? error.message : 'the store refused the write'
        failed = failure('STORE_WRITE_FAILED', detail)
      }
      if (!failed) {
        const applied = memory.apply(result)
        const forks = result.batch.forks.map(memory.applyFork)
        memory.deny(result.batch.denied)
        const denied = result.batch.denied.filter(({ isDenied }) => isDenied).map(({ digest }) => digest)
        const purged = [...denied, ...memory.forget(result.forgotten)]
        const restored = memory.restore(result.restored)
        for (const listener of listeners) await tell(listener, applied, forks, { purged, restored })
      }
    }
    for (const { settle } of batch) settle(failed)
  }

  /** One write that throws is its caller's trouble and nobody else's. */
  const prepared = (pending: Pending, draft: Draft): boolean => {
    try {
      pending.prepare(draft)
      return true
    } catch (error) {
      pending.reject(error)
      return false
    }
  }

  /** What is durable stays so, whatever a listener makes of it. */
  const tell = async (...[listener, ...news]: [Listener, ...Parameters<Listener>]): Promise<void> => {
    try {
      await listener(...news)
    } catch (error) {
      log.error('a listener of the change feed threw', { error: String(error) })
    }
  }

  return {
    write: (prepare) => enqueue(null, prepare),
    writeForeign: (bytes, prepare) => enqueue(bytes, prepare),
    onCommitted: (listener) => void listeners.push(listener),
    async drain() {
      while (running) await running
    },
  }
}
