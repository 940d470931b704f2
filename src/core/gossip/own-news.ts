/** The logs that own entries go to, and what of a commit is to be told of them. */
import type { LogId } from '../base/brand.ts'
import type { Applied, Memory } from '../memory/memory.ts'
import { COMMONS, type Spaces } from '../memory/spaces.ts'
import { logIdOf } from '../protocol/log.ts'
import type { LogStart } from '../protocol/messages.ts'

export type OwnLogs = () => ReadonlySet<LogId>

/** The own logs of the spaces that replicate, worked out anew when these or the epoch change. */
export function createOwnLogs(spaces: Pick<Spaces, 'replicating'>, memory: Pick<Memory, 'ownLog'>): OwnLogs {
  let known: ReadonlySet<LogId> = new Set()
  let ofSpaces: Spaces['replicating'] | null = null
  let ofEpoch: Uint8Array | null = null
  return () => {
    const { replicating } = spaces
    const { epoch } = memory.ownLog(COMMONS)
    if (ofSpaces === replicating && ofEpoch === epoch) return known
    known = new Set(replicating.map((space) => logIdOf(memory.ownLog(space))))
    ofSpaces = replicating
    ofEpoch = epoch
    return known
  }
}

/** The own logs that grew in a commit, each from its first new entry on. What others wrote is told by whom it came in with. */
export function ownNews(applied: readonly Applied[], own: ReadonlySet<LogId>): LogStart[] {
  const firstNew = new Map<LogId, number>()
  for (const { change } of applied)
    if (own.has(change.logId) && !firstNew.has(change.logId)) firstNew.set(change.logId, change.seq)
  return [...firstNew].map(([logId, from]) => ({ logId, from }))
}
