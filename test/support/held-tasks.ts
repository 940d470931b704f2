/**
 * A real spore whose tasks stay open until a test ends them: what follows a task can then be watched while it does. All else
 * is the spore's own, and a task that has ended is as it is there.
 */
import { EventEmitter, on, once } from 'node:events'
import type { TaskEvent, TaskView } from '../../src/core/protocol/api.ts'
import type { Spore } from '../../src/core/spore.ts'

export interface HeldTasks {
  /** The spore as routes, tools and commands are given it. */
  readonly spore: Spore
  /** Streams of events that were opened, and those that are open now. */
  readonly opened: number
  readonly open: number
  /** Resolves with the id of the next task that is submitted. */
  submitted(): Promise<string>
  /** Resolves when so many streams were opened since the start. */
  streams(count: number): Promise<void>
  /** Tells everybody who follows the task, and whoever asks for it, what happens. */
  tell(id: string, event: TaskEvent): void
  /** Ends the task. */
  end(id: string): Promise<void>
  /** Breaks all streams off. */
  cut(): void
}

export interface HoldOptions {
  /** What is shown of a task that has ended, where that is not what the spore has. */
  readonly dress?: (task: TaskView) => TaskView
  /** Milliseconds after which a task ends by itself; by default it does not. */
  readonly endsAfterMs?: number
}

const HOUR_MS = 3_600_000

export function holdTasks(real: Spore, { dress = (task) => task, endsAfterMs }: HoldOptions = {}): HeldTasks {
  const bus = new EventEmitter().setMaxListeners(0)
  const held = new Map<string, TaskEvent[]>()
  const counts = { opened: 0, open: 0 }

  const view = async (id: string): ReturnType<Spore['task']> => {
    const task = await real.task(id)
    if (!task.ok) return task
    const told = held.get(id)
    return { ok: true, value: told ? asOpen(task.value, told) : dress(task.value) }
  }
  async function* events(id: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
    counts.open++
    const ends = new AbortController()
    const cut = () => ends.abort(new Error('cut'))
    bus.once('cut', cut)
    try {
      const steps = on(bus, id, { signal: AbortSignal.any([signal, ends.signal]) })
      const task = await view(id)
      counts.opened++
      bus.emit('opened')
      if (!task.ok) return
      yield { type: task.value.status === 'open' ? 'task' : 'done', task: task.value }
      if (task.value.status !== 'open') return
      for await (const [event] of steps as AsyncIterable<[TaskEvent]>) {
        yield event
        if (event.type === 'done') return
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      bus.off('cut', cut)
      counts.open--
    }
  }

  const heldTasks: HeldTasks = {
    get opened() {
      return counts.opened
    },
    get open() {
      return counts.open
    },
    async submitted() {
      const [id] = (await once(bus, 'submitted')) as [string]
      return id
    },
    async streams(count) {
      while (counts.opened < count) await once(bus, 'opened')
    },
    tell(id, event) {
      held.get(id)?.push(event)
      bus.emit(id, event)
    },
    async end(id) {
      held.delete(id)
      const task = await view(id)
      if (task.ok) bus.emit(id, { type: 'done', task: task.value } satisfies TaskEvent)
    },
    cut: () => void bus.emit('cut'),
    spore: {
      ...real,
      async submitTask(input) {
        const accepted = await real.submitTask(input)
        if (!accepted.ok) return accepted
        const { task_id } = accepted.value
        held.set(task_id, [])
        if (endsAfterMs !== undefined) setTimeout(() => void heldTasks.end(task_id), endsAfterMs)
        bus.emit('submitted', task_id)
        return { ok: true, value: { task_id, status: 'open' } }
      },
      task: view,
      async taskEvents(id, signal) {
        const task = await real.task(id)
        return task.ok ? { ok: true, value: events(id, signal) } : task
      },
      async cancelTask(id) {
        const task = await real.task(id)
        if (!task.ok) return task
        if (!held.has(id)) return real.cancelTask(id)
        held.delete(id)
        const cancelled = { ...asOpen(task.value, []), status: 'cancelled', phase: 'done' } as const
        bus.emit(id, { type: 'done', task: cancelled } satisfies TaskEvent)
        return { ok: true, value: cancelled }
      },
    },
  }
  return heldTasks
}

/** A task as it was before it ended, with what was said of it since. */
function asOpen(task: TaskView, told: readonly TaskEvent[]): TaskView {
  const open: TaskView = {
    ...task,
    status: 'open',
    phase: 'diverge',
    answer: null,
    reason: null,
    sources: [],
    settlement: null,
    degraded: false,
    degradedBecause: [],
    contributions: [],
    reviews: [],
    deadlineAt: new Date(Date.parse(task.createdAt) + HOUR_MS).toISOString(),
    answeredAt: null,
  }
  for (const event of told) {
    if (event.type === 'phase') Object.assign(open, { phase: event.phase, round: event.round })
    if (event.type === 'contribution') open.contributions.push(event.contribution)
    if (event.type === 'review') open.reviews.push(event.review)
  }
  return open
}
