/** Retractions of own dots, as entries. */
import type { LogId } from '../base/brand.ts'
import { KINDS } from '../protocol/kinds.ts'
import { RETRACTION_DOTS_MAX } from '../protocol/limits.ts'
import { encodeRetract } from '../protocol/payloads.ts'
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
