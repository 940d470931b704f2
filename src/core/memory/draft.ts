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
import { KIND_MAX, PAYLOAD_BYTES_MAX, REFERENCES_MAX, SEQ_MAX } from '../protocol/limits.ts'
import { extendChain, extendSegment, headBytes, type LogDescriptor, logIdOf } from '../protocol/log.ts'
import { type DecodedRun, elementOf, entryOf, quotaBytesFrom, referencesOf } from '../protocol/run.ts'
import { type Change, headerToChange } from './change.ts'
import { nextTime } from './clock.ts'
import { derivedValues } from './derived-values.ts'
import type { Appended, NewEntry, Received } from './draft-values.ts'
import { verifyForkProof } from './fork.ts'
import { emptyLogRow, type LogTable } from './log-table.ts'
import {
  createPartialDraft,
  crossesSegment,
  type ReceiveOptions,
  sameOverlap,
  segmentBehind,
  segmentOf,
} from './partial.ts'
import { createPayloadDraft, type Forgotten, type PayloadDraft } from './payload-draft.ts'
import { isPurged } from './purge.ts'
import type { Admission } from './quota.ts'
import { isJudgedFrom, type JudgedRun, judgeRun, refusalAt } from './run-check.ts'
import {
  type EntryRow,
  emptyBatch,
  type ForkRow,
  type HeadRow,
  type KeyRow,
  type LogRow,
  type PartialRow,
  type StoreBatch,
} from './store.ts'

export type { Appended, NewEntry, Received } from './draft-values.ts'

export interface DraftResult {
  readonly batch: StoreBatch
  readonly changes: readonly Change[]
  readonly logs: readonly LogRow[]
  /** Entries whose payload is there again. */
  readonly restored: readonly Change[]
  readonly forgotten: readonly Forgotten[]
  /** The greatest hybrid time written or accepted. */
  readonly time: number
}

export interface Draft extends PayloadDraft {
  /** True where this draft already appends this element to the own log of the space. */
  appends(space: SpaceId, kind: number, element: Digest): boolean
  /** Adds an own entry to the own log of its space. */
  append(entry: NewEntry): Appended
  /**
   * Adds a foreign run that continues what is here, duplicates at its start included; or that stands above a gap, with
   * the chain value that is said to be before it (`partial.ts`). Where the log has moved on since the run was judged, its
   * chain is checked again.
   */
  receive(judged: JudgedRun, options?: ReceiveOptions): Result<Received, Failure>
  /**
   * Verifies and keeps a fork proof; null where it tells nothing new. One of an own log that is written to opens a new epoch:
   * the same key writes elsewhere too, and what it wrote from there on counts nowhere. Failures FORK_PROOF_INVALID, LOGS_FULL.
   */
  takeFork(proof: Uint8Array): Result<ForkRow | null, Failure>
  /** Own entries go to a new epoch from now on. */
  leaveEpoch(): void
  /** Brings back the payload of a stored entry that was damaged, and folds that entry in. */
  repair(change: Change): void
  /** Keeps an idempotency key. */
  remember(key: KeyRow): void
  /** What this draft keeps under a key, or null. */
  keyOf(key: string): string | null
  setValue(name: string, value: Uint8Array | null): void
  /** Signs the heads and closes the draft. Null where nothing was drafted. */
  finish(): DraftResult | null
}

export interface DraftContext {
  readonly logs: LogTable
  /** What is held of logs above a gap. */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  /** Where a log is proven to fork; Infinity where it is not. */
  readonly forkPoint: (logId: LogId) => number
  /** The first entry of a log that does not count. */
  readonly validPoint: (logId: LogId) => number
  /** Whether the payload of this digest is purged: it is stored without its bytes. */
  readonly isDenied: (element: Digest) => boolean
  readonly admission: Admission
  readonly signer: Signer
  readonly verifier: Verifier
  readonly network: string
  /** Epoch of this store's own logs, and a new one. */
  readonly epoch: Uint8Array
  readonly drawEpoch: () => Uint8Array
  readonly nowMs: number
  /** Greatest hybrid time so far, and the last arrival number given. */
  readonly time: number
  readonly arrival: number
}

