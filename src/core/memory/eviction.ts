/**
 * Eviction: where what strangers wrote outgrows the bound of its space or of the store, the oldest payloads of whoever takes
 * most are forgotten until there is room. So nobody who takes little is pushed out by many who take much, and a newcomer
 * finds a place. Headers stay: logs go on to verify, and to be offered, as after a purge.
 *
 * Invariants: only payloads of open spaces are evicted, never own ones, nor what says what others removed; each eviction is
 * counted and shown; what was evicted is not asked for again until there is room.
 */
import type { Digest, LogId, SpaceId } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { KINDS } from '../protocol/kinds.ts'
import { decodeCheckpoint, decodeRetract } from '../protocol/payloads.ts'
import type { Memory } from './memory.ts'
import type { EntryRow, MemoryStore } from './store.ts'
import type { AuthorUsage } from './usage.ts'
import type { Writer } from './writer.ts'

export interface Eviction {
  /** Looks whether something must go; after each commit. */
  follow(): void
  /** Ends the work. */
  stop(): Promise<void>
}

export interface EvictionDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly clock: Clock
  readonly log: Log
}

/** Entries that are looked at, and forgotten, in one commit. */
const SWEEP_ENTRIES = 256
/** Authors that are taken from in one turn, or all are compared again and again. */
const TURN_AUTHORS = 64
/** Where nothing is left to evict, it is looked again after this. */
const IDLE_MS = 10_000
/** Share of a bound down to which room is made, so that not each entry evicts another. */
const DOWN_TO = 0.95
/** Logs in which it is remembered how far they are evicted; one that is forgotten is read from its start again. */
const CURSORS_MAX = 4096

export function createEviction({ memory, store, writer, clock, log }: EvictionDeps): Eviction {
  const { usage, quota } = memory
  /** Up to where a log has nothing left to evict. */
  const cursors = new Map<LogId, number>()
  let running: Promise<void> | null = null
  let isStopped = false
  let notBeforeMs = Number.NEGATIVE_INFINITY

  const isOver = (share: number, space: SpaceId): boolean =>
    usage.total > share * quota.limits.storeBytes || usage.ofSpace(space) > share * quota.limits.spaceBytes

  const hasMore = (logId: LogId): boolean =>
    (cursors.get(logId) ?? 0) < (memory.logs.get(logId)?.row.next ?? 0)

  /** Those who take most, of the spaces that are too full, and have something left. */
  const heaviest = (share: number): AuthorUsage[] => {
    const found: AuthorUsage[] = []
    for (const one of usage.authors()) {
      const isStranger = one.author !== memory.self && quota.isEvictable(one.space)
      if (isStranger && one.bytes > 0 && isOver(share, one.space) && one.logs.some(hasMore)) found.push(one)
    }
    return found.sort((a, b) => b.bytes - a.bytes).slice(0, TURN_AUTHORS)
  }

  const run = async (): Promise<void> => {
    let evicted = 0
    for (let all = heaviest(1); all.length > 0 && !isStopped; all = heaviest(DOWN_TO)) {
      // Nobody goes below those who take less.
      const least = all.length === TURN_AUTHORS ? (all.at(-1)?.bytes ?? 0) : 0
      for (const one of all) {
        while (one.bytes >= least && isOver(DOWN_TO, one.space) && one.logs.some(hasMore)) {
          const went = isStopped ? null : await evictFrom(one)
          if (went === null) return
          evicted += went
          await clock.sleep(0)
        }
      }
    }
    if (evicted > 0) log.warn('payloads of others were evicted to make room', { entries: evicted })
    else notBeforeMs = clock.now() + IDLE_MS
  }

  /** Forgets the oldest payloads of an author: how many; null where the disk takes nothing now. */
  const evictFrom = async ({ logs }: AuthorUsage): Promise<number | null> => {
    const logId = logs.find(hasMore) as LogId
    const from = cursors.get(logId) ?? 0
    const end = Math.min(from + SWEEP_ENTRIES, memory.logs.get(logId)?.row.next ?? 0)
    const rows = (await store.entriesOf(logId, from, end - 1)).filter(({ payload }) => payload !== null)
    const written = await writer.write((draft) => {
      for (const row of rows) {
        const element = evictable(row)
        if (element) draft.evictPayload(row, element)
      }
    })
    if (!written.ok) return null
    cursors.delete(logId)
    cursors.set(logId, end)
    if (cursors.size > CURSORS_MAX) cursors.delete(cursors.keys().next().value as LogId)
    return rows.length
  }

  const isNeeded = (share = 1): boolean => {
    for (const space of usage.spaces()) if (isOver(share, space)) return true
    return false
  }

  return {
    follow() {
      // What has come back since then can go again.
      if (cursors.size > 0 && !running && !isNeeded(DOWN_TO)) cursors.clear()
      if (running || isStopped || !isNeeded() || Math.abs(clock.now() - notBeforeMs) < IDLE_MS) return
      running = run()
        .catch((error: unknown) => log.error('eviction broke', { error: String(error) }))
        .finally(() => {
          running = null
        })
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/** What an entry carries, where it may go; null for what must be known to whoever folds the log. */
function evictable({ seq, header, payload }: EntryRow): Digest | null {
  const decoded = decodeHeader(header)
  if (!decoded.ok || !payload) return null
  const { kind, payload: element } = decoded.value
  if (kind === KINDS.retract && decodeRetract(payload)) return null
  if (kind === KINDS.checkpoint && decodeCheckpoint(payload)) return null
  // What an open space was founded with.
  return kind === KINDS.space && seq === 0 ? null : element
}
