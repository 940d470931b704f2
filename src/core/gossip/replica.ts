/** What gossip needs of the memory: runs out of the store, and foreign runs into it. */
import type { LogId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Received } from '../memory/draft.ts'
import { validEnd } from '../memory/equivocation.ts'
import { chainBefore } from '../memory/held-chain.ts'
import { emptyLogRow } from '../memory/log-table.ts'
import type { Memory } from '../memory/memory.ts'
import { type LogPosition, positionBehind } from '../memory/run-check.ts'
import type { FrameContent, PositionOf, RunVerifier, VerifiedFrames } from '../memory/run-verifier.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { encodeFrame, splitFrames } from '../protocol/frame.ts'
import { SEGMENT_BYTES_MAX } from '../protocol/limits.ts'
import type { LogDescriptor } from '../protocol/log.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import { encodeRun } from '../protocol/run.ts'
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
   * Verifies and stores the runs and fork proofs of frames, while they arrive; the result of each, in their order, once it is
   * durable. Ends behind the first frame that is not whole. What came before a stream of them broke off is stored, then the
   * failure is the last result.
   */
  receive(frames: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Result<ReceivedRun, Failure>>
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
  readonly runVerifier: RunVerifier
}

/** Bytes of frames of a stream that are taken together: about what one answer of the verifier reads. */
const STREAM_BATCH_BYTES = SEGMENT_BYTES_MAX

export function createReplica(deps: ReplicaDeps): Replica {
  const { memory, store, writer, spaces, compression, runVerifier, forks } = deps

  /** Stores what frames were found to hold; all of one call share commits. */
  const storeContents = (contents: VerifiedFrames['contents']): Promise<Result<ReceivedRun, Failure>[]> =>
    Promise.all(contents.map((content) => (content.ok ? storeContent(content.value) : content)))

  const storeContent = async (content: FrameContent): Promise<Result<ReceivedRun, Failure>> => {
    if ('proof' in content) {
      const taken = await forks.take(content.proof)
      return taken.ok ? ok({ logId: taken.value.logId, result: ok(taken.value.received) }) : taken
    }
    const { run } = content.run
    const { logId, log } = run
    if (!spaces.replicates(log.space))
      return err(failure('SPACE_REFUSED', `space ${JSON.stringify(log.space)}`))
    const written = await writer.write((draft) => draft.receive(content.run))
    if (!written.ok) return written
    const result = await forks.explain(run, written.value)
    if (memory.forkPoint(logId) < Number.POSITIVE_INFINITY) await forks.settle(logId)
    return ok({ logId, result })
  }

  const positionHeld = (log: LogDescriptor, logId: LogId): LogPosition =>
    memory.logs.get(logId)?.row ?? emptyLogRow(log)

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
      /** Where logs will be when what was verified is stored: the next runs are verified meanwhile. */
      const ahead = new Map<LogId, LogPosition>()
      const positionOf: PositionOf = (log, logId) =>
        spaces.replicates(log.space) ? (ahead.get(logId) ?? positionHeld(log, logId)) : null
      let storing: Promise<Result<ReceivedRun, Failure>[]> = Promise.resolve([])
      for await (const part of partsOf(frames)) {
        if (!part.ok) {
          yield* await storing
          return yield part
        }
        for (let rest = part.value; rest.length > 0; ) {
          const { contents, end } = await runVerifier.verify(rest, positionOf)
          rest = rest.subarray(end)
          const stored = await storing
          noteAhead(contents, ahead)
          storing = storeContents(contents)
          // Heard below; until then a bug in it is nobody's unhandled rejection.
          storing.catch(() => {})
          for (const one of stored) {
            if (one.ok && !one.value.result.ok) ahead.delete(one.value.logId)
            yield one
          }
        }
      }
      yield* await storing
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

function noteAhead(contents: VerifiedFrames['contents'], ahead: Map<LogId, LogPosition>): void {
  for (const content of contents) {
    if (!content.ok || 'proof' in content.value) continue
    const { run } = content.value
    const { position, failure: refused } = run.verdict
    if (position && !refused) ahead.set(run.run.logId, positionBehind(run))
  }
}

/** The frames in pieces as they come, and the failure that a stream of them broke off with. */
async function* partsOf(
  frames: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Result<Uint8Array, Failure>> {
  if (frames instanceof Uint8Array) return yield ok(frames)
  let broken: Failure | null = null
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* frames
    } catch (error) {
      if (!(error instanceof SporeError)) throw error
      broken = failure(error.code, error.message)
    }
  }
  for await (const part of splitFrames(chunks(), STREAM_BATCH_BYTES)) yield ok(part)
  if (broken) yield err(broken)
}
