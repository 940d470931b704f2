/**
 * Virtual time: a queue of events. The world stands still while an event is handled, promises that it settles included;
 * then comes the next one. So a seed decides every interleaving.
 *
 * Invariants: events happen in the order of their time, and of their making where that is the same; what a life was to do
 * after its end is dropped.
 */

/** One run of a spore, from its start to its crash or its stop. */
export interface Life {
  isOver: boolean
}

export interface Timer {
  /** The event no longer happens; nothing where it has. */
  cancel(): void
}

export interface Scheduler {
  /** Milliseconds since the world began; they never go back, whatever the wall clocks do. */
  readonly elapsedMs: number
  /** Events that happened. */
  readonly steps: number
  after(delayMs: number, life: Life | null, run: () => void): Timer
  /** Resolves after `delayMs`; never where the life has ended by then. */
  wait(delayMs: number, life: Life | null): Promise<void>
  /** Lets events happen until `isDone`, asked before each, or until there is none. What they throw rejects. */
  drive(isDone: () => boolean, afterEach?: () => void): Promise<void>
}

interface Event extends Timer {
  readonly atMs: number
  readonly order: number
  readonly life: Life | null
  /** Null once it has happened or was cancelled. */
  run: (() => void) | null
  /** Where it stands in the heap; −1 outside of it. */
  at: number
}

/** Events between two turns of the event loop; promises are settled after each of them all the same. */
const BATCH = 64

export function createScheduler(): Scheduler {
  const heap = createHeap()
  let elapsedMs = 0
  let order = 0
  let steps = 0

  const after: Scheduler['after'] = (delayMs, life, run) => {
    const event: Event = {
      atMs: elapsedMs + Math.max(0, delayMs),
      order: order++,
      life,
      run,
      at: -1,
      // Out at once: most are timeouts of requests that were answered, and would wait here, a hundred times as many as the others.
      cancel() {
        event.run = null
        heap.remove(event)
      },
    }
    heap.push(event)
    return event
  }

  /** Handles the next event; false where there is none. */
  const step = (): boolean => {
    for (;;) {
      const event = heap.pop()
      if (!event) return false
      if (!event.run || event.life?.isOver) continue
      elapsedMs = event.atMs
      steps++
      const { run } = event
      event.run = null
      run()
      return true
    }
  }

  return {
    get elapsedMs() {
      return elapsedMs
    },
    get steps() {
      return steps
    },
    after,
    wait: (delayMs, life) => new Promise((resolve) => void after(delayMs, life, resolve)),
    drive(isDone, afterEach) {
      return new Promise((resolve, reject) => {
        let isOver = false
        let hasStepped = false
        const tick = (): void => {
          if (isOver) return
          try {
            // What the event settled has been handled by now: microtasks run between two immediates.
            if (hasStepped) afterEach?.()
            if (!isDone() && step()) {
              hasStepped = true
              return
            }
            isOver = true
            resolve()
          } catch (error) {
            isOver = true
            reject(error)
          }
        }
        const pump = (): void => {
          if (isOver) return
          for (let i = 0; i < BATCH; i++) setImmediate(tick)
          setImmediate(pump)
        }
        pump()
      })
    },
  }
}

/** A binary heap by time and order. */
function createHeap() {
  const events: Event[] = []
  const isBefore = (a: Event, b: Event): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

  const put = (event: Event, at: number): void => {
    events[at] = event
    event.at = at
  }
  /** Puts an event at a free place, or above it. */
  const rise = (event: Event, from: number): void => {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = events[parent] as Event
      if (!isBefore(event, above)) break
      put(above, at)
      at = parent
    }
    put(event, at)
  }
  /** Puts an event at a free place, or below it. */
  const sink = (event: Event, from: number): void => {
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= events.length) break
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event)) child++
      if (!isBefore(events[child] as Event, event)) break
      put(events[child] as Event, at)
      at = child
    }
    put(event, at)
  }
  const remove = (event: Event): void => {
    const { at } = event
    if (at < 0) return
    event.at = -1
    const last = events.pop() as Event
    if (last === event) return
    sink(last, at)
    rise(last, last.at)
  }

  return {
    push(event: Event): void {
      events.push(event)
      rise(event, events.length - 1)
    },
    remove,
    pop(): Event | undefined {
      const [first] = events
      if (first) remove(first)
      return first
    },
  }
}
