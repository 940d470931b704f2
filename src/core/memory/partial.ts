/**
 * The part of a log above a gap, while a draft is made (PROTOCOL.md §7 "partial log"): opened at a segment's start, grown
 * upwards like any log and downwards by whole segments, until it meets the part that is held from 0 on.
 *
 * Invariants: every entry held above a gap is one that its author signed: a run is taken only if its chain, begun with
 * the value that is said to stand before it, ends in a signed head and, going downwards, in the very value that the part
 * began with. (Whoever finds another value before it that leads there has broken the hash.) Where segments begin cannot
 * be known before all is there; so the two parts meet only where the lower one, whose segments are known, says that
 * one begins. Where they do not meet, the lower one grows through the upper one, whose entries are then duplicates.
 */
import { assert } from '../base/assert.ts'
import type { LogId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Verifier } from '../identity/keys.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { extendSegment, type Segment } from '../protocol/log.ts'
import { type DecodedRun, entryOf, sizeOf } from '../protocol/run.ts'
import { isJudgedFrom, type JudgedRun, judgeRun, refusalAt } from './run-check.ts'
import type { EntryRow, HeadRow, LogRow, PartialRow, StoreBatch } from './store.ts'

/** What a draft lets the upper parts of its logs do to it. */
export interface PartialContext {
  /** The committed upper parts. */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  readonly validPoint: (logId: LogId) => number
  readonly verifier: Verifier
  readonly network: string
  readonly nowMs: number
  /** Adds the entries of a run from index `first` up to `end` to the draft; the arrival number of the last. */
  addEntries(log: LogRow, run: DecodedRun, first: number, end: number): number
}

/** What is known of a run beside what it says. */
export interface ReceiveOptions {
  /** Chain value that is said to stand before the run: it may then begin above a gap. */
  readonly chainBefore?: Uint8Array | null
  /** The stored entries of `overlapOf` the run, where it grows through what is held above a gap. */
  readonly overlap?: readonly EntryRow[]
}

export interface PartialDraft {
  /** The upper part of a log as this draft leaves it. */
  of(logId: LogId): PartialRow | null
  /**
   * Takes a run that begins behind what is held from 0 on (`row`). `chainBefore` is the chain value said to stand before
   * it, null where nobody said any. Failures: SEQ_GAP, LOG_FORKED, RUN_TOO_LARGE, and those of a judgement.
   */
  receive(
    judged: JudgedRun,
    row: LogRow,
    chainBefore: Uint8Array | null,
  ): Result<{ readonly fresh: number; readonly duplicate: number }, Failure>
  /**
   * Joins the lower part, which has grown to `row`, with the upper one where they meet: the row of the log then, and its
   * newest head where this draft has it. Null where they stay two.
   */
  join(row: LogRow): { readonly row: LogRow; readonly head: HeadRow | null } | null
  readonly changes: StoreBatch['partials']
  /** Heads to keep, those that are newest last. */
  heads(): readonly HeadRow[]
  readonly dropHeads: readonly { readonly logId: LogId; readonly seq: number }[]
}

/** The entries held above a gap that a run brings which grows the lower part; null for none. They must be the same. */
export function overlapOf(
  run: { readonly from: number; readonly end: number },
  partial: PartialRow,
): { readonly from: number; readonly to: number } | null {
  const from = Math.max(run.from, partial.base)
  const to = Math.min(run.end, partial.next) - 1
  return from <= to ? { from, to } : null
}

