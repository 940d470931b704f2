/** The logs that wait to be announced to one neighbour, the oldest first; where there are too many, the oldest are dropped. */
import type { LogId } from '../base/brand.ts'
import type { LogNext } from '../protocol/messages.ts'

export interface Announcements {
  /** To be announced from a time on, in milliseconds; what waits already keeps its time and its `next`. */
  add(row: LogNext, readyAtMs: number): void
  /** To be announced before all else, at once. */
  hurry(row: LogNext, nowMs: number): void
  delete(logId: LogId): void
  /** Takes out what may be announced by now, at most so many. */
  take(nowMs: number, max: number): LogNext[]
  /** When the oldest may be announced; null where there is none. */
  readyAtMs(): number | null
}

interface Waiting {
  readonly next: number
  readonly readyAtMs: number
}

export function createAnnouncements(max: number): Announcements {
  const urgent = new Map<LogId, Waiting>()
  const waiting = new Map<LogId, Waiting>()

  const put = (queue: Map<LogId, Waiting>, { logId, next }: LogNext, readyAtMs: number): void => {
    queue.set(logId, { next, readyAtMs })
    if (urgent.size + waiting.size <= max) return
    const oldest = waiting.size > 0 ? waiting : urgent
    oldest.delete(oldest.keys().next().value as LogId)
  }

  return {
    add(row, readyAtMs) {
      if (!waiting.has(row.logId) && !urgent.has(row.logId)) put(waiting, row, readyAtMs)
    },
    hurry(row, nowMs) {
      waiting.delete(row.logId)
      put(urgent, row, nowMs)
    },
    delete(logId) {
      urgent.delete(logId)
      waiting.delete(logId)
    },
    take(nowMs, most) {
      const rows: LogNext[] = []
      for (const queue of [urgent, waiting])
        for (const [logId, { next, readyAtMs }] of queue) {
          if (rows.length >= most || readyAtMs > nowMs) break
          queue.delete(logId)
          rows.push({ logId, next })
        }
      return rows
    },
    readyAtMs() {
      for (const queue of [urgent, waiting]) for (const { readyAtMs } of queue.values()) return readyAtMs
      return null
    },
  }
}
