/**
 * The thread of `threaded-run-verifier.ts`. It is asked in two steps, since only the decoded runs tell which logs they are
 * of, and only the asker knows where these are: frames in, which runs they are out; the positions of these in, judged runs out.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { LogId } from '../core/base/brand.ts'
import { err, ok, type Result } from '../core/base/result.ts'
import { createVerifier } from '../core/identity/keys.ts'
import type { LogPosition, Verdict } from '../core/memory/run-check.ts'
import {
  type DecodedContent,
  decodeContents,
  judgeContents,
  type PositionOf,
} from '../core/memory/run-verifier.ts'
import type { Failure } from '../core/protocol/errors.ts'
import type { LogDescriptor } from '../core/protocol/log.ts'
import type { DecodedRun } from '../core/protocol/run.ts'
import { zlibCompression } from './compression.ts'

/** What a request is, in its two steps. `id` is the asker's. */
export type ThreadRequest =
  | { readonly id: number; readonly frames: Uint8Array }
  | { readonly id: number; readonly positions: readonly (LogPosition | null)[] }

/** A run that was found: of which log, and from where on. */
export interface FoundRun {
  readonly log: LogDescriptor
  readonly logId: LogId
  readonly from: number
}

/** A frame's content, judged: what crosses threads of `FrameContent`. */
export type ThreadContent =
  | { readonly run: DecodedRun; readonly verdict: Verdict }
  | { readonly proof: Uint8Array }

export type ThreadReply =
  | {
      readonly id: number
      readonly found: readonly FoundRun[]
      readonly end: number
      readonly isBroken: boolean
    }
  | { readonly id: number; readonly contents: readonly Result<ThreadContent, Failure>[] }

interface Pending {
  readonly found: readonly FoundRun[]
  readonly contents: readonly Result<DecodedContent, Failure>[]
}

const serve = (port: NonNullable<typeof parentPort>, network: string): void => {
  const verifier = createVerifier()
  const pending = new Map<number, Pending>()

  const decode = (id: number, frames: Uint8Array): void => {
    const { contents, end, isBroken } = decodeContents(frames, zlibCompression)
    const found = contents.flatMap((content): FoundRun[] => {
      if (!content.ok || 'proof' in content.value) return []
      const { log, logId, from } = content.value.run
      return [{ log, logId, from }]
    })
    pending.set(id, { found, contents })
    const reply: ThreadReply = { id, found, end, isBroken }
    port.postMessage(reply)
  }

  const judge = (
    id: number,
    { found, contents }: Pending,
    positions: readonly (LogPosition | null)[],
  ): void => {
    const placed = new Map(found.map(({ logId, from }, i) => [`${logId} ${from}`, positions[i] ?? null]))
    const positionOf: PositionOf = (_, logId, from) => placed.get(`${logId} ${from}`) ?? null
    const judged = judgeContents(contents, positionOf, { network, verifier })
    const moved: ArrayBuffer[] = []
    const crossing = judged.map((content): Result<ThreadContent, Failure> => {
      if (!content.ok) return err(content.error)
      if ('proof' in content.value) return ok(content.value)
      const { run, verdict } = content.value.run
      // The large columns change hands; the others are small enough to be copied.
      moved.push(run.headers.buffer as ArrayBuffer, run.payloads.buffer as ArrayBuffer)
      return ok({ run, verdict })
    })
    const reply: ThreadReply = { id, contents: crossing }
    port.postMessage(reply, moved)
  }

  port.on('message', (request: ThreadRequest) => {
    if ('frames' in request) return decode(request.id, request.frames)
    const waiting = pending.get(request.id)
    pending.delete(request.id)
    if (waiting) judge(request.id, waiting, request.positions)
  })
}

if (parentPort) serve(parentPort, (workerData as { network: string }).network)
