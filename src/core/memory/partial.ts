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
import type { Header } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { extendSegment, type Segment } from '../protocol/log.ts'
import type { DecodedRun, EntryBytes } from '../protocol/run.ts'
import { checkRun } from './run-check.ts'
import type { HeadRow, LogRow, PartialRow, StoreBatch } from './store.ts'

/** What a draft lets the upper parts of its logs do to it. */
export interface PartialContext {
  /** The committed upper parts. */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  readonly forkPoint: (logId: LogId) => number
  readonly verifier: Verifier
  readonly network: string
  readonly nowMs: number
  /** Adds an entry of the log to the draft; its arrival number. */
  add(log: LogRow, header: Header, entry: EntryBytes): number
}

export interface PartialDraft {
  /** The upper part of a log as this draft leaves it. */
  of(logId: LogId): PartialRow | null
  /**
   * Takes a run that begins behind what is held from 0 on (`row`). `chainBefore` is the chain value said to stand before
   * it, null where nobody said any. Failures: SEQ_GAP, LOG_FORKED, RUN_TOO_LARGE, and those of `checkRun`.
   */
  receive(
    run: DecodedRun,
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

/** True where a stored entry must be the same as one of the run: the overlap of a run with the part above a gap. */
export const overlapOf = (
  run: { readonly from: number; readonly end: number },
  partial: PartialRow,
): { readonly from: number; readonly to: number } | null =>
  run.from < partial.base && run.end > partial.base
    ? { from: partial.base, to: Math.min(run.end, partial.next) - 1 }
    : null

export function createPartialDraft(context: PartialContext): PartialDraft {
  const { verifier, network, nowMs } = context
  const drafted = new Map<LogId, PartialRow | null>()
  const newestHeads = new Map<LogId, HeadRow>()
  const heads: HeadRow[] = []
  const dropHeads: { logId: LogId; seq: number }[] = []

  const of = (logId: LogId): PartialRow | null => {
    const changed = drafted.get(logId)
    return changed === undefined ? (context.partials.get(logId) ?? null) : changed
  }

  /** Adds the entries of a checked run behind `before`; the state of the log behind them. */
  const addAll = (run: DecodedRun, log: LogRow, before: PartState): PartState => {
    let state = before
    for (const [i, header] of run.headers.entries()) {
      const entry = run.entries[i] as EntryBytes
      const segment = extendSegment(segmentOf(state), header.seq, sizeOf(run, i))
      state = {
        ...state,
        segmentStart: segment.start,
        segmentBytes: segment.bytes,
        arrival: context.add(log, header, entry),
      }
    }
    const last = run.headers.at(-1) as Header
    return { ...state, next: last.seq + 1, chain: run.chain, clock: last.clock }
  }

  const check = (run: DecodedRun, before: PartState): Result<unknown, Failure> =>
    crossesSegment(run, segmentOf(before))
      ? err(failure('RUN_TOO_LARGE', 'the run goes on behind the end of a segment'))
      : checkRun(run, before, { network, nowMs, verifier })

  const headOf = (run: DecodedRun, state: PartState): HeadRow => ({
    logId: run.logId,
    seq: state.next - 1,
    chain: run.chain,
    clock: state.clock,
    signature: run.signature,
  })

  /** A run that begins somewhere above, where its sender says that a segment begins. */
  const open = (run: DecodedRun, row: LogRow, chainBefore: Uint8Array) => {
    const before = stateBefore(run, chainBefore)
    const checked = check(run, before)
    if (!checked.ok) return checked
    const state = addAll(run, row, before)
    drafted.set(run.logId, { logId: run.logId, ...baseOf(run, chainBefore), ...state })
    newestHeads.set(run.logId, headOf(run, state))
    return ok({ fresh: run.entries.length, duplicate: 0 })
  }

  const extend = (run: DecodedRun, row: LogRow, partial: PartialRow) => {
    const duplicate = Math.min(partial.next - run.from, run.entries.length)
    if (duplicate === run.entries.length) return ok({ fresh: 0, duplicate })
    const tail = sliceRun(run, duplicate)
    const checked = check(tail, partial)
    if (!checked.ok) return checked
    keepOrDropHead(partial, tail)
    const state = addAll(tail, row, partial)
    drafted.set(run.logId, { ...partial, ...state })
    newestHeads.set(run.logId, headOf(tail, state))
    return ok({ fresh: tail.entries.length, duplicate })
  }

  /** The head at the end of the part stays only where a segment ends there. */
  const keepOrDropHead = (partial: PartialRow, run: DecodedRun): void => {
    const opensSegment = extendSegment(segmentOf(partial), run.from, sizeOf(run, 0)).start === run.from
    const newest = newestHeads.get(run.logId)
    newestHeads.delete(run.logId)
    if (newest && opensSegment) heads.push(newest)
    if (!newest && !opensSegment) dropHeads.push({ logId: run.logId, seq: partial.next - 1 })
  }

  /** The segment right below the part. */
  const prepend = (run: DecodedRun, row: LogRow, partial: PartialRow, chainBefore: Uint8Array) => {
    const lastClock = (run.headers.at(-1) as Header).clock
    if (!equalBytes(run.chain, partial.chainBefore) || lastClock >= partial.baseClock)
      return err(failure('CHAIN_MISMATCH', `log ${run.logId} goes on otherwise from ${partial.base}`))
    const segment = { start: run.from, bytes: run.headers.reduce((sum, _, i) => sum + sizeOf(run, i), 0) }
    if (extendSegment(segment, partial.base, partial.baseBytes).start !== partial.base)
      return err(failure('SEQ_GAP', `no segment ends before ${partial.base}`))
    const before = stateBefore(run, chainBefore)
    const checked = check(run, before)
    if (!checked.ok) return checked
    const { arrival } = addAll(run, row, before)
    drafted.set(run.logId, { ...partial, ...baseOf(run, chainBefore), arrival })
    heads.push({
      logId: run.logId,
      seq: partial.base - 1,
      chain: run.chain,
      clock: lastClock,
      signature: run.signature,
    })
    return ok({ fresh: run.entries.length, duplicate: 0 })
  }

  return {
    of,
    receive(run, row, chainBefore) {
      const { logId, from } = run
      const end = from + run.entries.length
      const partial = of(logId)
      assert(from > row.next, 'a run that continues the lower part is not the upper one’s')
      const forkPoint = context.forkPoint(logId)
      if (forkPoint < end) return err(failure('LOG_FORKED', `at ${forkPoint}`))
      if (partial && from >= partial.base && from <= partial.next) return extend(run, row, partial)
      if (chainBefore && !partial) return open(run, row, chainBefore)
      if (chainBefore && partial && end === partial.base) return prepend(run, row, partial, chainBefore)
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
  baseClock: (run.headers[0] as Header).clock,
  chainBefore,
})

const segmentOf = (state: PartState): Segment => ({ start: state.segmentStart, bytes: state.segmentBytes })

/** Bytes of header and payload of entry `index` of a run. */
const sizeOf = (run: DecodedRun, index: number): number =>
  (run.entries[index] as EntryBytes).header.length + (run.headers[index] as Header).payloadLength

/** True where the run goes on behind the end of the segment that it begins in. */
export function crossesSegment(run: DecodedRun, before: Segment): boolean {
  let segment = before
  return run.headers.some((header, i) => {
    const { start } = segment
    segment = extendSegment(segment, header.seq, sizeOf(run, i))
    return i > 0 && segment.start !== start
  })
}

export const sliceRun = (run: DecodedRun, skip: number): DecodedRun => ({
  ...run,
  from: run.from + skip,
  entries: run.entries.slice(skip),
  headers: run.headers.slice(skip),
})
