/** What gossip needs of the memory: runs out of the store, and foreign runs into it. */

import { createBoundedMap } from '../base/bounded.ts'
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Received } from '../memory/draft.ts'
import { validEnd } from '../memory/equivocation.ts'
import { decodeForkProof } from '../memory/fork.ts'
import { chainBefore } from '../memory/held-chain.ts'
import { emptyLogRow } from '../memory/log-table.ts'
import type { Memory } from '../memory/memory.ts'
import { overlapOf } from '../memory/partial.ts'
import { type LogPosition, positionBehind } from '../memory/run-check.ts'
import type { FrameContent, PositionOf, RunVerifier, VerifiedFrames } from '../memory/run-verifier.ts'
import { refusedSpace, type Spaces, type View } from '../memory/spaces.ts'
import type { LogRow, MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { encodeFrame, splitFrames } from '../protocol/frame.ts'
import { SEGMENT_BYTES_MAX } from '../protocol/limits.ts'
import { type LogDescriptor, logIdOf } from '../protocol/log.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import { encodeRun, quotaBytesFrom } from '../protocol/run.ts'
import { viewStamp } from '../protocol/view-stamp.ts'
import type { Declined } from './declined.ts'
import type { Forks } from './forks.ts'
import { createOwnLogs, type OwnLogs } from './own-news.ts'
import type { Unwanted } from './unwanted.ts'

export interface ReceivedRun {
  readonly logId: LogId
  /** Behind the last entry of the run; null for a fork proof. */
  readonly end: number | null
  readonly result: Result<Received, Failure>
}

export interface ReplicaFrame {
  readonly frame: Uint8Array
  /** Where what it brings of the log ends. */
  readonly end: number
  /** Of the proof in this frame. */
  readonly forkPoint?: number
}
/** The chain value said to stand before the entry `from` of a log; null where none is. */
export type ChainBefore = (logId: LogId, from: number) => Uint8Array | null

/** The replica as one peer meets it: a log that this peer may not see is as if it were not held. */
export interface ReplicaView {
  /** What it is a view of. */
  readonly view: View
  sees(space: SpaceId): boolean
  /** True for a log that is held here and not to be seen: what is kept of it by its id must not show. */
  isHidden(logId: LogId): boolean
  /**
   * Frames of a log from `from` to the first head at or behind `to`; of forked ones the proof first, and then, as of those that
   * were cut, only runs that begin below the valid point.
   */
  frames(logId: LogId, from: number, to: number | null): AsyncGenerator<ReplicaFrame>
  /**
   * Verifies and stores the runs and fork proofs of frames, while they arrive; the result of each, in their order, once it is
   * durable. Ends behind the first frame that is not whole. What came before a stream of them broke off is stored, then the
   * failure is the last result. A run may begin above a gap where `chainBefore` says which chain value stands before it. What
   * the peer may not bring, or its author not write, is refused with SPACE_REFUSED before anything is said of it.
   */
  receive(
    frames: Uint8Array | AsyncIterable<Uint8Array>,
    chainBefore?: ChainBefore,
  ): AsyncGenerator<Result<ReceivedRun, Failure>>
  /** The gap of a log that is fetched newest first: from the next entry of the lower part up to the upper part's first. Null without one. */
  gap(logId: LogId): { readonly from: number; readonly to: number } | null
  /** Where a log is proven to fork; Infinity where it is not. */
  forkPoint(logId: LogId): number
  /** The first entry of a log that does not count; Infinity where all do. */
  validPoint(logId: LogId): number
  /** Sequence number expected next of a log. */
  next(logId: LogId): number
  /** Where the valid part that is held of a log ends: what is offered of it, but for the rest of the run in which that ends. */
  validEnd(logId: LogId): number
  /** How a log stands in the view; null for one that is not in it. */
  row(logId: LogId): HeadsRow | null
  /** Whether a peer with this row has entries that are valid as far as is known, or a lower fork point, that are wanted and not here. */
  lacks(row: HeadsRow): boolean
  /** True for a log of which nothing is taken: its author is refused, or a quota is full. */
  isUnwanted(logId: LogId): boolean
  /** Chain value before an entry, null where not everything before it is held. */
  chainBefore(logId: LogId, seq: number): Promise<Uint8Array | null>
  logIds(): LogId[]
  /** What names the view to others. */
  stamp(): string
}

export interface Replica {
  /** Everything that replicates. */
  readonly whole: ReplicaView
  /** True for the logs that own entries go to. */
  isOwn(logId: LogId): boolean
  readonly ownLogs: OwnLogs
  /** What a peer may see; null for one that nobody knows. */
  seenBy(peer: Did | null): ReplicaView
}

export interface ReplicaDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly compression: Compression
  readonly forks: Forks
  readonly runVerifier: RunVerifier
  readonly declined: Declined
  readonly unwanted: Unwanted
}

/** Views that are kept at hand: a spore has at most `PEERS_MAX` peers and as many streams; others have theirs made again. */
const VIEWS_KEPT_MAX = 1024

