/**
 * Memory engine: what this spore holds. It turns own writes and foreign runs into drafts, and, once a draft is durable,
 * folds it into the visible set.
 *
 * Invariants: the state is a fold over the entries in order of arrival and the fork proofs, so replaying the store gives
 * the same state; nothing is visible, acknowledged or offered to a peer before it is durable.
 */
import type { Digest, LogId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { bytesToDigest, digestToBytes, sha256 } from '../base/hash.ts'
import { silentLog } from '../base/ports.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import { bytesToLogId, viewHeader } from '../protocol/entry.ts'
import { KINDS } from '../protocol/kinds.ts'
import { genesisOf, logIdOf } from '../protocol/log.ts'
import { decodeRetract, isMemory } from '../protocol/payloads.ts'
import { quotaBytesOf } from '../protocol/run.ts'
import { createAbsence } from './absence.ts'
import { type Change, rowToChange } from './change.ts'
import { deadRanges } from './checkpoint.ts'
import { createCuts, type MemberRules, noRules } from './cuts.ts'
import { createDamagedPayloads } from './damaged-payloads.ts'
import { createDraft } from './draft.ts'
import { decodeForkProof } from './fork.ts'
import { createLogTable, type LogState } from './log-table.ts'
import type { Applied, Memory } from './memory-contract.ts'
import { createOrSet, type DotRef, type Transition } from './or-set.ts'
import { createQuarantine, type Quarantine } from './quarantine.ts'
import { defaultQuota, type Quota, type QuotaDeps } from './quota.ts'
import type { EntryRow, ForkRow, LogRow, PartialRow, StoreBatch } from './store.ts'
import { tableSecret } from './table-secret.ts'
import { createUsage } from './usage.ts'

export type { Applied, AppliedFork, Memory } from './memory-contract.ts'

export interface MemoryOptions {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly network: string
  /** Epoch of the own logs, and a new one: 8 random bytes. */
  readonly epoch: Uint8Array
  readonly drawEpoch: () => Uint8Array
  /** Who may write where; everybody everywhere unless given. */
  readonly rules?: MemberRules
  /** What is kept of others; the defaults unless given, with every space open to strangers. */
  readonly quota?: (deps: Pick<QuotaDeps, 'usage' | 'logs' | 'self'>) => Quota
  /** Where entries that break a handler are set aside; one of its own unless given. */
  readonly quarantine?: Quarantine
}

export function createMemory(options: MemoryOptions): Memory {
  const { signer, verifier, network, drawEpoch } = options
  const logs = createLogTable()
  const partials = new Map<LogId, PartialRow>()
  const set = createOrSet({ secret: tableSecret(signer) })
  const cuts = createCuts({ logs, set, rules: options.rules ?? noRules })
  const denied = new Set<Digest>()
  const absence = createAbsence(set)
  let { epoch } = options
  let time = 0
  let arrival = 0
  let memories = 0
  let entries = 0
  let damaged = 0
  let payloadVersion = 0
  const damagedPayloads = createDamagedPayloads()
  const usage = createUsage()
  const ofQuota = { usage, logs, self: signer.did }
  const quota = options.quota?.(ofQuota) ?? defaultQuota(ofQuota)
  const quarantine = options.quarantine ?? createQuarantine({ version: '', log: silentLog })

  const note = (row: Stored, kind: number, clock: number, log: LogState): void => {
    arrival = Math.max(arrival, row.arrival)
    time = Math.max(time, clock)
    entries++
    usage.add(log, row.header.length + quotaBytesOf(kind, row.payload?.length ?? 0))
  }

  const fold = (change: Change): Applied => {
    note(change, change.kind, change.clock, logs.get(change.logId) as LogState)
    return { change, touched: quarantine.guard('fold', change, [], () => foldSet(change)) }
  }

  const foldSet = (change: Change): Digest[] => {
    if (change.payload === null) absence.note(change)
    if (change.kind === KINDS.retract) return removeDots(change)
    if (change.kind === KINDS.checkpoint) return removeRanges(change)
    cuts.follow(change)
    return addDot(change)
  }

  const addDot = (change: Change): Digest[] => {
    const { kind, payload, element } = change
    if (denied.has(element)) return []
    if (kind !== KINDS.memory) {
      set.add(kind, digestToBytes(element), change)
      return []
    }
    const isTouched =
      payload !== null && isMemory(payload) && count(set.add(kind, digestToBytes(element), change))
    return isTouched ? [element] : []
  }

  const deny = (changes: StoreBatch['denied']): void => {
    for (const { digest, isDenied } of changes) {
      if (isDenied) denied.add(digest)
      else denied.delete(digest)
      const dots = isDenied ? set.dots(KINDS.memory, digestToBytes(digest)) : []
      settle(dots.map((dot) => set.remove(dot, PURGE)))
    }
  }

  const removeDots = (change: Change): Digest[] => {
    const retract = change.payload && decodeRetract(change.payload)
    const log = logs.get(change.logId)
    if (!retract || !log) return []
    const { publicKey, space } = log.row
    return settle(
      retract.dots.flatMap(({ epoch, seqs }) => {
        // The log that is meant belongs to the retraction's own author and space: nobody else's can be named.
        const logId = logIdOf({ publicKey, space, epoch })
        return seqs.map((seq) => set.remove({ logId, seq }, change))
      }),
    )
  }

  const removeRanges = (change: Change): Digest[] => {
    const log = logs.get(change.logId)
    if (!log) return []
    return settle(
      deadRanges(change, log.row).flatMap(({ logId, ranges }) =>
        ranges.flatMap(([from, to]) => set.removeRange(logId, from, to, change)),
      ),
    )
  }

  /** The memories among what changed. */
  const settle = (transitions: readonly (Transition | null)[]): Digest[] => {
    const touched = new Set<number>()
    for (const transition of transitions) if (count(transition)) touched.add(transition.element)
    return [...touched].map((element) => set.element(element).digest)
  }

  /** Counts what appeared or vanished; whether it is a memory. */
  const count = (transition: Transition | null): transition is Transition => {
    if (!transition || set.kindOf(transition.element) !== KINDS.memory) return false
    memories += Number(transition.isVisible) - Number(transition.wasVisible)
    return true
  }

  /** Replays the usual entry, a sound memory, without making anything of it; false for any other. */
  const replayMemory = (row: EntryRow): boolean => {
    const header = viewHeader(row.header)
    const { payload } = row
    const log = logs.get(row.logId)
    if (header?.kind !== KINDS.memory || !payload || !log) return false
    if (header.seq !== row.seq || bytesToLogId(header.logId) !== row.logId) return false
    if (!equalBytes(sha256(payload), header.payload)) return false
    note(row, header.kind, header.clock, log)
    quarantine.guard('fold', row, undefined, () => {
      const isDenied = denied.size > 0 && denied.has(bytesToDigest(header.payload))
      if (!isDenied && isMemory(payload)) count(set.add(header.kind, header.payload, row))
    })
    return true
  }

  const replayRow = (row: EntryRow): Change | null => {
    if (replayMemory(row)) return null
    const log = logs.get(row.logId)
    const change = log && rowToChange(row, log)
    if (change) {
      fold(change)
      return change.kind === KINDS.memory ? null : change
    }
    damaged++
    damagedPayloads.note(row)
    return null
  }

  const know = (row: LogRow): void => {
    logs.set(row)
    usage.open(logs.get(row.logId) as LogState)
  }

  const countFork = ({ logId, proof }: ForkRow): void => {
    const log = logs.get(logId)
    if (log) usage.fork(log, proof.length, log.row.next > 0)
  }

  return {
    self: signer.did,
    logs,
    partials,
    draft: (nowMs) =>
      createDraft({
        logs,
        partials,
        forkPoint: logs.forkPoint,
        validPoint: logs.validPoint,
        isDenied: (element) => denied.has(element),
        admission: quota.admission(),
        signer,
        verifier,
        network,
        epoch,
        drawEpoch,
        nowMs,
        time,
        arrival,
      }),
    absent: absence.byLog,
    hideAbsent: (dot) => void settle([absence.hide(dot)]),
    restore(changes) {
      return changes.flatMap((change) => {
        settle(absence.end(change))
        usage.add(logs.get(change.logId) as LogState, change.payload?.length ?? 0)
        if (change.kind !== KINDS.memory) return [...foldSet(change), ...settle(cuts.settle())]
        addDot(change)
        return [change.element]
      })
    },
    usage,
    quota,
    quarantine,
    forget(forgotten) {
      for (const { logId, bytes, evicted } of forgotten) {
        const log = logs.get(logId)
        if (log && evicted) usage.evict(log, bytes)
        else if (log) usage.add(log, -bytes)
      }
      const hiding = forgotten.filter(({ evicted }) => evicted)
      return settle(hiding.map((dot) => set.remove(dot, EVICTED)))
    },
    deny,
    dropPurged: (dot) => void settle([set.remove(dot, PURGE)]),
    isDenied: (element) => denied.has(element),
    get denied() {
      return denied.size
    },
    apply(result) {
      const fresh = result.logs.filter(({ logId }) => !logs.get(logId))
      for (const row of result.logs) know(row)
      for (const { logId } of fresh) cuts.meet(logId)
      for (const { logId, partial } of result.batch.partials) {
        if (partial) partials.set(logId, partial)
        else partials.delete(logId)
      }
      time = Math.max(time, result.time)
      epoch = result.batch.epoch ?? epoch
      if (result.batch.payloads.length > 0) payloadVersion++
      for (const change of result.changes) if (damagedPayloads.mend(change)) damaged--
      const applied = result.changes.map(fold)
      const recut = settle(cuts.settle())
      const last = applied.findLast(({ change }) => change.kind === KINDS.member)
      return recut.length === 0 || !last
        ? applied
        : applied.map((one) => (one === last ? { ...one, touched: [...one.touched, ...recut] } : one))
    },
    load(rows, forkRows, partialRows = []) {
      for (const partial of partialRows) {
        partials.set(partial.logId, partial)
        time = Math.max(time, partial.clock)
      }
      for (const row of [...rows].sort((a, b) => a.arrival - b.arrival)) {
        know(row)
        time = Math.max(time, row.clock)
      }
      for (const fork of forkRows) {
        logs.setFork(fork, baseOf(fork))
        countFork(fork)
        set.cut(fork.logId, fork.seq)
      }
    },
    replay(row) {
      arrival = Math.max(arrival, row.arrival)
      return quarantine.guard('decode', row, null, () => replayRow(row))
    },
    applyFork(fork) {
      const { logId, seq } = fork
      const { space } = (logs.get(logId) as LogState).row
      if (seq >= logs.forkPoint(logId)) return { logId, space, touched: [] }
      logs.setFork(fork, baseOf(fork))
      countFork(fork)
      cuts.touch(space)
      return { logId, space, touched: settle([...set.cut(logId, seq), ...cuts.settle()]) }
    },
    forkPoint: logs.forkPoint,
    validPoint: logs.validPoint,
    settleMembers() {
      for (const { row } of logs.values()) cuts.touch(row.space)
      settle(cuts.settle())
    },
    get memories() {
      return memories
    },
    get entries() {
      return entries
    },
    damagedPayloads: damagedPayloads.all,
    get payloadVersion() {
      return payloadVersion
    },
    get missing() {
      let sum = 0
      for (const { logId, base } of partials.values()) sum += base - (logs.get(logId)?.row.next ?? 0)
      return sum
    },
    get damaged() {
      return damaged
    },
    get arrival() {
      return arrival
    },
    dotsOf: (memory) => set.dots(KINDS.memory, digestToBytes(memory)),
    carries: (memory, dots) =>
      set.count(KINDS.memory, memory) === dots.length && dots.every(set.isVisibleDot),
    get elements() {
      return set.size
    },
    visibleMemory: (number) => set.visibleDigest(number, KINDS.memory),
    dotCountOf: (memory) => set.count(KINDS.memory, digestToBytes(memory)),
    isVisibleDot: set.isVisibleDot,
    dotsOfKind: (kind, element) => set.dots(kind, digestToBytes(element)),
    ownLog: (space) => ({ publicKey: signer.publicKey, space, epoch }),
    ownDots(kind, element) {
      const isOwn = ({ logId }: DotRef) => (logs.get(logId) as LogState).author === signer.did
      return set.dots(kind, digestToBytes(element)).filter(isOwn)
    },
  }
}

/** Chain value before the fork point, by the proof: it was verified before it was stored. */
function baseOf({ logId, proof }: ForkRow): Uint8Array {
  return decodeForkProof(proof)?.base ?? genesisOf(logId)
}

type Stored = Pick<EntryRow, 'arrival' | 'header' | 'payload'>
/** Who removes what is purged: no log has this id, so no fork undoes it. */
const EVICTED: DotRef = { logId: 'evicted' as LogId, seq: 0 }
const PURGE: DotRef = { logId: 'purge' as LogId, seq: 0 }
