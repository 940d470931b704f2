/**
 * Watches over the process: an event loop that stalls, and what is under way and never ends. It says so, in the log and to
 * whoever asks, and lets go what can be let go (`base/activities.ts`); it ends nothing else, least of all the process: that
 * is the supervisor's, who is told by `/readyz`.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import type { Activities } from '../core/base/activities.ts'
import type { Log } from '../core/base/ports.ts'
import { LOOP_STALL_MS } from '../core/protocol/limits.ts'
import type { WatchdogView } from '../core/protocol/vitals.ts'

export interface Watchdog extends Disposable {
  view(): WatchdogView
}

export interface WatchdogOptions {
  readonly activities: Activities
  readonly log: Log
  readonly tickMs?: number
  readonly stallMs?: number
}

const TICK_MS = 250

export function startWatchdog({
  activities,
  log,
  tickMs = TICK_MS,
  stallMs = LOOP_STALL_MS,
}: WatchdogOptions): Watchdog {
  let stalls = 0
  let longestMs = 0
  let lastMs = 0
  let tickedAtMs = performance.now()
  let cpuBefore = process.cpuUsage()

  const noteStall = (lateMs: number): void => {
    stalls++
    lastMs = Math.round(lateMs)
    longestMs = Math.max(longestMs, lastMs)
    const { user, system } = process.cpuUsage(cpuBefore)
    // Little time of the processor in it: the machine was busy with others, or asleep.
    const cpuMs = Math.round((user + system) / 1000)
    const running = activities.during(Date.now() - lateMs - tickMs)
    log.warn('the event loop stalled', { stalledMs: lastMs, cpuMs, running })
  }

  const timer = setInterval(() => {
    const nowMs = performance.now()
    const lateMs = nowMs - tickedAtMs - tickMs
    tickedAtMs = nowMs
    if (lateMs >= stallMs) noteStall(lateMs)
    cpuBefore = process.cpuUsage()
    for (const { what, forMs, isVital } of activities.check())
      log.error('something does not end', { what, forMs, isVital })
  }, tickMs)
  timer.unref()

  return {
    view: () => ({ stalls, longestMs, lastMs, overdue: [...activities.overdue()] }),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