export function createPartialDraft(context: PartialContext): PartialDraft {
  const drafted = new Map<LogId, PartialRow | null>()
  const newestHeads = new Map<LogId, HeadRow>()
  const heads: HeadRow[] = []
  const dropHeads: { logId: LogId; seq: number }[] = []

  const of = (logId: LogId): PartialRow | null => {
    const changed = drafted.get(logId)
    return changed === undefined ? (context.partials.get(logId) ?? null) : changed
  }

  /** Puts in what is new of a run, from index `first` on, where it holds. */
  const put = (
    judged: JudgedRun,
    row: LogRow,
    before: PartState,
    first: number,
  ): Result<PartState, Failure> => {
    const { run } = judged
    if (crossesSegment(run, first, segmentOf(before)))
      return err(failure('RUN_TOO_LARGE', 'the run goes on behind the end of a segment'))
    const current = isJudgedFrom(judged, before)
      ? judged
      : judgeRun(run, before, context, judged.verdict.isSigned)
    const refused = refusalAt(current, context.nowMs)
    if (refused) return err(refused)
    const segment = segmentBehind(run, first, segmentOf(before))
    return ok({
      next: run.from + run.count,
      chain: run.chain,
      clock: run.clocks[run.count - 1] as number,
      segmentStart: segment.start,
      segmentBytes: segment.bytes,
      arrival: context.addEntries(row, run, first, run.count),
    })
  }

  const headOf = ({ run }: JudgedRun): HeadRow => ({
    logId: run.logId,
    seq: run.from + run.count - 1,
    chain: run.chain,
    clock: run.clocks[run.count - 1] as number,
    signature: run.signature,
  })

  /** A run that begins somewhere above, where its sender says that a segment begins. */
  const open = (judged: JudgedRun, row: LogRow, chainBefore: Uint8Array) => {
    const { logId, count } = judged.run
    const state = put(judged, row, stateBefore(judged.run, chainBefore), 0)
    if (!state.ok) return state
    drafted.set(logId, { logId, ...baseOf(judged.run, chainBefore), ...state.value })
    newestHeads.set(logId, headOf(judged))
    return ok({ fresh: count, duplicate: 0 })
  }

  const extend = (judged: JudgedRun, row: LogRow, partial: PartialRow) => {
    const { run } = judged
    const duplicate = Math.min(partial.next - run.from, run.count)
    if (duplicate === run.count) return ok({ fresh: 0, duplicate })
    const state = put(judged, row, partial, duplicate)
    if (!state.ok) return state
    keepOrDropHead(partial, state.value.segmentStart === partial.next)
    drafted.set(run.logId, { ...partial, ...state.value })
    newestHeads.set(run.logId, headOf(judged))
    return ok({ fresh: run.count - duplicate, duplicate })
  }

  /** The head at the end of the part stays only where a segment ends there. */
  const keepOrDropHead = ({ logId, next }: PartialRow, opensSegment: boolean): void => {
    const newest = newestHeads.get(logId)
    newestHeads.delete(logId)
    if (newest && opensSegment) heads.push(newest)
    if (!newest && !opensSegment) dropHeads.push({ logId, seq: next - 1 })
  }

  /** The segment right below the part. */
  const prepend = (judged: JudgedRun, row: LogRow, partial: PartialRow, chainBefore: Uint8Array) => {
    const { run } = judged
    const lastClock = run.clocks[run.count - 1] as number
    if (!equalBytes(run.chain, partial.chainBefore) || lastClock >= partial.baseClock)
      return err(failure('CHAIN_MISMATCH', `log ${run.logId} goes on otherwise from ${partial.base}`))
    const segment = segmentBehind(run, 0, { start: run.from, bytes: 0 })
    const isWhole = extendSegment(segment, partial.base, partial.baseBytes).start === partial.base
    if (!isWhole) return err(failure('SEQ_GAP', `no segment ends before ${partial.base}`))
    const state = put(judged, row, stateBefore(run, chainBefore), 0)
    if (!state.ok) return state
    const { arrival } = state.value
    drafted.set(run.logId, { ...partial, ...baseOf(run, chainBefore), arrival })
    heads.push(headOf(judged))
    return ok({ fresh: run.count, duplicate: 0 })
  }

  return {
    of,
    receive(judged, row, chainBefore) {
      const { logId, from, count } = judged.run
      const partial = of(logId)
      assert(from > row.next, 'a run that continues the lower part is not the upper one’s')
      const point = context.validPoint(logId)
      if (point < from + count) return err(failure('LOG_FORKED', `nothing counts from ${point} on`))
      if (partial && from >= partial.base && from <= partial.next) return extend(judged, row, partial)
      if (chainBefore && !partial) return open(judged, row, chainBefore)
      if (chainBefore && partial && from + count === partial.base)
        return prepend(judged, row, partial, chainBefore)
      return err(failure('SEQ_GAP', `the run starts at ${from}; expected is ${row.next}`))
    },
    join(row) {
      const { logId } = row
      const partial = of(logId)
      if (!partial || row.next < partial.base) return null
      const { base, baseBytes, chainBefore, baseClock, ...upper } = partial
      if (row.next >= upper.next) {
        drafted.set(logId, null)
        newestHeads.delete(logId)
        return null
      }
      const meets =
        row.next === base &&
        baseBytes > 0 &&
        extendSegment(segmentOf(row), base, baseBytes).start === base &&
        equalBytes(row.chain, chainBefore) &&
        row.clock < baseClock
      if (!meets) {
        drafted.set(logId, { ...partial, base: row.next, baseBytes: 0, chainBefore: row.chain })
        return null
      }
      drafted.set(logId, null)
      const head = newestHeads.get(logId) ?? null
      newestHeads.delete(logId)
      return { row: { ...row, ...upper, arrival: Math.max(row.arrival, upper.arrival) }, head }
    },
    get changes() {
      return [...drafted].map(([logId, partial]) => ({ logId, partial }))
    },
    heads: () => [...heads, ...newestHeads.values()],
    dropHeads,
  }
}

