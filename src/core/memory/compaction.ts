/**
 * Compaction: checkpoints of the own logs are written once enough of them is removed, and payloads that a checkpoint made dead are
 * forgotten, own and foreign ones. Headers stay, so every chain still verifies.
 *
 * Invariant: only payloads of entries that a checkpoint below the fork point of its log removed are forgotten, and none of a kind
 * that is kept: what a retraction, a checkpoint or an act on members says must be known to whoever folds the log.
 */
import type { LogId, SpaceId } from '../base/brand.ts'
import { decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import type { Log } from '../base/ports.ts'
import { createRangeSet, type RangeSet } from '../base/ranges.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { isKept, KINDS } from '../protocol/kinds.ts'
import { CHECKPOINT_DEAD_MIN, CHECKPOINT_RANGES_MAX } from '../protocol/limits.ts'
import { logIdOf } from '../protocol/log.ts'
import { decodeRetract, encodeCheckpoint, type SeqRange } from '../protocol/payloads.ts'
import type { Change } from './change.ts'
import { type DeadRanges, deadRanges } from './checkpoint.ts'
import type { Memory } from './memory.ts'
import type { EntryRow, MemoryStore } from './store.ts'
import type { Writer } from './writer.ts'

export interface Compaction {
  /** Reads how far an earlier process came; before anything is followed. */
  load(): Promise<void>
  /** Takes in what was committed or, before `start`, replayed. */
  follow(changes: readonly Change[]): void
  /** Takes in what was replayed, memories too: one that came late, behind the checkpoint that removed it, is forgotten. */
  meet(rows: readonly EntryRow[]): void
  /** Begins to write and forget; what came before is done then. */
  start(): void
  /** A log was cut: what its checkpoints behind the fork point removed and was forgotten for them is missing now. */
  forked(logId: LogId): Promise<void>
  /** Ends the work; what is left is done after the next start. */
  stop(): Promise<void>
}

export interface CompactionDeps {
  readonly memory: Memory
  readonly writer: Writer
  readonly store: MemoryStore
  readonly log: Log
}

/** Entries that are looked at between two commits, and payloads that are forgotten in one. */
const SWEEP_ENTRIES = 256
const SWEPT_VALUE = 'compaction/swept'

/** What is known of the removed entries of one own log. */
interface OwnLog {
  readonly space: SpaceId
  readonly epoch: Uint8Array
  /** Entries that carry nothing: removed ones, retractions and checkpoints. */
  readonly inert: RangeSet
  /** Removed by a retraction and in no checkpoint yet. */
  readonly dead: Set<number>
}

export function createCompaction({ memory, writer, store, log }: CompactionDeps): Compaction {
  const ownLogs = new Map<LogId, OwnLog>()
  /** Own removed entries in no checkpoint, by space. */
  const deadCounts = new Map<SpaceId, number>()
  /** By log: what checkpoints made dead. */
  const covered = new Map<LogId, RangeSet>()
  /** By log: its checkpoints, and what they name. */
  const checkpoints = new Map<LogId, { readonly seq: number; readonly dead: readonly DeadRanges[] }[]>()
  /** Parts of it in which payloads may still be. */
  let unswept: { readonly logId: LogId; readonly range: SeqRange }[] = []
  /** Position of the change feed up to which every checkpoint was swept, and that of the newest one. */
  let sweptTo = 0
  let newest = 0
  let isNews = false
  let isStarted = false
  let running: Promise<void> | null = null

  // --- What is dead ---

  const ownLog = (logId: LogId, space: SpaceId, epoch: Uint8Array): OwnLog => {
    const known = ownLogs.get(logId) ?? { space, epoch, inert: createRangeSet(), dead: new Set<number>() }
    ownLogs.set(logId, known)
    return known
  }

  const noteRetraction = (
    { logId, seq, space, payload }: Change,
    publicKey: Uint8Array,
    epoch: Uint8Array,
  ): void => {
    ownLog(logId, space, epoch).inert.add(seq, seq)
    for (const { epoch: of, seqs } of (payload && decodeRetract(payload))?.dots ?? []) {
      const id = logIdOf({ publicKey, space, epoch: of })
      const own = ownLog(id, space, of)
      const held = memory.logs.get(id)?.row.next ?? 0
      for (const dead of seqs) {
        // A checkpoint names only what stands before it.
        if (dead >= held || covered.get(id)?.has(dead) || own.dead.has(dead)) continue
        own.dead.add(dead)
        own.inert.add(dead, dead)
        deadCounts.set(space, (deadCounts.get(space) ?? 0) + 1)
      }
    }
  }

  const noteCheckpoint = (change: Change): void => {
    const row = memory.logs.get(change.logId)?.row
    if (!row || change.seq >= memory.validPoint(change.logId)) return
    ownLogs.get(change.logId)?.inert.add(change.seq, change.seq)
    const dead = deadRanges(change, row)
    const ofLog = checkpoints.get(change.logId)
    if (ofLog) ofLog.push({ seq: change.seq, dead })
    else checkpoints.set(change.logId, [{ seq: change.seq, dead }])
    for (const { logId, ranges } of dead) {
      const ofLog = covered.get(logId) ?? createRangeSet()
      covered.set(logId, ofLog)
      for (const [from, to] of ranges) {
        if (change.arrival > sweptTo)
          unswept.push(...ofLog.missing(from, to).map((range) => ({ logId, range })))
        ofLog.add(from, to)
        // What is dead is not missed.
        memory.absent.get(logId)?.remove(from, to)
      }
      noteCovered(logId, ofLog)
    }
    newest = Math.max(newest, change.arrival)
  }

  const noteCovered = (logId: LogId, ranges: RangeSet): void => {
    const own = ownLogs.get(logId)
    for (const seq of own?.dead ?? []) {
      if (!own || !ranges.has(seq)) continue
      own.dead.delete(seq)
      deadCounts.set(own.space, (deadCounts.get(own.space) ?? 0) - 1)
    }
  }

  /** What the checkpoints that hold make dead of a log. */
  const coverOf = (target: LogId): RangeSet => {
    const cover = createRangeSet()
    for (const { logId, ranges } of [...checkpoints.values()].flat().flatMap(({ dead }) => dead))
      if (logId === target) for (const [from, to] of ranges) cover.add(from, to)
    return cover
  }

  const noteMissing = async (logId: LogId, [from, to]: SeqRange): Promise<void> => {
    const last = Math.min(to, (memory.logs.get(logId)?.row.next ?? 0) - 1)
    for (let at = from; at <= last; at += SWEEP_ENTRIES) {
      const rows = await store.entriesOf(logId, at, Math.min(last, at + SWEEP_ENTRIES - 1))
      for (const row of rows)
        if (row.payload === null && !covered.get(logId)?.has(row.seq)) memory.hideAbsent(row)
    }
  }

  const isOwn = (logId: LogId): boolean => memory.logs.get(logId)?.author === memory.self

  // --- Writing ---

  /** Checkpoints of a space, of at most `CHECKPOINT_RANGES_MAX` ranges each. */
  const checkpointsOf = (space: SpaceId): Uint8Array[] => {
    const named = [...ownLogs.values()]
      .filter((own) => own.space === space && own.dead.size > 0)
      .flatMap((own) => rangesOf(own).map((range) => ({ epoch: own.epoch, range })))
    const payloads: Uint8Array[] = []
    for (let i = 0; i < named.length; i += CHECKPOINT_RANGES_MAX) {
      const byEpoch = Map.groupBy(named.slice(i, i + CHECKPOINT_RANGES_MAX), ({ epoch }) => epoch)
      const dead = [...byEpoch].map(([epoch, list]) => ({ epoch, ranges: list.map(({ range }) => range) }))
      payloads.push(encodeCheckpoint({ dead }))
    }
    return payloads
  }

  /** Stretches that hold a dead entry and nothing that is alive. */
  const rangesOf = ({ inert, dead }: OwnLog): SeqRange[] => {
    const seqs = [...dead].sort((a, b) => a - b)
    let at = 0
    return inert.ranges().filter(([from, to]) => {
      while (at < seqs.length && (seqs[at] as number) < from) at++
      return at < seqs.length && (seqs[at] as number) <= to
    })
  }

  const writeCheckpoints = async (): Promise<void> => {
    for (const [space, count] of deadCounts) {
      if (count <= CHECKPOINT_DEAD_MIN) continue
      const written = await writer.write((draft) => {
        for (const payload of checkpointsOf(space))
          draft.append({ space, kind: KINDS.checkpoint, payload, references: [] })
      })
      if (!written.ok) log.warn('checkpoint not written', { code: written.error.code })
    }
  }

  // --- Forgetting ---

  const sweep = async (): Promise<void> => {
    const position = newest
    const parts = unswept
    unswept = []
    for (const { logId, range } of parts) {
      const last = (memory.logs.get(logId)?.row.next ?? 0) - 1
      await forget(logId, range[0], Math.min(range[1], last))
    }
    if (position === sweptTo || !isStarted) return
    sweptTo = position
    await writer.write((draft) => draft.setValue(SWEPT_VALUE, encodeCanonical(position)))
  }

  const forget = async (logId: LogId, from: number, to: number): Promise<void> => {
    for (let at = from; at <= to && isStarted; at += SWEEP_ENTRIES) {
      const rows = await store.entriesOf(logId, at, Math.min(to, at + SWEEP_ENTRIES - 1))
      const dead = rows.filter(({ header, payload }) => payload !== null && isForgettable(header))
      if (dead.length === 0) continue
      await writer.write((draft) => {
        // A fork may have undone the checkpoint meanwhile.
        for (const row of dead) if (!memory.isVisibleDot(row)) draft.forgetPayload(row)
      })
    }
  }

  const work = async (): Promise<void> => {
    while (isNews && isStarted) {
      isNews = false
      await writeCheckpoints()
      await sweep()
    }
  }

  const begin = (): void => {
    if (!isStarted || running || !isNews) return
    running = work()
      .catch((error: unknown) => log.error('compaction broke', { error: String(error) }))
      .finally(() => {
        running = null
      })
  }

  return {
    async load() {
      const stored = await store.value(SWEPT_VALUE)
      const position = stored && decodeCanonical(stored)
      sweptTo = position?.ok && typeof position.value === 'number' ? position.value : 0
    },
    follow(changes) {
      for (const change of changes) {
        const { logId, seq } = change
        const row = memory.logs.get(logId)?.row
        if (change.kind === KINDS.retract && row && isOwn(logId))
          noteRetraction(change, row.publicKey, row.epoch)
        else if (change.kind === KINDS.checkpoint) noteCheckpoint(change)
        else if (change.payload && change.arrival > sweptTo && covered.get(logId)?.has(seq))
          unswept.push({ logId, range: [seq, seq] })
        else continue
        isNews = true
      }
      begin()
    },
    meet(rows) {
      if (covered.size === 0) return
      for (const { logId, seq, arrival, payload } of rows) {
        if (!payload || arrival <= sweptTo || !covered.get(logId)?.has(seq)) continue
        unswept.push({ logId, range: [seq, seq] })
        isNews = true
      }
    },
    async forked(logId) {
      const point = memory.validPoint(logId)
      const lost = (checkpoints.get(logId) ?? []).filter(({ seq }) => seq >= point)
      if (lost.length === 0) return
      const holding = (checkpoints.get(logId) ?? []).filter(({ seq }) => seq < point)
      checkpoints.set(logId, holding)
      for (const { logId: target, ranges } of lost.flatMap(({ dead }) => dead)) {
        covered.set(target, coverOf(target))
        for (const [from, to] of ranges)
          for (const part of covered.get(target)?.missing(from, to) ?? []) await noteMissing(target, part)
      }
    },
    start() {
      isStarted = true
      begin()
    },
    async stop() {
      isStarted = false
      await running
    },
  }
}

const isForgettable = (header: Uint8Array): boolean => {
  const decoded = decodeHeader(header)
  return decoded.ok && !isKept(decoded.value.kind)
}
