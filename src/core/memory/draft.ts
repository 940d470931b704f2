/**
 * A draft: the writes that will share one commit, prepared on top of the committed state without changing it. What
 * could not be made durable is thrown away with the draft, and the state is as if it had never been.
 */

import { assert } from '../base/assert.ts'
import type { Digest, HybridTime, LogId, SpaceId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import { encodeHeader, type Header, leafOf } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KIND_MAX, LOGS_MAX, PAYLOAD_BYTES_MAX, REFERENCES_MAX, SEQ_MAX } from '../protocol/limits.ts'
import {
  extendChain,
  extendSegment,
  headBytes,
  type LogDescriptor,
  logIdOf,
  type Segment,
} from '../protocol/log.ts'
import type { DecodedRun, EntryBytes } from '../protocol/run.ts'
import { type Change, headerToChange } from './change.ts'
import { nextTime } from './clock.ts'
import { emptyLogRow, type LogTable } from './log-table.ts'
import { createPartialDraft, crossesSegment, overlapOf, sliceRun } from './partial.ts'
import { checkRun } from './run-check.ts'
import {
  type EntryRow,
  emptyBatch,
  type HeadRow,
  type KeyRow,
  type LogRow,
  type PartialRow,
  type StoreBatch,
} from './store.ts'

export interface NewEntry {
  readonly space: SpaceId
  readonly kind: number
  readonly payload: Uint8Array
  readonly references: readonly Digest[]
}

export interface Appended {
  readonly logId: LogId
  readonly seq: number
  readonly element: Digest
}

export interface Received {
  /** Entries stored, and entries that were here before. */
  readonly fresh: number
  readonly duplicate: number
}

export interface DraftResult {
  readonly batch: StoreBatch
  readonly changes: readonly Change[]
  readonly logs: readonly LogRow[]
  readonly partials: StoreBatch['partials']
  /** The greatest hybrid time written or accepted. */
  readonly time: number
}

export interface Draft {
  /** True where this draft already appends this element to the own log of the space. */
  appends(space: SpaceId, kind: number, element: Digest): boolean
  /** Adds an own entry to the own log of its space. */
  append(entry: NewEntry): Appended
  /**
   * Adds a foreign run that continues what is here, duplicates at its start included; or that stands above a gap, with
   * the chain value that is said to be before it (`partial.ts`).
   */
  receive(run: DecodedRun, options?: ReceiveOptions): Result<Received, Failure>
  /** Keeps an idempotency key. */
  remember(key: KeyRow): void
  /** What this draft keeps under a key, or null. */
  keyOf(key: string): string | null
  setValue(name: string, value: Uint8Array | null): void
  /** Signs the heads and closes the draft. Null where nothing was drafted. */
  finish(): DraftResult | null
}

export interface ReceiveOptions {
  /** Chain value that is said to stand before the run: it may then begin above a gap. */
  readonly chainBefore?: Uint8Array | null
  /** The stored entries of `overlapOf` the run, where it grows through what is held above a gap. */
  readonly overlap?: readonly EntryRow[]
}

export interface DraftContext {
  readonly logs: LogTable
  /** What is held of logs above a gap. */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  /** Where a log is proven to fork; Infinity where it is not. */
  readonly forkPoint: (logId: LogId) => number
  readonly signer: Signer
  readonly verifier: Verifier
  readonly network: string
  /** Epoch of this store's own logs. */
  readonly epoch: Uint8Array
  readonly nowMs: number
  /** Greatest hybrid time so far, and the last arrival number given. */
  readonly time: number
  readonly arrival: number
}

