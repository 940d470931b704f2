/**
 * The acts on members that a replica has met, by space and log. Of one log only the first `MEMBER_ACTS_MAX` count, by their
 * place: a log has one order everywhere, so every replica leaves out the same ones.
 */
import type { LogId, SpaceId } from '../base/brand.ts'
import { MEMBER_ACTS_MAX } from '../protocol/limits.ts'
import type { SignedAct } from './membership.ts'

export interface ActTable {
  /** False where it is known, or beyond those that count. */
  add(space: SpaceId, act: SignedAct): boolean
  of(space: SpaceId): SignedAct[]
  drop(space: SpaceId): void
}

export function createActTable(): ActTable {
  const bySpace = new Map<SpaceId, Map<LogId, SignedAct[]>>()
  return {
    add(space, act) {
      const logs = bySpace.get(space) ?? new Map<LogId, SignedAct[]>()
      bySpace.set(space, logs)
      const acts = logs.get(act.logId) ?? []
      logs.set(act.logId, acts)
      let at = acts.length
      while (at > 0 && (acts[at - 1] as SignedAct).seq > act.seq) at--
      if (acts[at - 1]?.seq === act.seq || at >= MEMBER_ACTS_MAX) return false
      acts.splice(at, 0, act)
      if (acts.length > MEMBER_ACTS_MAX) acts.pop()
      return true
    },
    of: (space) => [...(bySpace.get(space)?.values() ?? [])].flat(),
    drop: (space) => void bySpace.delete(space),
  }
}
