/** The change feed as events for people and tools: replayed from the store, then followed live. */
import type { Did, SpaceId } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import { eventTypes, type SporeEvent } from '../protocol/api.ts'
import { decodeCall } from '../protocol/call-payload.ts'
import { entryDigest } from '../protocol/entry.ts'
import { KINDS } from '../protocol/kinds.ts'
import { decodeMemory } from '../protocol/payloads.ts'
import {
  decodeContribution,
  decodeResolution,
  decodeReview,
  decodeSynthesis,
  decodeTask,
} from '../protocol/task-payloads.ts'
import { type Change, rowToChange } from './change.ts'
import { timeToIso } from './clock.ts'
import type { Memory } from './memory.ts'
import type { Spaces } from './spaces.ts'
import type { MemoryStore } from './store.ts'
import type { Writer } from './writer.ts'

/** Characters of an entry's text that an event shows; the rest is fetched by id. */
const EXCERPT_CHARS = 280
const BATCH = 128

export interface EventsDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Pick<Spaces, 'nameOf'>
  /** Who is hidden now, by space; nobody where it is left out. */
  readonly hides?: () => ((author: Did, space: SpaceId) => boolean) | undefined
}

/**
 * Events behind arrival number `after` (only new ones when null) until `signal` aborts. Each consumer reads from the
 * store at its own pace, so a slow one costs no memory and misses nothing.
 */
export function createEvents({ memory, store, writer, spaces, hides }: EventsDeps) {
  const waiting = new Set<() => void>()
  writer.onCommitted((applied) => {
    if (applied.length > 0) for (const wake of waiting) wake()
  })

  return async function* events(after: number | null, signal: AbortSignal): AsyncIterable<SporeEvent> {
    let position = after ?? memory.arrival
    while (!signal.aborted) {
      const rows = await store.entriesAfter(position, BATCH)
      const isHidden = hides?.()
      for (const row of rows) {
        position = row.arrival
        const log = memory.logs.get(row.logId)
        const event = memory.quarantine.guard('events', row, null, () => {
          const change = log && rowToChange(row, log)
          return change && !isHidden?.(change.author, change.space) ? toEvent(change, spaces) : null
        })
        if (event) yield event
        if (signal.aborted) return
      }
      if (rows.length === 0 && memory.arrival <= position) await nextCommit(signal)
    }
  }

  function nextCommit(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
    })
  }
}

function toEvent(change: Change, spaces: Pick<Spaces, 'nameOf'>): SporeEvent {
  const { text, task } = describe(change)
  const type = eventTypes.find((name) => name !== 'entry' && KINDS[name] === change.kind) ?? 'entry'
  return {
    id: change.arrival,
    type,
    data: {
      id: type === 'retract' || type === 'entry' ? null : digestToCid(change.element),
      entry: digestToCid(entryDigest(change.header)),
      author: change.author,
      space: spaces.nameOf(change.space),
      createdAt: timeToIso(change.clock),
      text: text?.slice(0, EXCERPT_CHARS).toWellFormed() ?? null,
      task_id: task && digestToCid(task),
    },
  }
}

function describe({ kind, payload, element }: Change) {
  if (!payload) return { text: null, task: null }
  switch (kind) {
    case KINDS.memory:
      return { text: decodeMemory(payload)?.text ?? null, task: null }
    case KINDS.task:
      return { text: decodeTask(payload)?.text ?? null, task: element }
    case KINDS.contribution: {
      const contribution = decodeContribution(payload)
      return {
        text:
          contribution?.seal === null ? (contribution.outcome.text ?? contribution.outcome.failure) : null,
        task: contribution?.task ?? null,
      }
    }
    case KINDS.call:
      return { text: null, task: decodeCall(payload)?.task ?? null }
    case KINDS.review:
      return { text: null, task: decodeReview(payload)?.task ?? null }
    case KINDS.resolution: {
      const resolution = decodeResolution(payload)
      return { text: resolution?.correction ?? resolution?.verdict ?? null, task: resolution?.task ?? null }
    }
    case KINDS.synthesis: {
      const synthesis = decodeSynthesis(payload)
      return {
        text: synthesis?.outcome.text ?? synthesis?.outcome.failure ?? null,
        task: synthesis?.task ?? null,
      }
    }
    default:
      return { text: null, task: null }
  }
}