/** What a part of a log is, wherever it begins. */
type PartState = Pick<LogRow, 'next' | 'chain' | 'clock' | 'segmentStart' | 'segmentBytes' | 'arrival'>

const stateBefore = (run: DecodedRun, chainBefore: Uint8Array): PartState => ({
  next: run.from,
  chain: chainBefore,
  // Nobody vouches for a time before the first entry until the segment below is there.
  clock: 0,
  segmentStart: run.from,
  segmentBytes: 0,
  arrival: 0,
})

const baseOf = (run: DecodedRun, chainBefore: Uint8Array) => ({
  base: run.from,
  baseBytes: sizeOf(run, 0),
  baseClock: run.clocks[0] as number,
  chainBefore,
})

export const segmentOf = (state: Pick<LogRow, 'segmentStart' | 'segmentBytes'>): Segment => ({
  start: state.segmentStart,
  bytes: state.segmentBytes,
})

/** The segment at the end of a run that goes on from `before` with its entry `first`. */
export function segmentBehind(run: DecodedRun, first: number, before: Segment): Segment {
  let segment = before
  for (let i = first; i < run.count; i++) segment = extendSegment(segment, run.from + i, sizeOf(run, i))
  return segment
}

/** True where a segment ends inside what is new of a run, from its entry `first` on. */
export function crossesSegment(run: DecodedRun, first: number, before: Segment): boolean {
  let segment = before
  for (let i = first; i < run.count; i++) {
    const { start } = segment
    segment = extendSegment(segment, run.from + i, sizeOf(run, i))
    if (i > first && segment.start !== start) return true
  }
  return false
}

/** True where the entries that a run and the part above the gap have in common are the same. */
export function sameOverlap(run: DecodedRun, partial: PartialRow, overlap: readonly EntryRow[]): boolean {
  const range = overlapOf({ from: run.from, end: run.from + run.count }, partial)
  if (!range) return true
  const headers = new Map(overlap.map(({ seq, header }) => [seq, header]))
  for (let seq = range.from; seq <= range.to; seq++) {
    const stored = headers.get(seq)
    if (!stored || !equalBytes(stored, entryOf(run, seq - run.from).header)) return false
  }
  return true
}
