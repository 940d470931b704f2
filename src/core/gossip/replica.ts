/** What gossip needs of the memory: runs out of the store, and foreign runs into it. */
import type { LogId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Received } from '../memory/draft.ts'
import { validEnd } from '../memory/equivocation.ts'
import { isForkProof } from '../memory/fork.ts'
import { chainBefore } from '../memory/held-chain.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { decodeFrames, encodeFrame } from '../protocol/frame.ts'
import { SEGMENT_BYTES_MAX } from '../protocol/limits.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import { decodeRun, encodeRun } from '../protocol/run.ts'
import type { Forks } from './forks.ts'

export interface ReceivedRun {
  readonly logId: LogId
  readonly result: Result<Received, Failure>
}

export interface ReplicaFrame {
  readonly frame: Uint8Array
  /** Where what it brings of the log ends. */
  readonly end: number
  /** Of the proof in this frame. */
  readonly forkPoint?: number
}

export interface Replica {
  /**
   * Frames of a log from `from` to the first head at or behind `to`; only of logs that replicate, and of forked ones the proof
   * first and then only runs that begin below the fork point.
   */
  frames(logId: LogId, from: number, to: number | null): AsyncGenerator<ReplicaFrame>
  /**
   * Verifies and stores the runs and fork proofs of frames; the result of each, in their order, once it is durable. Ends behind the first
   * frame that is not whole.
   */
  receive(frames: Uint8Array): AsyncGenerator<Result<ReceivedRun, Failure>>
  /** Sequence number expected next of a log. */
  next(logId: LogId): number
  /** Where the valid part that is held of a log ends: what is offered of it, but for the rest of the run in which that ends. */
  validEnd(logId: LogId): number
  /** How a log stands in the view that peers see; null for one that is not in it. */
  view(logId: LogId): HeadsRow | null
  /** Whether a peer with this row has entries that are valid as far as is known, or a lower fork point, that are not here. */
  lacks(row: HeadsRow): boolean
  /** Chain value before an entry, null where not everything before it is held. */
  chainBefore(logId: LogId, seq: number): Promise<Uint8Array | null>
  /** Logs that replicate. */
  logIds(): LogId[]
  digest(): string
}

export interface ReplicaDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly compression: Compression
  readonly forks: Forks
}

/** Bytes of runs that are stored together: small runs of many logs share a commit, and none takes longer than a segment's. */
const BATCH_BYTES = SEGMENT_BYTES_MAX

export function createReplica({ memory, store, writer, spaces, compression, forks }: ReplicaDeps): Replica {
  /** What the body of a frame is, its first element tells. */
  const receiveBody = async (bytes: Uint8Array): Promise<Result<ReceivedRun, Failure>> => {
    if (isForkProof(bytes)) {
      const taken = await forks.take(bytes)
      return taken.ok ? ok({ logId: taken.value.logId, result: ok(taken.value.received) }) : taken
    }
    const run = decodeRun(bytes)
    if (!run.ok) return run
    const { logId, log } = run.value
    if (!spaces.replicates(log.space))
      return err(failure('SPACE_REFUSED', `space ${JSON.stringify(log.space)}`))
    const written = await writer.write((draft) => draft.receive(run.value))
    if (!written.ok) return written
    const result = await forks.explain(run.value, written.value)
    if (memory.forkPoint(logId) < Number.POSITIVE_INFINITY) await forks.settle(logId)
    return ok({ logId, result })
  }

  return {
    async *frames(logId, from, to) {
      const row = memory.logs.get(logId)?.row
      if (!row || !spaces.replicates(row.space)) return
      const proof = memory.forkPoint(logId) < Number.POSITIVE_INFINITY && (await store.fork(logId))
      if (proof) yield { frame: encodeFrame(proof.proof, compression), end: from, forkPoint: proof.seq }
      for (let at = from; at < row.next && (to === null || at <= to); ) {
        const head = await store.headFrom(logId, at)
        // From a fork point on nothing is valid. A run to the head behind it is taken for what comes before.
        if (!head || at >= memory.forkPoint(logId)) return
        const entries = await store.entriesOf(logId, at, head.seq)
        const run = encodeRun({ log: row, from: at, entries, chain: head.chain, signature: head.signature })
        at = head.seq + 1
        yield { frame: encodeFrame(run, compression), end: at }
      }
    },
    async *receive(frames) {
      let batch: Promise<Result<ReceivedRun, Failure>>[] = []
      let size = 0
      for (const frame of decodeFrames(frames, compression)) {
        batch.push(frame.ok ? receiveBody(frame.value) : Promise.resolve(frame))
        size += frame.ok ? frame.value.length : 0
        if (size < BATCH_BYTES) continue
        yield* await Promise.all(batch)
        batch = []
        size = 0
      }
      yield* await Promise.all(batch)
    },
    next: (logId) => memory.logs.get(logId)?.row.next ?? 0,
    validEnd: (logId) => validEnd(memory.logs, logId),
    view(logId) {
      const row = memory.logs.get(logId)?.row
      return row && spaces.replicates(row.space) ? memory.logs.viewOf(row) : null
    },
    lacks({ logId, next, forkPoint = Number.POSITIVE_INFINITY }) {
      const known = memory.forkPoint(logId)
      return forkPoint < known || (memory.logs.get(logId)?.row.next ?? 0) < Math.min(next, known)
    },
    chainBefore: (logId, seq) => chainBefore(store, logId, seq),
    logIds: () =>
      [...memory.logs.values()].filter(({ row }) => spaces.replicates(row.space)).map(({ row }) => row.logId),
    digest: () => memory.logs.viewDigest(spaces.replicating),
  }
}
