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
  run: (() => void) | null
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
      cancel() {
        event.run = null
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
  return {
    push(event: Event): void {
      let at = events.length
      while (at > 0) {
        const parent = (at - 1) >> 1
        const above = events[parent] as Event
        if (!isBefore(event, above)) break
        events[at] = above
        at = parent
      }
      events[at] = event
    },
    pop(): Event | undefined {
      const first = events[0]
      const last = events.pop()
      if (!first || !last || events.length === 0) return first
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= events.length) break
        if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event)) child++
        if (!isBefore(events[child] as Event, last)) break
        events[at] = events[child] as Event
        at = child
      }
      events[at] = last
      return first
    },
  }
}
