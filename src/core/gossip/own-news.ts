/** What of a commit is to be told to the links: own entries. What others wrote is told by whom it came in with. */
import type { LogId } from '../base/brand.ts'
import type { Applied, Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import { logIdOf } from '../protocol/log.ts'
import type { LogStart } from '../protocol/messages.ts'

/** The own logs that grew, each from its first new entry on; of spaces that replicate. */
export function ownNews(
  applied: readonly Applied[],
  spaces: Pick<Spaces, 'replicating'>,
  memory: Pick<Memory, 'ownLog'>,
): LogStart[] {
  const own = new Set(spaces.replicating.map((space) => logIdOf(memory.ownLog(space))))
  const firstNew = new Map<LogId, number>()
  for (const { change } of applied)
    if (own.has(change.logId) && !firstNew.has(change.logId)) firstNew.set(change.logId, change.seq)
  return [...firstNew].map(([logId, from]) => ({ logId, from }))
}
