/** What gossip needs of the memory: runs out of the store, and foreign runs into it. */
import type { LogId } from '../base/brand.ts'
import { err, type Result } from '../base/result.ts'
import type { Received } from '../memory/draft.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { decodeFrames, encodeFrame } from '../protocol/frame.ts'
import { SEGMENT_BYTES_MAX } from '../protocol/limits.ts'
import { decodeRun, encodeRun } from '../protocol/run.ts'

export interface ReceivedRun {
  readonly logId: LogId
  /** Behind the last entry of the run. */
  readonly end: number
  readonly result: Result<Received, Failure>
}

export interface Replica {
  /** Frames of a log from `from` to the first head at or behind `to`; only of logs that replicate, and of forked ones only runs that begin below the fork point. */
  frames(
    logId: LogId,
    from: number,
    to: number | null,
  ): AsyncGenerator<{ readonly frame: Uint8Array; readonly end: number }>
  /**
   * Verifies and stores the runs of frames; the result of each, in their order, once it is durable. Ends behind the first
   * frame that is not whole.
   */
  receive(frames: Uint8Array): AsyncGenerator<Result<ReceivedRun, Failure>>
  /** Sequence number expected next of a log. */
  next(logId: LogId): number
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
}

/** Bytes of runs that are stored together: small runs of many logs share a commit, and none takes longer than a segment's. */
const BATCH_BYTES = SEGMENT_BYTES_MAX

export function createReplica({ memory, store, writer, spaces, compression }: ReplicaDeps): Replica {
  const receiveRun = async (bytes: Uint8Array): Promise<Result<ReceivedRun, Failure>> => {
    const run = decodeRun(bytes)
    if (!run.ok) return run
    const { logId, log } = run.value
    if (!spaces.replicates(log.space))
      return err(failure('SPACE_REFUSED', `space ${JSON.stringify(log.space)}`))
    const written = await writer.write((draft) => draft.receive(run.value))
    const end = run.value.from + run.value.entries.length
    return written.ok ? { ok: true, value: { logId, end, result: written.value } } : written
  }

  return {
    async *frames(logId, from, to) {
      const row = memory.logs.get(logId)?.row
      if (!row || !spaces.replicates(row.space)) return
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
        batch.push(frame.ok ? receiveRun(frame.value) : Promise.resolve(frame))
        size += frame.ok ? frame.value.length : 0
        if (size < BATCH_BYTES) continue
        yield* await Promise.all(batch)
        batch = []
        size = 0
      }
      yield* await Promise.all(batch)
    },
    next: (logId) => memory.logs.get(logId)?.row.next ?? 0,
    logIds: () =>
      [...memory.logs.values()].filter(({ row }) => spaces.replicates(row.space)).map(({ row }) => row.logId),
    digest: () => memory.logs.viewDigest(spaces.replicating),
  }
}
