/**
 * Follows a task to its end, whatever becomes of the stream that tells of it: where that breaks off or there are too many,
 * the task itself is asked how it stands, and the stream is opened again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from '../core/base/result.ts'
import type { TaskEvent, TaskView } from '../core/protocol/api.ts'
import { type ErrorCode, type Failure, SporeError } from '../core/protocol/errors.ts'

/** The two methods of the `Spore` interface that are needed, of a spore in this process or of one elsewhere. */
export interface TaskSource {
  task(id: string): Promise<Result<TaskView, Failure>>
  taskEvents(id: string, signal: AbortSignal): Promise<Result<AsyncIterable<TaskEvent>, Failure>>
}

/** Milliseconds before a stream that broke off is opened again the first time; doubled each time, up to the most. */
export interface Pauses {
  readonly firstMs: number
  readonly maxMs: number
}
const PAUSES: Pauses = { firstMs: 100, maxMs: 2000 }
/** Times in a row that nobody answers before the spore counts as gone: about 7 s, as long as a restart takes. */
const SILENCES_MAX = 8

/** Failures that pass: the spore starts again, or has too many streams open. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['SPORE_UNREACHABLE', 'OVERLOADED'])

/**
 * Yields what happens, `done` last; without that where `signal` aborts. What was told before a stream broke off may be told
 * again, and steps in between may be missing: a `task` event holds all that was said so far. Throws `SporeError` with the
 * failure of `task` or `taskEvents`; one that passes only when it does not.
 */
export async function* followTask(
  source: TaskSource,
  id: string,
  signal: AbortSignal,
  { firstMs, maxMs }: Pauses = PAUSES,
): AsyncGenerator<TaskEvent> {
  let silences = 0
  for (let pauseMs = firstMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, maxMs)) {
    for await (const event of stream(source, id, signal)) {
      pauseMs = firstMs
      yield event
      if (event.type === 'done') return
    }
    if (signal.aborted) return
    const task = await source.task(id)
    if (signal.aborted) return
    if (task.ok) {
      silences = 0
      yield { type: task.value.status === 'open' ? 'task' : 'done', task: task.value }
      if (task.value.status !== 'open') return
    } else if (!PASSING.has(task.error.code) || ++silences >= SILENCES_MAX) throw toError(task.error)
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
  }
}

/** The events of one stream until it ends, however it does; what does not pass is thrown. */
async function* stream(source: TaskSource, id: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
  const events = await source.taskEvents(id, signal)
  if (!events.ok) {
    if (PASSING.has(events.error.code) || signal.aborted) return
    throw toError(events.error)
  }
  try {
    yield* events.value
  } catch (error) {
    if (signal.aborted || (error instanceof SporeError && PASSING.has(error.code))) return
    throw error
  }
}

const toError = ({ code, detail }: Failure): SporeError => new SporeError(code, detail)
