/**
 * News that a pull brought before the push did. Whoever served the pull knows that they are here, and brings them no more; the
 * neighbours who get their news by way of this spore would wait until they are announced.
 *
 * So what was written a moment ago goes on along the eager links, a little later: by then those who have it have said so.
 */
import type { Clock } from '../base/ports.ts'
import { timeToMs } from '../memory/clock.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { LogStart } from '../protocol/messages.ts'
import type { Links } from './links.ts'

export interface LateNews {
  /** Logs that grew by a pull. */
  fetched(logs: readonly LogStart[]): void
}

export interface LateNewsDeps {
  readonly clock: Clock
  readonly memory: { readonly logs: Pick<LogTable, 'get'> }
  readonly signal: AbortSignal
  readonly links: Pick<Links, 'stored'>
  /** Links there are. */
  readonly linkCount: () => number
}

/** Longer than a push takes that was under way when the pull was answered. */
const LATE_MS = 150
/** What is older than this came to the neighbours by other ways, or will. */
const NEWS_MS = 5000
/** More logs at once than this are a view that is caught up with. */
const NEWS_LOGS_MAX = 8

/**
 * With more links than this somebody else brings it: passed on from here it would mostly come a second time, and prune the links
 * that it came along (300 simulated spores: p99 of the staleness 4.4 s in place of 1 s).
 */
const LINKS_FEW = 3

export function createLateNews({ clock, memory, signal, links, linkCount }: LateNewsDeps): LateNews {
  const isNews = ({ logId }: LogStart): boolean => {
    const row = memory.logs.get(logId)?.row
    return row !== undefined && Math.abs(clock.now() - timeToMs(row.clock)) < NEWS_MS
  }
  return {
    fetched(fetched) {
      const isFew = fetched.length <= NEWS_LOGS_MAX && linkCount() <= LINKS_FEW
      const news = isFew ? fetched.filter(isNews) : []
      if (news.length === 0) return
      void clock.sleep(LATE_MS, signal).then(() => {
        if (!signal.aborted) links.stored(news, false)
      })
    },
  }
}
