/** GET /api/events: the change feed as server-sent events, resumable by Last-Event-ID. */
import { z } from 'zod'
import { sporeEventSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'
import { check } from '../validation.ts'

const arrivalSchema = z.coerce.number().int().min(0)
const eventsQuerySchema = z.strictObject({
  lastEventId: arrivalSchema.optional().describe('Like Last-Event-ID, for clients that cannot set headers'),
})

export const eventsRoute: Route = async (app, { spore, streams }) => {
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
      await streams.send(reply, (signal) => spore.events(after, signal))
    },
  )
}
