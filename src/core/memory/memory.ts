/**
 * Memory engine: what this spore holds. It turns own writes and foreign runs into drafts, and, once a draft is durable,
 * folds it into the visible set.
 *
 * Invariants: the state is a fold over the entries in order of arrival and the fork proofs, so replaying the store gives
 * the same state; nothing is visible, acknowledged or offered to a peer before it is durable.
 */
import type { Did, Digest, LogId, SpaceId } from '../base/brand.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import { KINDS } from '../protocol/kinds.ts'
import { genesisOf, type LogDescriptor, logIdOf } from '../protocol/log.ts'
import { decodeMemory, decodeRetract } from '../protocol/payloads.ts'
import { type Change, rowToChange } from './change.ts'
import { deadRanges } from './checkpoint.ts'
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
  /** Replays one stored entry; null where it is damaged, which is counted. */
  replay(row: EntryRow): Applied | null
  /** Folds a durable proof in. */
  applyFork(fork: ForkRow): AppliedFork
  forkPoint(logId: LogId): number

  /** Takes in which payloads are purged here: their elements are not visible, whoever carries them. */
  deny(changes: StoreBatch['denied']): void
  isDenied(element: Digest): boolean
  /** Number of purged payloads. */
  readonly denied: number

  /** Visible memories. */
  readonly memories: number
  readonly entries: number
  readonly damaged: number
  /** Entries in the gaps of logs that are fetched newest first. */
  readonly missing: number
  /** The last arrival number given: the position of the change feed. */
  readonly arrival: number
  /** Valid dots of a visible memory, oldest known first; empty where it is not visible. */
  dotsOf(memory: Digest): readonly DotRef[]
  /** True where this dot is one of those that make its memory visible. */
  isVisibleDot(dot: DotRef): boolean
  /** The same for an element of any kind. */
  dotsOfKind(kind: number, element: Digest): readonly DotRef[]
  /** Id of the own log of a space. */
  ownLog(space: SpaceId): LogDescriptor
  /** Own visible dots of an element of a kind. */
  ownDots(kind: number, element: Digest): readonly DotRef[]
}

export interface MemoryOptions {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly network: string
  /** Epoch of the own logs, and a new one: 8 random bytes. */
  readonly epoch: Uint8Array
  readonly drawEpoch: () => Uint8Array
}

export function createMemory(options: MemoryOptions): Memory {
  const { signer, verifier, network, drawEpoch } = options
  const logs = createLogTable()
  const partials = new Map<LogId, PartialRow>()
  const set = createOrSet<string>()
  const denied = new Set<Digest>()
  let { epoch } = options
  let time = 0
  let arrival = 0
  let memories = 0
  let entries = 0
  let damaged = 0

  const fold = (change: Change): Applied => {
    arrival = Math.max(arrival, change.arrival)
    time = Math.max(time, change.clock)
    entries++
    return { change, touched: foldSet(change) }
  }

  const foldSet = (change: Change): Digest[] => {
    if (change.kind === KINDS.retract) return removeDots(change)
    if (change.kind === KINDS.checkpoint) return removeRanges(change)
    return addDot(change)
  }

  const addDot = (change: Change): Digest[] => {
    if (denied.has(change.element)) return []
    const isRecallable =
      change.kind !== KINDS.memory || (change.payload !== null && decodeMemory(change.payload) !== null)
    return isRecallable ? settle([set.add(elementKey(change.kind, change.element), change)]) : []
  }

  const deny = (changes: StoreBatch['denied']): void => {
    for (const { digest, isDenied } of changes) {
      if (isDenied) denied.add(digest)
      else denied.delete(digest)
      if (isDenied) settle(set.dots(MEMORY_KEY + digest).map((dot) => set.remove(dot, PURGE)))
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

  /** Counts what appeared and vanished; the memories among what changed. */
  const settle = (transitions: readonly (Transition<string> | null)[]): Digest[] => {
    const touched = new Set<Digest>()
    for (const transition of transitions) {
      if (!transition?.element.startsWith(MEMORY_KEY)) continue
      memories += Number(transition.isVisible) - Number(transition.wasVisible)
      touched.add(transition.element.slice(MEMORY_KEY.length) as Digest)
    }
    return [...touched]
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
    deny,
    isDenied: (element) => denied.has(element),
    get denied() {
      return denied.size
    },
    apply(result) {
      for (const row of result.logs) logs.set(row)
      for (const { logId, partial } of result.partials) {
        if (partial) partials.set(logId, partial)
        else partials.delete(logId)
      }
      time = Math.max(time, result.time)
      epoch = result.epoch ?? epoch
      return result.changes.map(fold)
    },
    load(rows, forkRows, partialRows = []) {
      for (const partial of partialRows) {
        partials.set(partial.logId, partial)
        time = Math.max(time, partial.clock)
      }
      for (const row of rows) {
        logs.set(row)
        time = Math.max(time, row.clock)
      }
      for (const fork of forkRows) {
        logs.setFork(fork, baseOf(fork))
        set.cut(fork.logId, fork.seq)
      }
    },
    replay(row) {
      const log = logs.get(row.logId)
      const change = log && rowToChange(row, log)
      if (change) return fold(change)
      arrival = Math.max(arrival, row.arrival)
      damaged++
      return null
    },
    applyFork(fork) {
      const { logId, seq } = fork
      const { space } = (logs.get(logId) as LogState).row
      if (seq >= logs.forkPoint(logId)) return { logId, space, touched: [] }
      logs.setFork(fork, baseOf(fork))
      return { logId, space, touched: settle(set.cut(logId, seq)) }
    },
    forkPoint: logs.forkPoint,
    get memories() {
      return memories
    },
    get entries() {
      return entries
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
    dotsOf: (memory) => set.dots(MEMORY_KEY + memory),
    isVisibleDot: set.isVisibleDot,
    dotsOfKind: (kind, element) => set.dots(elementKey(kind, element)),
    ownLog: (space) => ({ publicKey: signer.publicKey, space, epoch }),
    ownDots(kind, element) {
      const isOwn = ({ logId }: DotRef) => (logs.get(logId) as LogState).author === signer.did
      return set.dots(elementKey(kind, element)).filter(isOwn)
    },
  }
}

/** Chain value before the fork point, by the proof: it was verified before it was stored. */
function baseOf({ logId, proof }: ForkRow): Uint8Array {
  return decodeForkProof(proof)?.base ?? genesisOf(logId)
}

const elementKey = (kind: number, element: Digest): string => `${kind}:${element}`
/** Who removes what is purged: no log has this id, so no fork undoes it. */
const PURGE: DotRef = { logId: 'purge' as LogId, seq: 0 }
const MEMORY_KEY = `${KINDS.memory}:`
