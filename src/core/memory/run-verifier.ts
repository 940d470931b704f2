/**
 * RunVerifier: the port to whatever decodes frames and judges their runs. It takes processor time and nothing else, so a
 * spore can leave it to another thread and its event loop stays free; here is the one that does it on the spot.
 */
import type { LogId } from '../base/brand.ts'
import { ok, type Result } from '../base/result.ts'
import type { Verifier } from '../identity/keys.ts'
import type { Compression } from '../protocol/compression.ts'
import type { Failure } from '../protocol/errors.ts'
import { isForkProof, readFrames } from '../protocol/frame.ts'
import { SEGMENT_BYTES_MAX } from '../protocol/limits.ts'
import type { LogDescriptor } from '../protocol/log.ts'
import { type DecodedRun, decodeRun } from '../protocol/run.ts'
import { type JudgedRun, judgeRun, type LogPosition, positionBehind } from './run-check.ts'

/** What a frame holds. A fork proof is not looked into. */
export type FrameContent = { readonly run: JudgedRun } | { readonly proof: Uint8Array }

/** Where the log of a run that begins at `from` is; null for a run that nobody wants: it is not judged then. */
export type PositionOf = (log: LogDescriptor, logId: LogId, from: number) => LogPosition | null

export interface VerifiedFrames {
  /** In the order of the frames; a failure is of one frame alone. */
  readonly contents: readonly Result<FrameContent, Failure>[]
  /** Bytes that were read. What is behind them is asked for again: one answer must not become large. */
  readonly end: number
  /** The last one was no frame, or did not decode: nothing behind it is read. */
  readonly isBroken: boolean
}

export interface RunVerifier {
  /**
   * Reads frames from the beginning of `frames` on, until what they decode to is `VERIFIED_BYTES` or they end. A run is
   * judged from behind the run of the same log before it, where that one holds, and from `positionOf` otherwise.
   */
  verify(frames: Uint8Array, positionOf: PositionOf): Promise<VerifiedFrames>
}

/** Decoded bytes in one answer: what one commit takes without holding up the event loop for long (~1,500 entries, ~15 ms). */
export const VERIFIED_BYTES = 2 * SEGMENT_BYTES_MAX

export interface RunVerifierDeps {
  readonly network: string
  readonly verifier: Verifier
  readonly compression: Compression
}

/** Verifies at once, in the thread that asks. */
export function createInlineRunVerifier({ network, verifier, compression }: RunVerifierDeps): RunVerifier {
  return {
    async verify(frames, positionOf) {
      const decoded = decodeContents(frames, compression)
      return { ...decoded, contents: judgeContents(decoded.contents, positionOf, { network, verifier }) }
    },
  }
}

/** What a frame holds before anything of it is judged. */
export type DecodedContent = { readonly run: DecodedRun } | { readonly proof: Uint8Array }

/** The first half of a verification: form and bounds, and the hashes of the payloads. */
export function decodeContents(frames: Uint8Array, compression: Compression) {
  const contents: Result<DecodedContent, Failure>[] = []
  let end = 0
  let size = 0
  let isBroken = false
  for (const { content, end: behind } of readFrames(frames, compression)) {
    end = behind
    contents.push(content.ok ? decodeContent(content.value) : content)
    size += content.ok ? content.value.length : 0
    isBroken = !content.ok
    if (size >= VERIFIED_BYTES) break
  }
  return { contents, end, isBroken }
}

function decodeContent(body: Uint8Array): Result<DecodedContent, Failure> {
  if (isForkProof(body)) return ok({ proof: body })
  const run = decodeRun(body)
  return run.ok ? ok({ run: run.value }) : run
}

/** The second half: clocks, chains and signatures. */
export function judgeContents(
  contents: readonly Result<DecodedContent, Failure>[],
  positionOf: PositionOf,
  context: { readonly network: string; readonly verifier: Verifier },
): Result<FrameContent, Failure>[] {
  const behind = new Map<LogId, LogPosition>()
  return contents.map((content) => {
    if (!content.ok) return content
    if ('proof' in content.value) return ok(content.value)
    const { run } = content.value
    const known = behind.get(run.logId)
    const position = known && continues(run, known) ? known : positionOf(run.log, run.logId, run.from)
    const judged = judgeRun(run, position, context)
    if (judged.verdict.position && !judged.verdict.failure) behind.set(run.logId, positionBehind(judged))
    return ok({ run: judged })
  })
}

/** True where a run has entries behind a position and leaves no gap before them. */
const continues = (run: DecodedRun, { next }: LogPosition): boolean =>
  run.from <= next && next < run.from + run.count
