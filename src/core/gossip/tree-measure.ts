/**
 * By whose news links are pruned. What comes twice shows a circle of links, of which one is too many; where several write at a time, the
 * news of each show another one, all are pruned, and the tree falls apart. So the news of one log prune: of the least id among those that
 * brought any lately, which all who hear of it take alike.
 */
import type { LogId } from '../base/brand.ts'

/** A log is the measure for so long after the last of its news. */
export const MEASURE_MS = 10_000
/** News of two logs within this time may cross: what is pruned meanwhile, and a moment later, may have been one link too many. */
export const CROSSING_MS = 2000
export const CROSSED_MS = 3000

type Logs = readonly { readonly logId: LogId }[]

export interface TreeMeasure {
  /** News of these logs were written here, or came. */
  note(logs: Logs, nowMs: number): void
  /** Whether one of them is the measure. */
  includes(logs: Logs): boolean
  /** Until when more may have been pruned than is good, in milliseconds. */
  crossingUntilMs(): number
}

export function createTreeMeasure(): TreeMeasure {
  let measure: { readonly logId: LogId; readonly untilMs: number } | null = null
  let newest: { readonly logId: LogId; readonly atMs: number } | null = null
  let untilMs = Number.NEGATIVE_INFINITY
  return {
    note(logs, nowMs) {
      for (const { logId } of logs) {
        if (!measure || nowMs >= measure.untilMs || logId <= measure.logId)
          measure = { logId, untilMs: nowMs + MEASURE_MS }
        if (newest && newest.logId !== logId && nowMs < newest.atMs + CROSSING_MS)
          untilMs = nowMs + CROSSED_MS
        newest = { logId, atMs: nowMs }
      }
    },
    includes: (logs) => logs.some(({ logId }) => logId === measure?.logId),
    crossingUntilMs: () => untilMs,
  }
}
