/** What a checkpoint means (PROTOCOL.md §6): entries of its own author and space, before itself, that are removed for good. */
import type { LogId } from '../base/brand.ts'
import { type LogDescriptor, logIdOf } from '../protocol/log.ts'
import { decodeCheckpoint, type SeqRange } from '../protocol/payloads.ts'

export interface DeadRanges {
  readonly logId: LogId
  readonly ranges: readonly SeqRange[]
}

/**
 * The ranges that a checkpoint entry of `log` removes; none where its payload is not what its kind asks for, or where it names
 * an entry of its own log that does not stand before it.
 */
export function deadRanges(
  entry: { readonly logId: LogId; readonly seq: number; readonly payload: Uint8Array | null },
  { publicKey, space }: LogDescriptor,
): readonly DeadRanges[] {
  const checkpoint = entry.payload && decodeCheckpoint(entry.payload)
  if (!checkpoint) return []
  // Nobody else's log can be named: the author and the space are the checkpoint's own.
  const dead = checkpoint.dead.map(({ epoch, ranges }) => ({
    logId: logIdOf({ publicKey, space, epoch }),
    ranges,
  }))
  const isBefore = dead.every(
    ({ logId, ranges }) => logId !== entry.logId || ranges.every(([, to]) => to < entry.seq),
  )
  return isBefore ? dead : []
}
