/** One push: the frames of what a peer lacks, up to a size, and what its reply says of them. */
import type { LogId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import type { LogNext, LogStart, PushReply } from '../protocol/messages.ts'
import type { ReplicaView } from './replica.ts'

/** Bytes of frames in one push, but for the frame that crosses it. */
export const PUSH_BYTES = 1024 * 1024

/** A frame of a push: up to where it brings its log, or the fork point that it proves. */
export interface Offered extends LogNext {
  readonly forkPoint?: number
}

export interface Push {
  readonly frames: Uint8Array
  readonly offered: readonly Offered[]
  /** What did not fit. */
  readonly rest: readonly LogStart[]
}

/** Frames of logs that a peer may see, each from a sequence number on. */
export async function takeFrames(
  replica: ReplicaView,
  logs: readonly LogStart[],
  maxBytes = PUSH_BYTES,
): Promise<Push> {
  const frames: Uint8Array[] = []
  const offered: Offered[] = []
  const rest: LogStart[] = []
  let size = 0
  for (const { logId, from } of logs) {
    let at = from
    if (size < maxBytes)
      for await (const { frame, end, forkPoint } of replica.frames(logId, from, null)) {
        frames.push(frame)
        offered.push({ logId, next: end, ...(forkPoint !== undefined && { forkPoint }) })
        at = end
        size += frame.length
        if (size >= maxBytes) break
      }
    if (size >= maxBytes && at < replica.validEnd(logId)) rest.push({ logId, from: at })
  }
  return { frames: concatBytes(...frames), offered, rest }
}

/** Refusals that would be the same the next time, whoever brings it: offering it again would be for nothing. */
const UNWANTED: ReadonlySet<string> = new Set([
  'SPACE_REFUSED',
  'AUTHOR_REFUSED',
  'QUOTA_EXCEEDED',
  'LOGS_FULL',
])

/** What of a push its receiver has now, or does not want, for its space, its author or its size: other frames that it refused are left out. */
export function takenOf({ offered }: Push, { failures }: PushReply): Offered[] {
  const failed = new Set(failures.filter(({ code }) => !UNWANTED.has(code)).map(({ index }) => index))
  return offered.filter((_, index) => !failed.has(index))
}

/** Logs of a push that are other ones at its receiver. */
export function suspectsOf({ offered }: Push, { failures }: PushReply): Set<LogId> {
  const suspects = new Set<LogId>()
  for (const { index, code } of failures) {
    const logId = offered[index]?.logId
    if (code === 'CHAIN_MISMATCH' && logId) suspects.add(logId)
  }
  return suspects
}