export function createDraft(context: DraftContext): Draft {
  const { signer, network, admission } = context
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
  const payloads = createPayloadDraft(context.isDenied)
  const appended = new Set<string>()
  const forks = new Map<LogId, ForkRow>()
  /** A new epoch; null where there is none. */
  let epoch: Uint8Array | null = null

  const ownEpoch = (): Uint8Array => epoch ?? context.epoch
  const forkPoint = (logId: LogId): number => forks.get(logId)?.seq ?? context.forkPoint(logId)
  const isKnown = (logId: LogId): boolean => rows.has(logId) || context.logs.get(logId) !== undefined
  const rowOf = (log: LogDescriptor, logId: LogId): LogRow =>
    rows.get(logId) ?? context.logs.get(logId)?.row ?? emptyLogRow(log)

  const push = (row: LogRow, header: Header, bytes: Uint8Array, payload: Uint8Array | null): LogRow => {
    const segment = extendSegment(segmentOf(row), header.seq, bytes.length + header.payloadLength)
    keepOrDropHead(row, segment.start === header.seq)
    arrival++
    const advanced: LogRow = {
      ...row,
      next: header.seq + 1,
      chain: extendChain(row.chain, leafOf(bytes)),
      clock: header.clock,
      segmentStart: segment.start,
      segmentBytes: segment.bytes,
      arrival,
    }
    const entry: EntryRow = { logId: row.logId, seq: header.seq, arrival, header: bytes, payload }
    entries.push(entry)
    changes.push(
      headerToChange(header, entry, { row: advanced, author: context.logs.authorOf(row.publicKey) }),
    )
    rows.set(row.logId, advanced)
    return advanced
  }

  /** Adds the entries of a run from `first` up to `end` (exclusive indices of the run); the arrival number of the last. */
  const addEntries = (log: LogRow, run: DecodedRun, first: number, end: number): number => {
    const author = context.logs.authorOf(log.publicKey)
    for (let i = first; i < end; i++) {
      const element = elementOf(run, i)
      const { header, payload } = entryOf(run, i)
      const kind = run.kinds[i] as number
      const references = referencesOf(run, i)
      const kept = isPurged({ element, kind, references }, payloads.isDenied) ? null : payload
      const entry = { logId: log.logId, seq: run.from + i, arrival: ++arrival, header, payload: kept }
      entries.push(entry)
      changes.push({
        ...entry,
        author,
        space: log.space,
        kind,
        clock: run.clocks[i] as HybridTime,
        element,
        references,
      })
    }
    return arrival
  }

  /**
   * This spore signed more of its own log than it holds: its disk was rolled back, or copied. What was signed is taken as
   * history; to go on behind it here could fork it with what is still to come, so own entries go elsewhere.
   */
  const leaveEpoch = (): void => {
    epoch = context.drawEpoch()
  }

  const partials = createPartialDraft({ ...context, addEntries })

  /** Puts in what is new of a run that lies inside one segment, from its entry `first` on. */
  const pushRun = (row: LogRow, run: DecodedRun, first: number): LogRow => {
    const partial = partials.of(row.logId)
    const segment = segmentBehind(run, first, segmentOf(row))
    keepOrDropHead(row, segment.start === row.next)
    const from = (seq: number): number => Math.min(Math.max(seq - run.from, first), run.count)
    const heldFrom = partial ? from(partial.base) : run.count
    const heldTo = partial ? from(partial.next) : run.count
    const stored = entries.length
    addEntries(row, run, first, heldFrom)
    addEntries(row, run, heldTo, run.count)
    // What is above the gap may have been cut into segments elsewhere.
    for (let i = heldFrom; i < heldTo && i < run.count - 1; i++)
      dropHeads.push({ logId: row.logId, seq: run.from + i })
    const advanced: LogRow = {
      ...row,
      next: run.from + run.count,
      chain: run.chain,
      clock: run.clocks[run.count - 1] as number,
      segmentStart: segment.start,
      segmentBytes: segment.bytes,
      arrival: entries.length > stored ? arrival : Math.max(row.arrival, partial?.arrival ?? 0),
    }
    rows.set(row.logId, advanced)
    return advanced
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

  /** Before the entry `row.next` goes in: the head at `row.next − 1` stays only at the end of a segment. */
  const keepOrDropHead = (row: LogRow, opensSegment: boolean): void => {
    if (row.next === 0) return
    const drafted = newestHeads.get(row.logId)
    newestHeads.delete(row.logId)
    if (drafted) {
      if (opensSegment) heads.push(drafted)
      return
    }
    const isCommitted =
      context.logs.get(row.logId)?.row.next === row.next || context.partials.get(row.logId)?.next === row.next
    if (isCommitted && !opensSegment) dropHeads.push({ logId: row.logId, seq: row.next - 1 })
    if (!isCommitted && opensSegment) heads.push(signHead(row))
  }

  const signHead = (row: LogRow): HeadRow => {
    const head = { logId: row.logId, seq: row.next - 1, chain: row.chain, clock: row.clock }
    return { ...head, signature: signer.sign(headBytes(network, head)) }
  }

  return {
    appends: (space, kind, element) => appended.has(`${space} ${kind} ${element}`),

    append({ space, kind, payload, references }) {
      const log: LogDescriptor = { publicKey: signer.publicKey, space, epoch: ownEpoch() }
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
      push(row, header, encodeHeader(header), payloads.isDenied(element) ? null : payload)
      ownLogs.add(logId)
      appended.add(`${space} ${kind} ${element}`)
      return { logId, seq: header.seq, element }
    },

    receive(judged, { chainBefore = null, overlap = [] } = {}) {
      const { run } = judged
      const { logId } = run
      const row = rowOf(run.log, logId)
      const end = run.from + run.count
      const partial = partials.of(logId)
      const isAbove = run.from > row.next
      if (isAbove && !partial && !chainBefore)
        return err(failure('SEQ_GAP', `the run starts at ${run.from}; expected is ${row.next}`))
      // A run that begins below the fork point brings valid entries, and may have no head to end at before it.
      const point = Math.min(forkPoint(logId), context.validPoint(logId))
      if (point <= row.next && point < end) return err(failure('LOG_FORKED', `at ${point}`))
      if (end <= row.next) return ok({ fresh: 0, duplicate: run.count })
      const isNew = !isKnown(logId) && !partial
      const bytes = quotaBytesFrom(run, Math.max(0, row.next - run.from))
      const isOwn = equalBytes(run.log.publicKey, signer.publicKey) && equalBytes(run.log.epoch, ownEpoch())
      if (isAbove) {
        const unwelcome = admission.refuseRun(run.log, bytes, isNew)
        if (unwelcome) return err(unwelcome)
        const received = partials.receive(judged, row, chainBefore)
        if (!received.ok || received.value.fresh === 0) return received
        rows.set(logId, row)
        admission.take(run.log, bytes, isNew)
        if (isOwn) leaveEpoch()
        time = Math.max(time, run.clocks[run.count - 1] as number)
        return received
      }
      const duplicate = row.next - run.from
      if (crossesSegment(run, duplicate, segmentOf(row)))
        return err(failure('RUN_TOO_LARGE', 'the run goes on behind the end of a segment'))
      const current = isJudgedFrom(judged, row)
        ? judged
        : judgeRun(run, row, context, judged.verdict.isSigned)
      const refused = refusalAt(current, context.nowMs) ?? admission.refuseRun(run.log, bytes, isNew)
      if (refused) return err(refused)
      if (partial && !sameOverlap(run, partial, overlap))
        return err(failure('CHAIN_MISMATCH', `log ${logId} goes on otherwise from ${partial.base}`))
      if (isOwn) leaveEpoch()
      admission.take(run.log, bytes, isNew)
      const stored = entries.length
      const advanced = pushRun(row, run, duplicate)
      const { chain, signature } = run
      newestHeads.set(logId, { logId, seq: end - 1, chain, clock: advanced.clock, signature })
      time = Math.max(time, advanced.clock)
      join(advanced)
      const fresh = entries.length - stored
      return ok({ fresh, duplicate: run.count - fresh })
    },

    takeFork(proof) {
      const verified = verifyForkProof(proof, network, context.verifier)
      if (!verified.ok) return verified
      const { logId } = verified.value
      const { seq, log } = verified.value.proof
      if (seq >= forkPoint(logId)) return ok(null)
      const isNew = !isKnown(logId)
      const isFirst = forkPoint(logId) === Number.POSITIVE_INFINITY
      const unwelcome = isFirst && admission.refuseFork(log, isNew, rowOf(log, logId).next === 0)
      if (unwelcome) return err(unwelcome)
      // A log of which nothing is held stands in the view with its proof.
      if (isNew) rows.set(logId, emptyLogRow(log))
      const fork: ForkRow = { logId, seq, proof }
      forks.set(logId, fork)
      if (equalBytes(log.publicKey, signer.publicKey) && equalBytes(log.epoch, ownEpoch()))
        epoch = context.drawEpoch()
      return ok(fork)
    },

    leaveEpoch,
    forgetPayload: payloads.forgetPayload,
    evictPayload: payloads.evictPayload,
    restorePayload: payloads.restorePayload,
    deny: payloads.deny,
    repair(change) {
      payloads.bringBack(change)
      changes.push(change)
    },
    remember: (key) => void keys.push(key),
    keyOf: (key) => keys.find((row) => row.key === key)?.value ?? null,
    setValue: (name, value) => void values.push({ name, value }),

    finish() {
      for (const logId of ownLogs) newestHeads.set(logId, signHead(rows.get(logId) as LogRow))
      const size = rows.size + keys.length + values.length + forks.size
      if (size === 0 && payloads.isEmpty && !epoch) return null
      const logs = [...rows.values()]
      const proven = [...forks.values()]
      const changed = payloads.finish()
      const allHeads = [...heads, ...newestHeads.values(), ...partials.heads()]
      return {
        batch: {
          ...emptyBatch,
          logs,
          partials: partials.changes,
          entries,
          heads: allHeads,
          dropHeads: [...dropHeads, ...partials.dropHeads],
          forks: proven,
          keys,
          values: [...values, ...derivedValues({ ...changed, forks: proven })],
          ...changed,
          epoch,
        },
        changes,
        logs,
        restored: payloads.restored,
        forgotten: payloads.forgotten,
        time,
      }
    },
  }
}
