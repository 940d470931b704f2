/** Entries that are held without their payload, by log; and those that were folded with it and hidden when it was found missing. */
import type { LogId } from '../base/brand.ts'
import { createRangeSet, type RangeSet } from '../base/ranges.ts'
import type { DotRef, OrSet } from './or-set.ts'

export interface Absence {
  readonly byLog: ReadonlyMap<LogId, RangeSet>
  note(dot: DotRef): void
  /** Takes an entry out of the set until it is back; what changed. */
  hide(dot: DotRef): ReturnType<OrSet['remove']>
  /** The payload of an entry is there again; what changed. */
  end(dot: DotRef): ReturnType<OrSet['cut']>
}

export function createAbsence(set: OrSet): Absence {
  const byLog = new Map<LogId, RangeSet>()
  /** Who removed what was hidden, by log and place of its dot. */
  const hidden = new Map<string, LogId>()
  let hidings = 0
  const note = ({ logId, seq }: DotRef): void => {
    const ofLog = byLog.get(logId) ?? createRangeSet()
    byLog.set(logId, ofLog)
    ofLog.add(seq, seq)
  }
  return {
    byLog,
    note,
    hide(dot) {
      note(dot)
      // A log of its own for each: cutting it undoes this one removal.
      const by = { logId: `absent/${hidings++}` as LogId, seq: 0 }
      hidden.set(keyOf(dot), by.logId)
      return set.remove(dot, by)
    },
    end(dot) {
      byLog.get(dot.logId)?.remove(dot.seq, dot.seq)
      const by = hidden.get(keyOf(dot))
      hidden.delete(keyOf(dot))
      return by === undefined ? [] : set.cut(by, 0)
    },
  }
}

const keyOf = ({ logId, seq }: DotRef): string => `${logId} ${seq}`
