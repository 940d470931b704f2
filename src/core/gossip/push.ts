/** One push: the frames of what a peer lacks, up to a size, and what its reply says of them. */
import { concatBytes } from '../base/bytes.ts'
import type { LogNext, LogStart, PushReply } from '../protocol/messages.ts'
import type { Replica } from './replica.ts'

/** Bytes of frames in one push, but for the frame that crosses it. */
export const PUSH_BYTES = 1024 * 1024

export interface Push {
  readonly frames: Uint8Array
  /** Of each frame, up to where it brings its log. */
  readonly offered: readonly LogNext[]
  /** What did not fit. */
  readonly rest: readonly LogStart[]
}

/** Frames of logs, each from a sequence number on. */
export async function takeFrames(
  replica: Replica,
  logs: readonly LogStart[],
  maxBytes = PUSH_BYTES,
): Promise<Push> {
  const frames: Uint8Array[] = []
  const offered: LogNext[] = []
  const rest: LogStart[] = []
  let size = 0
  for (const { logId, from } of logs) {
    let at = from
    if (size < maxBytes)
      for await (const { frame, end } of replica.frames(logId, from, null)) {
        frames.push(frame)
        offered.push({ logId, next: end })
        at = end
        size += frame.length
        if (size >= maxBytes) break
      }
    if (size >= maxBytes && at < replica.next(logId)) rest.push({ logId, from: at })
  }
  return { frames: concatBytes(...frames), offered, rest }
}

/** What of a push its receiver has now: frames that it refused are left out. */
export function takenOf({ offered }: Push, { failures }: PushReply): LogNext[] {
  const failed = new Set(failures.map(({ index }) => index))
  return offered.filter((_, index) => !failed.has(index))
}
