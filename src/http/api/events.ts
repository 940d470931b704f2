/**
 * GET /api/events: the change feed as server-sent events, resumable by Last-Event-ID. Written by hand: a stream holds
 * a socket, so how many there are and how much each may buffer is bounded here.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { type SporeEvent, sporeEventSchema } from '../../core/protocol/api.ts'
import { SporeError } from '../../core/protocol/errors.ts'
import {
  EVENT_HEARTBEAT_MS,
  EVENT_STREAM_BUFFER_BYTES_MAX,
  EVENT_STREAMS_MAX,
} from '../../core/protocol/limits.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'
import type { RouteContext } from '../server.ts'
import { takeOver } from '../take-over.ts'
import { check } from '../validation.ts'

const arrivalSchema = z.coerce.number().int().min(0)
const eventsQuerySchema = z.strictObject({
  lastEventId: arrivalSchema.optional().describe('Like Last-Event-ID, for clients that cannot set headers'),
})

/** Milliseconds after which a client that lost the stream should come back. */
const RETRY_MS = 2000

export const eventsRoute: Route = async (app, context) => {
  const streams = new Set<AbortController>()
  // Streams never end by themselves, so a closing server would wait for them for ever.
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.abort()
  })
  app.get(
    '/api/events',
    {
      exposeHeadRoute: false,
      config: { streams: true },
      schema: {
        tags: ['spore'],
        summary: 'What changes, as server-sent events',
        description:
          'Each event has `id` (pass it as Last-Event-ID to resume behind it), `event` (its type) and `data` (JSON). ' +
          'Without an id the stream starts with what comes next; 0 starts with the first event.',
        querystring: eventsQuerySchema,
        response: {
          200: { description: 'A stream', content: { 'text/event-stream': { schema: sporeEventSchema } } },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const header = request.headers['last-event-id']
      // The header wins: a browser that reconnects sends it beside the query it was opened with.
      const after =
        header === undefined
          ? (request.query.lastEventId ?? null)
          : unwrap(check(arrivalSchema, header === '' ? null : header, 'headers.last-event-id'))
      if (streams.size >= EVENT_STREAMS_MAX) {
        reply.header('retry-after', '5')
        throw new SporeError('OVERLOADED', `There are ${EVENT_STREAMS_MAX} event streams open already.`)
      }
      const stream = new AbortController()
      streams.add(stream)
      const raw = takeOver(reply)
      raw.on('close', () => stream.abort())
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // A connection that outlived its stream would only keep a closing server waiting.
        connection: 'close',
      })
      await follow(raw, after, stream, context).finally(() => streams.delete(stream))
    },
  )
}

/** Writes events until the client goes, the server closes, or the client reads too slowly. Never rejects. */
async function follow(
  raw: ServerResponse,
  after: number | null,
  stream: AbortController,
  { spore, log, eventStallMs }: RouteContext,
): Promise<void> {
  const heartbeat = setInterval(() => raw.write(':\n\n'), EVENT_HEARTBEAT_MS)
  raw.write(`retry: ${RETRY_MS}\n\n`)
  try {
    for await (const event of spore.events(after, stream.signal)) {
      raw.write(toFrame(event))
      if (raw.writableLength > EVENT_STREAM_BUFFER_BYTES_MAX) await drained(raw, stream.signal, eventStallMs)
    }
    raw.end()
  } catch (error) {
    // Status and head are gone, so all that can be said is that the stream ends here; the client resumes by its id.
    if (!stream.signal.aborted) log.warn('event stream cut', { error })
    raw.destroy()
  } finally {
    clearInterval(heartbeat)
  }
}

/** Waits for a full buffer to empty; rejects when that takes too long or the stream is over. */
async function drained(raw: ServerResponse, signal: AbortSignal, stallMs: number): Promise<void> {
  await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(stallMs)]) })
}

const toFrame = ({ id, type, data }: SporeEvent): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`
