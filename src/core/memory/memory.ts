/**
 * Memory engine: what this spore holds. It turns own writes and foreign runs into drafts, and, once a draft is durable,
 * folds it into the visible set.
 *
 * Invariants: the state is a fold over the entries in order of arrival and the fork proofs, so replaying the store gives
 * the same state; nothing is visible, acknowledged or offered to a peer before it is durable.
 */
import type { Did, Digest, LogId, SpaceId } from '../base/brand.ts'
import { equalBytes, utf8ToBytes } from '../base/bytes.ts'
import { readWord } from '../base/columns.ts'
import { bytesToDigest, digestToBytes, sha256 } from '../base/hash.ts'
import { createRangeSet, type RangeSet } from '../base/ranges.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import { bytesToLogId, decodeHeader, viewHeader } from '../protocol/entry.ts'
import { KINDS } from '../protocol/kinds.ts'
import { DAMAGED_PAYLOADS_MAX } from '../protocol/limits.ts'
import { genesisOf, type LogDescriptor, logIdOf } from '../protocol/log.ts'
import { decodeRetract, isMemory } from '../protocol/payloads.ts'
import { type Change, rowToChange } from './change.ts'
import { deadRanges } from './checkpoint.ts'
import { createCuts, type MemberRules, noRules } from './cuts.ts'
import { createDraft, type Draft, type DraftResult } from './draft.ts'
import { decodeForkProof } from './fork.ts'
import { createLogTable, type LogState, type LogTable } from './log-table.ts'
import { createOrSet, type DotRef, type Transition } from './or-set.ts'
import type { EntryRow, ForkRow, LogRow, PartialRow, StoreBatch } from './store.ts'

/** What a fold step did: the change, and the memories whose visible dots are now others. */
export interface Applied {
  readonly change: Change
  readonly touched: readonly Digest[]
}

/** What a fork proof did: where the log is now cut, and the memories whose visible dots are now others. */
export interface AppliedFork {
  readonly logId: LogId
  readonly space: SpaceId
  readonly touched: readonly Digest[]
}

export interface Memory {
  /** The author whose key signs here. */
  readonly self: Did
  readonly logs: LogTable
  /** What is held of logs above a gap (`partial.ts`). */
  readonly partials: ReadonlyMap<LogId, PartialRow>
  /** Starts a draft on top of the committed state. */
  draft(nowMs: number): Draft
  /** Folds a durable draft in. */
  apply(result: DraftResult): Applied[]
  /** Loads logs and proofs before the entries are replayed. */
  load(logs: readonly LogRow[], forks: readonly ForkRow[], partials?: readonly PartialRow[]): void
  /**
   * Replays one stored entry. Its change, for whoever keeps more than the set; null for a memory, which is read from the
   * store when it is wanted, and for an entry that is damaged, which is counted.
   */
  replay(row: EntryRow): Change | null
  /** Folds a durable proof in. */
  applyFork(fork: ForkRow): AppliedFork
  forkPoint(logId: LogId): number
  /** The first entry of a log that does not count; Infinity where all do. */
  validPoint(logId: LogId): number
  /** Applies what replayed entries said of the members of spaces; after the last of them. */
  settleMembers(): void

  /** Takes in which payloads are purged here: their elements are not visible, whoever carries them. */
  deny(changes: StoreBatch['denied']): void
  isDenied(element: Digest): boolean
  /** The same for one entry, visible or not: a fork may undo what had removed it. */
  dropPurged(dot: DotRef): void
  /** Number of purged payloads. */
  readonly denied: number

  /** Entries whose payload came absent or was forgotten for a checkpoint that holds no more, by log; purged ones among them. */
  readonly absent: ReadonlyMap<LogId, RangeSet>
  /** The payload of an entry that the set knows is gone: it is not visible until it is restored. */
  hideAbsent(dot: DotRef): void
  /** Folds in entries whose payload is there again; the memories among them. */
  restore(changes: readonly Change[]): readonly Digest[]

  /** Visible memories. */
  readonly memories: number
  readonly entries: number
  readonly damaged: number
  /** Stored entries whose payload is not the one that their header names, by log and sequence number, at most `DAMAGED_PAYLOADS_MAX`. */
  readonly damagedPayloads: ReadonlyMap<string, DamagedPayload>
  /** Counts commits that changed payloads of stored entries. */
  readonly payloadVersion: number
  /** Entries in the gaps of logs that are fetched newest first. */
  readonly missing: number
  /** The last arrival number given: the position of the change feed. */
  readonly arrival: number
  /** Valid dots of a visible memory, oldest known first; empty where it is not visible. */
  dotsOf(memory: Digest): readonly DotRef[]
  /** The number of them. */
  dotCountOf(memory: Digest): number
  /** True where this dot is one of those that make its element visible. */
  isVisibleDot(dot: DotRef): boolean
  /** The same for an element of any kind. */
  dotsOfKind(kind: number, element: Digest): readonly DotRef[]
  /** Id of the own log of a space. */
  ownLog(space: SpaceId): LogDescriptor
  /** Own visible dots of an element of a kind. */
  ownDots(kind: number, element: Digest): readonly DotRef[]
}

/** An entry whose payload is to be brought back. */
export interface DamagedPayload extends DotRef {
  /** What its header names. */
  readonly element: Digest
}

export interface MemoryOptions {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly network: string
  /** Epoch of the own logs, and a new one: 8 random bytes. */
  readonly epoch: Uint8Array
  readonly drawEpoch: () => Uint8Array
  /** Who may write where; everybody everywhere unless given. */
  readonly rules?: MemberRules
}

