/** What happens at tasks, told to those who follow them. */
import type { Digest } from '../base/brand.ts'
import type * as api from '../protocol/api.ts'

export interface TaskEvents {
  /** Whether anybody follows a question: else nothing has to be made of what happens. */
  isFollowed(question: Digest): boolean
  tell(question: Digest, event: api.TaskEvent): void
  /** Begins with `first`; ends behind `done`, or when `signal` aborts. */
  follow(question: Digest, first: api.TaskEvent, signal: AbortSignal): AsyncIterable<api.TaskEvent>
}

/** Steps that wait for a consumer; of more the oldest are left out, and `done` never is. */
export const TASK_EVENTS_WAITING_MAX = 256

interface Follower {
  readonly waiting: api.TaskEvent[]
  wake: () => void
}

export function createTaskEvents(): TaskEvents {
  const followers = new Map<Digest, Set<Follower>>()

  return {
    isFollowed: (question) => followers.has(question),
    tell(question, event) {
      for (const follower of followers.get(question) ?? []) {
        if (follower.waiting.length >= TASK_EVENTS_WAITING_MAX) follower.waiting.shift()
        follower.waiting.push(event)
        follower.wake()
      }
    },
    follow(question, first, signal) {
      const follower: Follower = { waiting: [first], wake: () => {} }
      const all = followers.get(question) ?? new Set()
      followers.set(question, all.add(follower))
      const leave = (): void => {
        all.delete(follower)
        if (all.size === 0 && followers.get(question) === all) followers.delete(question)
        follower.wake()
      }
      signal.addEventListener('abort', leave, { once: true })
      return read(follower, signal, () => {
        signal.removeEventListener('abort', leave)
        leave()
      })
    },
  }
}

async function* read(
  follower: Follower,
  signal: AbortSignal,
  leave: () => void,
): AsyncIterable<api.TaskEvent> {
  try {
    while (!signal.aborted) {
      const event = follower.waiting.shift()
      if (event) yield event
      if (event?.type === 'done') return
      if (follower.waiting.length === 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          follower.wake = resolve
        })
    }
  } finally {
    leave()
  }
}
