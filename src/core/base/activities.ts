/**
 * What is under way, for a watchdog: whoever begins something that must end says for how long that may take, and what is
 * to be done where it never does. Nothing here waits or interrupts by itself: `check` is called from outside, now and then.
 *
 * Time that jumps makes nothing overdue: between two checks no more than `CHECK_STEP_MS_MAX` passes.
 */
import type { Clock } from './ports.ts'

export interface ActivityOptions {
  /** Milliseconds after which it is overdue. */
  readonly limitMs: number
  /** Without it this spore is of no use: while one is overdue it is not ready. */
  readonly isVital?: boolean
  /** As long as this number changes it is not overdue, however long it takes. */
  readonly progress?: () => number
  /** Called once, when it is overdue: what waits for it is let go. */
  readonly onOverdue?: () => void
}

export interface Overdue {
  readonly what: string
  /** Milliseconds without progress. */
  readonly forMs: number
  readonly isVital: boolean
}

export interface Activities {
  /** Notes that something begins; what it gives notes that it ends. `what` carries no secret and nobody's text. */
  begin(what: string, options: ActivityOptions): () => void
  /** Finds what is overdue; those that were not at the last check. */
  check(): readonly Overdue[]
  overdue(): readonly Overdue[]
  /** What is under way, the oldest first, or has ended since `sinceMs`; at most some dozens. */
  during(sinceMs: number): readonly string[]
}

/** Activities that are watched at a time; what comes beyond them is under way all the same, and nobody is told. */
export const ACTIVITIES_MAX = 4096
/** Milliseconds that count between two checks: a clock that jumps or a machine that slept makes nothing overdue. */
export const CHECK_STEP_MS_MAX = 10_000
/** Names that are told, and ended activities that are remembered for it. */
const TOLD_MAX = 32

interface Activity extends ActivityOptions {
  readonly what: string
  idleMs: number
  lastProgress: number
  isTold: boolean
}

export function createActivities(clock: Pick<Clock, 'now'>): Activities {
  const open = new Set<Activity>()
  const ended: { readonly what: string; readonly atMs: number }[] = []
  let checkedAtMs = clock.now()

  const toOverdue = ({ what, idleMs, isVital = false }: Activity): Overdue => ({
    what,
    forMs: idleMs,
    isVital,
  })

  return {
    begin(what, options) {
      if (open.size >= ACTIVITIES_MAX) return () => {}
      const activity: Activity = {
        ...options,
        what,
        idleMs: 0,
        lastProgress: options.progress?.() ?? 0,
        isTold: false,
      }
      open.add(activity)
      return () => {
        if (!open.delete(activity)) return
        ended.push({ what, atMs: clock.now() })
        if (ended.length > TOLD_MAX) ended.shift()
      }
    },
    check() {
      const nowMs = clock.now()
      const stepMs = Math.min(CHECK_STEP_MS_MAX, Math.max(0, nowMs - checkedAtMs))
      checkedAtMs = nowMs
      const found: Overdue[] = []
      for (const activity of open) {
        const progress = activity.progress?.() ?? 0
        activity.idleMs = progress === activity.lastProgress ? activity.idleMs + stepMs : 0
        activity.lastProgress = progress
        if (activity.idleMs < activity.limitMs) activity.isTold = false
        else if (!activity.isTold) {
          activity.isTold = true
          found.push(toOverdue(activity))
          activity.onOverdue?.()
        }
      }
      return found
    },
    overdue: () => [...open].filter(({ idleMs, limitMs }) => idleMs >= limitMs).map(toOverdue),
    during(sinceMs) {
      const over = ended.filter(({ atMs }) => atMs >= sinceMs).map(({ what }) => what)
      const under: string[] = []
      for (const { what } of open) if (under.push(what) >= TOLD_MAX) break
      return [...under, ...over].slice(0, TOLD_MAX)
    },
  }
}