export function createDraft(context: DraftContext): Draft {
  const { signer, network } = context
  let { time, arrival } = context
  /** Logs as this draft leaves them. */
  const rows = new Map<LogId, LogRow>()
  /** The newest drafted head of a log; it is kept when a segment ends there, and replaced otherwise. */
  const newestHeads = new Map<LogId, HeadRow>()
  const ownLogs = new Set<LogId>()
  const entries: EntryRow[] = []
  const heads: HeadRow[] = []
  const dropHeads: { logId: LogId; seq: number }[] = []
  const keys: KeyRow[] = []
  const values: { name: string; value: Uint8Array | null }[] = []
  const changes: Change[] = []
  const appended = new Set<string>()

  const rowOf = (log: LogDescriptor, logId: LogId): LogRow =>
    rows.get(logId) ?? context.logs.get(logId)?.row ?? emptyLogRow(log)

  /** Adds an entry as the newest arrival; its number. */
  const add = (log: LogRow, header: Header, { header: bytes, payload }: EntryBytes): number => {
    arrival++
    const entry: EntryRow = { logId: log.logId, seq: header.seq, arrival, header: bytes, payload }
    entries.push(entry)
    changes.push(headerToChange(header, entry, { row: log, author: context.logs.authorOf(log.publicKey) }))
    time = Math.max(time, header.clock)
    return arrival
  }

  const partials = createPartialDraft({ ...context, add })

  const push = (row: LogRow, header: Header, bytes: Uint8Array, payload: Uint8Array | null): LogRow => {
    const segment = extendSegment(segmentOf(row), header.seq, bytes.length + header.payloadLength)
    keepOrDropHead(row, segment.start === header.seq)
    const partial = partials.of(row.logId)
    const isHeld = partial !== null && header.seq >= partial.base && header.seq < partial.next
    const advanced: LogRow = {
      ...row,
      next: header.seq + 1,
      chain: extendChain(row.chain, leafOf(bytes)),
      clock: header.clock,
      segmentStart: segment.start,
      segmentBytes: segment.bytes,
      arrival: isHeld ? Math.max(row.arrival, partial.arrival) : add(row, header, { header: bytes, payload }),
    }
    rows.set(row.logId, advanced)
    return advanced
  }

  /** Before the entry `row.next` goes in: the head at `row.next − 1` stays only at the end of a segment. */
  const keepOrDropHead = (row: LogRow, opensSegment: boolean): void => {
    if (row.next === 0) return
    const drafted = newestHeads.get(row.logId)
    newestHeads.delete(row.logId)
    if (drafted) {
      if (opensSegment) heads.push(drafted)
      return
    }
    const partial = context.partials.get(row.logId)
    const isCommitted =
      context.logs.get(row.logId)?.row.next === row.next ||
      (partial !== undefined && row.next > partial.base && row.next <= partial.next)
    if (isCommitted && !opensSegment) dropHeads.push({ logId: row.logId, seq: row.next - 1 })
    if (!isCommitted && opensSegment) heads.push(signHead(row))
  }

  const signHead = (row: LogRow): HeadRow => {
    const head = { logId: row.logId, seq: row.next - 1, chain: row.chain, clock: row.clock }
    return { ...head, signature: signer.sign(headBytes(network, head)) }
  }

  /** Joins what has grown to `row` with the part above its gap, if they meet. */
  const join = (row: LogRow): void => {
    const joined = partials.join(row)
    if (!joined) return
    const { logId } = row
    rows.set(logId, joined.row)
    const last = newestHeads.get(logId)
    // A segment ends where the two parts meet.
    if (last) heads.push(last)
    if (joined.head) newestHeads.set(logId, joined.head)
    else newestHeads.delete(logId)
  }

  return {
    appends: (space, kind, element) => appended.has(`${space} ${kind} ${element}`),

    append({ space, kind, payload, references }) {
      const log: LogDescriptor = { publicKey: signer.publicKey, space, epoch: context.epoch }
      const logId = logIdOf(log)
      const row = rowOf(log, logId)
      assert(row.next <= SEQ_MAX, 'a log of 2³² entries goes on in a new epoch')
      // One entry that no peer takes would end the log for everybody but its author.
      assert(payload.length <= PAYLOAD_BYTES_MAX, 'a payload is at most PAYLOAD_BYTES_MAX long')
      assert(references.length <= REFERENCES_MAX, 'a header has at most REFERENCES_MAX references')
      assert(Number.isInteger(kind) && kind >= 0 && kind <= KIND_MAX, 'a kind is 0 to KIND_MAX')
      time = nextTime(time, context.nowMs)
      const element = bytesToDigest(sha256(payload))
      const header: Header = {
        logId,
        seq: row.next,
        clock: time as HybridTime,
        kind,
        payloadLength: payload.length,
        payload: element,
        references,
      }
      push(row, header, encodeHeader(header), payload)
      ownLogs.add(logId)
      appended.add(`${space} ${kind} ${element}`)
      return { logId, seq: header.seq, element }
    },

    receive(run, { chainBefore = null, overlap = [] } = {}) {
      const { logId } = run
      const row = rowOf(run.log, logId)
      const end = run.from + run.entries.length
      const partial = partials.of(logId)
      const isAbove = run.from > row.next
      if (isAbove && !partial && !chainBefore)
        return err(failure('SEQ_GAP', `the run starts at ${run.from}; expected is ${row.next}`))
      // A run that begins below the fork point brings valid entries, and may have no head to end at before it.
      const forkPoint = context.forkPoint(logId)
      if (forkPoint <= row.next && forkPoint < end) return err(failure('LOG_FORKED', `at ${forkPoint}`))
      if (end <= row.next) return ok({ fresh: 0, duplicate: run.entries.length })
      if (equalBytes(run.log.publicKey, signer.publicKey) && equalBytes(run.log.epoch, context.epoch))
        return err(failure('SEQ_GAP', 'nobody but this spore continues its own log'))
      if (row.next === 0 && !partial && context.logs.size + rows.size >= LOGS_MAX)
        return err(failure('LOGS_FULL', `${LOGS_MAX} logs are followed here`))
      if (isAbove) {
        const received = partials.receive(run, row, chainBefore)
        if (received.ok) rows.set(logId, row)
        return received
      }
      const duplicate = row.next - run.from
      const tail = duplicate === 0 ? run : sliceRun(run, duplicate)
      if (crossesSegment(tail, segmentOf(row)))
        return err(failure('RUN_TOO_LARGE', 'the run goes on behind the end of a segment'))
      const checked = checkRun(tail, row, { network, nowMs: context.nowMs, verifier: context.verifier })
      if (!checked.ok) return checked
      if (partial && !sameOverlap(tail, partial, overlap))
        return err(failure('CHAIN_MISMATCH', `log ${logId} goes on otherwise from ${partial.base}`))
      const stored = entries.length
      let advanced = row
      for (const [i, header] of tail.headers.entries()) {
        const { header: bytes, payload } = tail.entries[i] as EntryBytes
        advanced = push(advanced, header, bytes, payload)
      }
      const { chain, signature } = tail
      newestHeads.set(logId, { logId, seq: end - 1, chain, clock: advanced.clock, signature })
      time = Math.max(time, advanced.clock)
      join(advanced)
      const held = run.entries.length - (entries.length - stored)
      return ok({ fresh: entries.length - stored, duplicate: held })
    },

    remember: (key) => void keys.push(key),
    keyOf: (key) => keys.find((row) => row.key === key)?.value ?? null,
    setValue: (name, value) => void values.push({ name, value }),

    finish() {
      for (const logId of ownLogs) newestHeads.set(logId, signHead(rows.get(logId) as LogRow))
      if (entries.length + keys.length + values.length === 0) return null
      const logs = [...rows.values()]
      const allHeads = [...heads, ...newestHeads.values(), ...partials.heads()]
      return {
        batch: {
          ...emptyBatch,
          logs,
          partials: partials.changes,
          entries,
          heads: allHeads,
          dropHeads: [...dropHeads, ...partials.dropHeads],
          keys,
          values,
        },
        changes,
        logs,
        partials: partials.changes,
        time,
      }
    },
  }
}

const segmentOf = (row: LogRow): Segment => ({ start: row.segmentStart, bytes: row.segmentBytes })

/** True where the entries that a run and the part above the gap have in common are the same. */
function sameOverlap(run: DecodedRun, partial: PartialRow, overlap: readonly EntryRow[]): boolean {
  const range = overlapOf({ from: run.from, end: run.from + run.entries.length }, partial)
  if (!range) return true
  const bySeq = new Map(overlap.map(({ seq, header }) => [seq, header]))
  for (let seq = range.from; seq <= range.to; seq++) {
    const stored = bySeq.get(seq)
    if (!stored || !equalBytes(stored, (run.entries[seq - run.from] as EntryBytes).header)) return false
  }
  return true
}