/** Bytes of frames of a stream that are taken together: about what one answer of the verifier reads. */
const STREAM_BATCH_BYTES = SEGMENT_BYTES_MAX / 2

export function createReplica(deps: ReplicaDeps): Replica {
  const { memory, spaces } = deps
  const views = createBoundedMap<Did | null, ReplicaView>(VIEWS_KEPT_MAX)
  const ownLogs = createOwnLogs(spaces, memory)
  return {
    whole: createReplicaView(() => spaces.whole, deps),
    isOwn: (logId) => ownLogs().has(logId),
    ownLogs,
    seenBy(peer) {
      const known = views.get(peer)
      if (known) return known
      const seen = createReplicaView(() => spaces.viewFor(peer), deps)
      views.set(peer, seen)
      return seen
    },
  }
}

/** `viewNow` is asked each time: who was removed while something is read or sent gets no more of it. */
function createReplicaView(viewNow: () => View, deps: ReplicaDeps): ReplicaView {
  const { memory, store, writer, spaces, compression, runVerifier, forks, unwanted, declined } = deps
  const { logs } = memory

  const sees = (space: SpaceId): boolean => viewNow().sees(space)
  /** The row of a log that may be seen. */
  const rowOf = (logId: LogId): LogRow | undefined => {
    const row = logs.get(logId)?.row
    return row && sees(row.space) && !logs.isWithheld(logId) ? row : undefined
  }

  const isUnwanted = (logId: LogId): boolean => unwanted.has(logId) || declined.refusal(logId) !== null

  /** Stores what frames were found to hold; all of one call share commits. */
  const storeContents = (
    contents: VerifiedFrames['contents'],
    chainBefore: ChainBefore,
  ): Promise<Result<ReceivedRun, Failure>[]> =>
    Promise.all(contents.map((content) => (content.ok ? storeContent(content.value, chainBefore) : content)))

  const storeContent = async (
    content: FrameContent,
    chainBefore: ChainBefore,
  ): Promise<Result<ReceivedRun, Failure>> => {
    if ('proof' in content) return storeProof(content.proof)
    const { run } = content.run
    const { logId, log, from, count } = run
    if (!sees(log.space) || !spaces.admits(log, from))
      return ok({ logId, end: from + count, result: refusedSpace })
    const unwelcome = unwanted.refuse(log, logId) ?? declined.refusal(logId)
    if (unwelcome) return ok({ logId, end: from + count, result: err(unwelcome) })
    const partial = memory.partials.get(logId)
    const common = partial && overlapOf({ from, end: from + count }, partial)
    const options = {
      chainBefore: chainBefore(logId, from),
      ...(common && { overlap: await store.entriesOf(logId, common.from, common.to) }),
    }
    const written = await writer.writeForeign(quotaBytesFrom(run, 0), (draft) =>
      draft.receive(content.run, options),
    )
    if (!written.ok) return written
    if (written.value.ok && written.value.value.fresh > 0) declined.forget(logId)
    else if (!written.value.ok && content.run.verdict.isSigned) declined.note(logId, written.value.error)
    const result = await forks.explain(run, written.value)
    if (memory.validPoint(logId) < Number.POSITIVE_INFINITY) await forks.settle(logId)
    return ok({ logId, end: from + count, result })
  }

  const storeProof = async (proof: Uint8Array): Promise<Result<ReceivedRun, Failure>> => {
    const refused = unwanted.refuseProof(proof)
    if (refused) return ok({ logId: refused.logId, end: null, result: err(refused.refused) })
    const log = decodeForkProof(proof)?.log
    const logId = log && logIdOf(log)
    // A lower proof of a log that is known to be forked is always taken.
    const isFirst = logId !== undefined && memory.forkPoint(logId) === Number.POSITIVE_INFINITY
    const unwelcome = isFirst ? declined.refusal(logId) : null
    const taken = unwelcome ? err(unwelcome) : await forks.take(proof, viewNow())
    if (taken.ok) return ok({ logId: taken.value.logId, end: null, result: ok(taken.value.received) })
    if (!logId) return taken
    if (!unwelcome) declined.note(logId, taken.error)
    return ok({ logId, end: null, result: taken })
  }

  const positionHeld = (log: LogDescriptor, logId: LogId): LogPosition =>
    memory.logs.get(logId)?.row ?? emptyLogRow(log)

  /** Where a run above a gap is judged from (`partial.ts`). */
  const positionAbove = (logId: LogId, from: number, chainBefore: ChainBefore): LogPosition | null => {
    const partial = memory.partials.get(logId)
    if (partial && from >= partial.base && from <= partial.next) return partial
    const chain = chainBefore(logId, from)
    return chain && { next: from, chain, clock: 0 }
  }

  return {
    get view() {
      return viewNow()
    },
    sees,
    isHidden: (logId) => logs.get(logId) !== undefined && !rowOf(logId),
    async *frames(logId, from, to) {
      const row = rowOf(logId)
      if (!row) return
      const proof = memory.forkPoint(logId) < Number.POSITIVE_INFINITY && (await store.fork(logId))
      if (proof) yield { frame: encodeFrame(proof.proof, compression), end: from, forkPoint: proof.seq }
      for (let at = from; at < row.next && (to === null || at <= to); ) {
        const head = await store.headFrom(logId, at)
        // From this point on nothing is valid. A run to the head behind it is taken for what comes before.
        if (!head || at >= memory.validPoint(logId)) return
        const entries = await store.entriesOf(logId, at, head.seq)
        const run = encodeRun({ log: row, from: at, entries, chain: head.chain, signature: head.signature })
        at = head.seq + 1
        if (!sees(row.space)) return
        yield { frame: encodeFrame(run, compression), end: at }
      }
    },
    async *receive(frames, chainBefore = () => null) {
      /** Where logs will be when what was verified is stored: the next runs are verified meanwhile. */
      const ahead = new Map<LogId, LogPosition>()
      const positionOf: PositionOf = (log, logId, from) => {
        if (!sees(log.space) || !spaces.admits(log, from)) return null
        if (unwanted.refuse(log, logId) || declined.refusal(logId)) return null
        const below = ahead.get(logId) ?? positionHeld(log, logId)
        return from > below.next ? positionAbove(logId, from, chainBefore) : below
      }
      let storing: Promise<Result<ReceivedRun, Failure>[]> = Promise.resolve([])
      for await (const part of partsOf(frames)) {
        if (!part.ok) {
          yield* await storing
          return yield part
        }
        for (let rest = part.value; rest.length > 0; ) {
          const { contents, end, isBroken } = await runVerifier.verify(rest, positionOf)
          rest = rest.subarray(end)
          const stored = await storing
          noteAhead(contents, ahead, positionHeld)
          storing = storeContents(contents, chainBefore)
          // Heard below; until then a bug in it is nobody's unhandled rejection.
          storing.catch(() => {})
          for (const one of stored) {
            if (one.ok && !one.value.result.ok) ahead.delete(one.value.logId)
            yield one
          }
          if (isBroken) return yield* await storing
        }
      }
      yield* await storing
    },
    next: (logId) => rowOf(logId)?.next ?? 0,
    validEnd: (logId) => (rowOf(logId) ? validEnd(logs, logId) : 0),
    row(logId) {
      const row = rowOf(logId)
      return row ? logs.viewOf(row) : null
    },
    isUnwanted,
    lacks({ logId, next, forkPoint = Number.POSITIVE_INFINITY }) {
      if (isUnwanted(logId)) return false
      const row = rowOf(logId)
      if (!row) return next > 0 || forkPoint < Number.POSITIVE_INFINITY
      return forkPoint < logs.forkPoint(logId) || row.next < Math.min(next, logs.validPoint(logId))
    },
    chainBefore: async (logId, seq) => (rowOf(logId) ? chainBefore(store, logId, seq) : null),
    gap(logId) {
      const partial = memory.partials.get(logId)
      const row = rowOf(logId)
      return partial && row ? { from: row.next, to: partial.base } : null
    },
    forkPoint: (logId) => (rowOf(logId) ? logs.forkPoint(logId) : Number.POSITIVE_INFINITY),
    validPoint: (logId) => (rowOf(logId) ? logs.validPoint(logId) : Number.POSITIVE_INFINITY),
    logIds: () => [...logs.values()].filter(({ row }) => sees(row.space)).map(({ row }) => row.logId),
    stamp: () => viewStamp(logs.viewDigest(viewNow().spaces)),
  }
}