export function createMemory(options: MemoryOptions): Memory {
  const { signer, verifier, network, drawEpoch } = options
  const logs = createLogTable()
  const partials = new Map<LogId, PartialRow>()
  // A signature is a secret that nobody else can make and that this spore makes again at every start.
  const secret = readWord(sha256(signer.sign(utf8ToBytes(SECRET_DOMAIN))), 0)
  const set = createOrSet({ secret })
  const cuts = createCuts({ logs, set, rules: options.rules ?? noRules })
  const denied = new Set<Digest>()
  const absent = new Map<LogId, RangeSet>()
  /** Who removed what was hidden, by log and place of its dot. */
  const hidden = new Map<string, LogId>()
  let hidings = 0
  let { epoch } = options
  let time = 0
  let arrival = 0
  let memories = 0
  let entries = 0
  let damaged = 0
  let payloadVersion = 0
  const damagedPayloads = new Map<string, DamagedPayload>()

  const note = (position: number, clock: number): void => {
    arrival = Math.max(arrival, position)
    time = Math.max(time, clock)
    entries++
  }

  const fold = (change: Change): Applied => {
    note(change.arrival, change.clock)
    return { change, touched: foldSet(change) }
  }

  const noteAbsent = ({ logId, seq }: DotRef): void => {
    const ofLog = absent.get(logId) ?? createRangeSet()
    absent.set(logId, ofLog)
    ofLog.add(seq, seq)
  }

  const foldSet = (change: Change): Digest[] => {
    if (change.payload === null) noteAbsent(change)
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
    if (header?.kind !== KINDS.memory || !payload || !logs.get(row.logId)) return false
    if (header.seq !== row.seq || bytesToLogId(header.logId) !== row.logId) return false
    if (!equalBytes(sha256(payload), header.payload)) return false
    note(row.arrival, header.clock)
    const isDenied = denied.size > 0 && denied.has(bytesToDigest(header.payload))
    if (!isDenied && isMemory(payload)) count(set.add(header.kind, header.payload, row))
    return true
  }

  /** What can be brought back: its header, which the chain covers, says what it was. */
  const noteDamagedPayload = ({ logId, seq, header }: EntryRow): void => {
    const decoded = decodeHeader(header)
    if (!decoded.ok || decoded.value.logId !== logId || decoded.value.seq !== seq) return
    if (damagedPayloads.size < DAMAGED_PAYLOADS_MAX)
      damagedPayloads.set(dotKey({ logId, seq }), { logId, seq, element: decoded.value.payload })
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
        signer,
        verifier,
        network,
        epoch,
        drawEpoch,
        nowMs,
        time,
        arrival,
      }),
    absent,
    hideAbsent(dot) {
      noteAbsent(dot)
      // A log of its own for each: cutting it undoes this one removal.
      const by = { logId: `absent/${hidings++}` as LogId, seq: 0 }
      hidden.set(`${dot.logId} ${dot.seq}`, by.logId)
      settle([set.remove(dot, by)])
    },
    restore(changes) {
      return changes.flatMap((change) => {
        const { logId, seq } = change
        absent.get(logId)?.remove(seq, seq)
        const by = hidden.get(`${logId} ${seq}`)
        hidden.delete(`${logId} ${seq}`)
        if (by !== undefined) settle(set.cut(by, 0))
        if (change.kind !== KINDS.memory) return [...foldSet(change), ...settle(cuts.settle())]
        addDot(change)
        return [change.element]
      })
    },
    deny,
    dropPurged: (dot) => void settle([set.remove(dot, PURGE)]),
    isDenied: (element) => denied.has(element),
    get denied() {
      return denied.size
    },
    apply(result) {
      const fresh = result.logs.filter(({ logId }) => !logs.get(logId))
      for (const row of result.logs) logs.set(row)
      for (const { logId } of fresh) cuts.meet(logId)
      for (const { logId, partial } of result.batch.partials) {
        if (partial) partials.set(logId, partial)
        else partials.delete(logId)
      }
      time = Math.max(time, result.time)
      epoch = result.batch.epoch ?? epoch
      if (result.batch.payloads.length > 0) payloadVersion++
      for (const change of result.changes) if (damagedPayloads.delete(dotKey(change))) damaged--
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
        logs.set(row)
        time = Math.max(time, row.clock)
      }
      for (const fork of forkRows) {
        logs.setFork(fork, baseOf(fork))
        set.cut(fork.logId, fork.seq)
      }
    },
    replay(row) {
      if (replayMemory(row)) return null
      const log = logs.get(row.logId)
      const change = log && rowToChange(row, log)
      if (change) {
        fold(change)
        return change.kind === KINDS.memory ? null : change
      }
      arrival = Math.max(arrival, row.arrival)
      damaged++
      noteDamagedPayload(row)
      return null
    },
    applyFork(fork) {
      const { logId, seq } = fork
      const { space } = (logs.get(logId) as LogState).row
      if (seq >= logs.forkPoint(logId)) return { logId, space, touched: [] }
      logs.setFork(fork, baseOf(fork))
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
    damagedPayloads,
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

/** What the key signs for the secret of the set: no message of the protocol has this form. */
const SECRET_DOMAIN = 'spore/set/secret/1'
const dotKey = ({ logId, seq }: DotRef): string => `${logId} ${seq}`
/** Who removes what is purged: no log has this id, so no fork undoes it. */
const PURGE: DotRef = { logId: 'purge' as LogId, seq: 0 }
