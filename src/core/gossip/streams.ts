/**
 * Streams that spores hold open here because nobody can reach them: the way to them for what their neighbour has to tell.
 *
 * Invariants: at most `STREAMS_MAX` streams, one for each caller; at most one push and one announcement wait to be written to
 * each, and one that is not read for `STREAM_STALL_MS` is cut: its reader comes back, and pulls what it missed.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { STREAM_HEARTBEAT_MS, STREAM_STALL_MS, STREAMS_MAX } from '../protocol/limits.ts'
import { encodeIhave, type PushReply } from '../protocol/messages.ts'
import type { Courier } from './broadcast.ts'
import { encodeEvent, heartbeat } from './event-stream.ts'
import { KNOWN_LOGS_MAX } from './peers.ts'
import type { Known } from './plumtree.ts'

/** What is written to one caller. */
export interface EventSource {
  /** Each is asked for when the one before has been written out. Whoever stops reading must leave the loop. */
  readonly events: AsyncIterable<Uint8Array>
  /** Aborts when the stream is over, also where nobody reads it. */
  readonly signal: AbortSignal
}

export interface Streams {
  /** Opens a stream to a caller, in the place of one that it had. Failure OVERLOADED. */
  open(did: Did): Result<EventSource, Failure>
  close(did: Did): void
  closeAll(): void
  /** Who holds streams. */
  holders(): Did[]
  /** What the holder of a stream has, as far as was seen. */
  get(did: Did): StreamLink | undefined
}

export interface StreamLink {
  readonly courier: Courier
  readonly known: Known
  readonly knownForks: Known
}

export interface StreamsDeps {
  readonly clock: Clock
  readonly onOpened: (did: Did, link: StreamLink) => void
  readonly onClosed: (did: Did) => void
}

/** Bytes of frames in one event, but for the frame that crosses it: a stream is held by who has little of everything. */
const EVENT_PUSH_BYTES = 256 * 1024
/** What is written to a stream is answered by requests, if at all. */
const UNANSWERED: PushReply = { new: 0, dup: 0, failures: [], want: [], prune: false, linked: true }

interface Waiting {
  readonly bytes: Uint8Array
  settle(isWritten: boolean): void
}

export function createStreams({ clock, onOpened, onClosed }: StreamsDeps): Streams {
  const held = new Map<Did, StreamLink & { close(): void }>()

  const create = (did: Did) => {
    const closing = new AbortController()
    const queue: Waiting[] = []
    let current: Waiting | null = null
    let wake = (): void => {}
    let isNew = true

    const close = (): void => {
      if (closing.signal.aborted) return
      closing.abort()
      if (held.get(did) === stream) held.delete(did)
      wake()
      for (const waiting of [...(current ? [current] : []), ...queue]) waiting.settle(false)
      onClosed(did)
    }

    const write = async (bytes: Uint8Array): Promise<Result<void, Failure>> => {
      if (closing.signal.aborted) return err(failure('PEER_UNREACHABLE', 'the stream is over'))
      const written = new AbortController()
      let isWritten = false
      queue.push({
        bytes,
        settle(done) {
          isWritten = done
          written.abort()
        },
      })
      wake()
      await clock.sleep(STREAM_STALL_MS, written.signal)
      if (isWritten) return ok(undefined)
      close()
      return err(failure('PEER_UNREACHABLE', 'the stream is not read'))
    }

    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      current?.settle(true)
      current = null
      // At once: some proxies hold the head of a reply back until there is a body.
      if (isNew) {
        isNew = false
        return { done: false, value: heartbeat() }
      }
      while (!closing.signal.aborted) {
        current = queue.shift() ?? null
        if (current) return { done: false, value: current.bytes }
        const pause = new AbortController()
        wake = () => pause.abort()
        await clock.sleep(STREAM_HEARTBEAT_MS, pause.signal)
        if (!pause.signal.aborted) return { done: false, value: heartbeat() }
      }
      return { done: true, value: undefined }
    }

    const stream = {
      close,
      known: createBoundedMap(KNOWN_LOGS_MAX) as Known,
      knownForks: createBoundedMap(KNOWN_LOGS_MAX) as Known,
      courier: {
        pushBytes: EVENT_PUSH_BYTES,
        async push(frames) {
          const written = await write(encodeEvent('push', frames))
          return written.ok ? ok(UNANSWERED) : written
        },
        async announce(rows) {
          const written = await write(encodeEvent('ihave', encodeIhave(rows)))
          return written.ok ? ok({ want: [], linked: true }) : written
        },
      } satisfies Courier,
      source: {
        signal: closing.signal,
        events: {
          [Symbol.asyncIterator]: () => ({
            next,
            async return() {
              close()
              return { done: true as const, value: undefined }
            },
          }),
        },
      } satisfies EventSource,
    }
    return stream
  }

  return {
    open(did) {
      held.get(did)?.close()
      if (held.size >= STREAMS_MAX) return err(failure('OVERLOADED', 'too many streams are open'))
      const stream = create(did)
      held.set(did, stream)
      onOpened(did, stream)
      return ok(stream.source)
    },
    close(did) {
      held.get(did)?.close()
    },
    closeAll() {
      for (const stream of [...held.values()]) stream.close()
    },
    holders: () => [...held.keys()],
    get: (did) => held.get(did),
  }
}
