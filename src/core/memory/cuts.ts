/**
 * Keeps what counts of each log in line with who belongs to its space: a removal cuts a log, and where what cut it turns out not
 * to count itself, the log is whole again. Nothing that is stored goes; it is only not visible and not offered.
 */
import type { LogId, SpaceId } from '../base/brand.ts'
import { KINDS } from '../protocol/kinds.ts'
import type { Change } from './change.ts'
import type { LogState, LogTable } from './log-table.ts'
import type { OrSet, Transition } from './or-set.ts'
import type { Spaces } from './spaces.ts'

/** What the memory engine asks of the spaces. */
export type MemberRules = Pick<Spaces, 'follow' | 'touch' | 'refresh' | 'limitOf'>

/** Where there are no members spaces. */
export const noRules: MemberRules = {
  follow() {},
  touch() {},
  refresh: () => [],
  limitOf: () => Number.POSITIVE_INFINITY,
}

export interface Cuts {
  /** Takes in an entry that may say something of members; `settle` applies it. */
  follow(change: Change): void
  /** Whether the limit of a log that was not held before lies inside it; applies it. */
  meet(logId: LogId): readonly Transition[]
  /** A fork was proven in a log of a space. */
  touch(space: SpaceId): void
  /** Applies what has changed since. */
  settle(): readonly Transition[]
}

export function createCuts(deps: {
  readonly logs: LogTable
  readonly set: Pick<OrSet, 'limit'>
  readonly rules: MemberRules
}): Cuts {
  const { logs, set, rules } = deps

  const recut = (log: LogState): Transition[] => {
    const { logId } = log.row
    const before = logs.validPoint(logId)
    logs.setCut(logId, rules.limitOf(log))
    const now = logs.validPoint(logId)
    return now === before ? [] : set.limit(logId, now)
  }

  return {
    follow(change) {
      const log = change.kind === KINDS.member ? logs.get(change.logId) : undefined
      if (log) rules.follow(change, log)
    },
    meet(logId) {
      const log = logs.get(logId)
      return log ? recut(log) : []
    },
    touch: rules.touch,
    settle() {
      const changed = new Set(rules.refresh(logs.forkPoint))
      if (changed.size === 0) return []
      return [...logs.values()].filter(({ row }) => changed.has(row.space)).flatMap(recut)
    },
  }
}
