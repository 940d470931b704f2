/** Waits for a task to end, for commands that ask questions. */
import type { TaskEvent, TaskView } from '../core/protocol/api.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { followTask, type TaskSource } from '../http/follow-task.ts'

/** Milliseconds beyond its own deadline that a task is waited for: its last answer is then being put together. */
const GRACE_MS = 60_000
/** Milliseconds that a timer of Node can run. */
const TIMER_MS_MAX = 2 ** 31 - 1

export interface AwaitOptions {
  /** Null for as long as the task was given, and `GRACE_MS`. */
  readonly timeoutMs: number | null
  /** Aborts the wait, not the task. */
  readonly signal: AbortSignal
  readonly onEvent?: (event: TaskEvent) => void
}

/** The task once it is over. Throws `SporeError` TASK_OPEN where it is not when the time is up or `signal` aborts. */
export async function awaitTask(source: TaskSource, id: string, options: AwaitOptions): Promise<TaskView> {
  const late = new AbortController()
  let timer = options.timeoutMs === null ? null : startTimer(options.timeoutMs, late)
  try {
    for await (const event of followTask(source, id, AbortSignal.any([options.signal, late.signal]))) {
      options.onEvent?.(event)
      if (event.type === 'done') return event.task
      if (event.type === 'task') timer ??= startTimer(lifetimeMs(event.task) + GRACE_MS, late)
    }
  } finally {
    clearTimeout(timer ?? undefined)
  }
  throw new SporeError('TASK_OPEN', `task ${id} stays open; look again with "spore task ${id}"`)
}

/** From asking to the deadline, by the clock of whoever asked: the clock of this machine may be another one. */
function lifetimeMs({ createdAt, deadlineAt }: TaskView): number {
  const ms = Date.parse(deadlineAt) - Date.parse(createdAt)
  return Number.isFinite(ms) && ms > 0 ? ms : 0
}

const startTimer = (ms: number, late: AbortController): NodeJS.Timeout =>
  setTimeout(() => late.abort(), Math.min(ms, TIMER_MS_MAX))