function noteAhead(
  contents: VerifiedFrames['contents'],
  ahead: Map<LogId, LogPosition>,
  positionHeld: (log: LogDescriptor, logId: LogId) => LogPosition,
): void {
  for (const content of contents) {
    if (!content.ok || 'proof' in content.value) continue
    const { run } = content.value
    const { position, failure: refused } = run.verdict
    const { log, logId, from } = run.run
    // What stands above a gap does not move the part below it.
    const isBelow = from <= (ahead.get(logId) ?? positionHeld(log, logId)).next
    if (position && !refused && isBelow) ahead.set(run.run.logId, positionBehind(run))
  }
}

/** The frames in pieces as they come, and the failure that a stream of them broke off with. */
async function* partsOf(
  frames: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Result<Uint8Array, Failure>> {
  if (frames instanceof Uint8Array && frames.length <= STREAM_BATCH_BYTES) return yield ok(frames)
  let broken: Failure | null = null
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* frames instanceof Uint8Array ? piecesOf(frames) : frames
    } catch (error) {
      if (!(error instanceof SporeError)) throw error
      broken = failure(error.code, error.message)
    }
  }
  for await (const part of splitFrames(chunks(), STREAM_BATCH_BYTES)) yield ok(part)
  if (broken) yield err(broken)
}

/** Pieces of bytes that are there already, so that a large body is not taken in one go. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += STREAM_BATCH_BYTES)
    yield bytes.subarray(at, at + STREAM_BATCH_BYTES)
}
