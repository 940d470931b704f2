/**
 * Server-sent events, written by hand: a stream holds a socket, so how many there are and how much each may buffer is
 * bounded here, for all routes of a server together.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Log } from '../core/base/ports.ts'
import { SporeError } from '../core/protocol/errors.ts'
import {
  EVENT_HEARTBEAT_MS,
  EVENT_STREAM_BUFFER_BYTES_MAX,
  EVENT_STREAMS_MAX,
} from '../core/protocol/limits.ts'
import { takeOver } from './take-over.ts'

/** One event as it goes out: its data as JSON. */
export interface ServerEvent {
  /** What `Last-Event-ID` resumes behind; left out where a stream cannot be resumed. */
  readonly id?: number
  readonly type: string
  readonly data: unknown
}

export interface EventStreamsOptions {
  readonly log: Log
  /** Milliseconds that a stream with a full buffer is waited for. */
  readonly stallMs: number
}

export interface EventStreams {
  /**
   * Answers a request with events until they end, the client goes, `close` is called, or the client reads too slowly.
   * `open` is called before the head leaves, so what it throws is still a problem of its own. Throws `SporeError`
   * OVERLOADED where as many streams are open as may be.
   */
  send(
    reply: FastifyReply,
    open: (signal: AbortSignal) => AsyncIterable<ServerEvent> | Promise<AsyncIterable<ServerEvent>>,
  ): Promise<void>
  /** Ends all streams: they need not end by themselves, so a closing server would wait for them for ever. */
  close(): void
}

/** Milliseconds after which a client that lost the stream should come back. */
const RETRY_MS = 2000
/** Seconds after which it is worth to ask for a stream again where there are too many. */
const RETRY_AFTER_SECONDS = 5

export function createEventStreams({ log, stallMs }: EventStreamsOptions): EventStreams {
  const streams = new Set<AbortController>()
  return {
    async send(reply, open) {
      if (streams.size >= EVENT_STREAMS_MAX)
        throw new SporeError('OVERLOADED', `There are ${EVENT_STREAMS_MAX} event streams open already.`, {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        })
      const stream = new AbortController()
      streams.add(stream)
      reply.raw.once('close', () => stream.abort())
      try {
        const events = await open(stream.signal)
        await write(takeOver(reply), events, stream.signal, { log, stallMs })
      } finally {
        streams.delete(stream)
      }
    },
    close() {
      for (const stream of streams) stream.abort()
    },
  }
}

/** Never rejects: status and head are gone, so all that can be said of a failure is that the stream ends. */
async function write(
  raw: ServerResponse,
  events: AsyncIterable<ServerEvent>,
  signal: AbortSignal,
  { log, stallMs }: EventStreamsOptions,
): Promise<void> {
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // A connection that outlived its stream would only keep a closing server waiting.
    connection: 'close',
  })
  const heartbeat = setInterval(() => raw.write(':\n\n'), EVENT_HEARTBEAT_MS)
  raw.write(`retry: ${RETRY_MS}\n\n`)
  try {
    for await (const event of events) {
      raw.write(toFrame(event))
      if (raw.writableLength > EVENT_STREAM_BUFFER_BYTES_MAX) await drained(raw, signal, stallMs)
    }
    raw.end()
  } catch (error) {
    if (!signal.aborted) log.warn('event stream cut', { error })
    raw.destroy()
  } finally {
    clearInterval(heartbeat)
  }
}

/** Waits for a full buffer to empty; rejects when that takes too long or the stream is over. */
async function drained(raw: ServerResponse, signal: AbortSignal, stallMs: number): Promise<void> {
  await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(stallMs)]) })
}

const toFrame = ({ id, type, data }: ServerEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
