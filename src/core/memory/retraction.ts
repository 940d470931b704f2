/** Retractions as entries: of own dots, and what one takes away. */
import type { LogId } from '../base/brand.ts'
import { KINDS } from '../protocol/kinds.ts'
import { RETRACTION_DOTS_MAX } from '../protocol/limits.ts'
import { type LogDescriptor, logIdOf } from '../protocol/log.ts'
import { decodeRetract, encodeRetract } from '../protocol/payloads.ts'
import { type DeadRanges, deadRanges } from './checkpoint.ts'
import type { Draft } from './draft.ts'
import type { LogState } from './log-table.ts'
import type { DotRef } from './or-set.ts'

/** One retraction per space and at most `RETRACTION_DOTS_MAX` dots, in the log of the space it works in. */
export function retractDots(
  draft: Draft,
  dots: readonly DotRef[],
  logOf: (logId: LogId) => Pick<LogState, 'row'>,
): void {
  for (let i = 0; i < dots.length; i += RETRACTION_DOTS_MAX) {
    const bySpace = Map.groupBy(dots.slice(i, i + RETRACTION_DOTS_MAX), ({ logId }) => logOf(logId).row.space)
    for (const [space, inSpace] of bySpace) {
      const byLog = Map.groupBy(inSpace, ({ logId }) => logId)
      const named = [...byLog].map(([logId, ofLog]) => ({
        epoch: logOf(logId).row.epoch,
        seqs: ofLog.map(({ seq }) => seq).sort((a, b) => a - b),
      }))
      draft.append({ space, kind: KINDS.retract, payload: encodeRetract({ dots: named }), references: [] })
    }
  }
}

/** The dots that a retraction or a checkpoint names, seen or not; none for any other entry. Nobody else's log can be named. */
export function removedDots(
  change: {
    readonly kind: number
    readonly logId: LogId
    readonly seq: number
    readonly payload: Uint8Array | null
  },
  log: LogDescriptor,
): readonly DeadRanges[] {
  if (change.kind === KINDS.checkpoint) return deadRanges(change, log)
  const retract = change.kind === KINDS.retract && change.payload ? decodeRetract(change.payload) : null
  const { publicKey, space } = log
  return (retract?.dots ?? []).map(({ epoch, seqs }) => ({
    logId: logIdOf({ publicKey, space, epoch }),
    ranges: seqs.map((seq) => [seq, seq] as const),
  }))
}
