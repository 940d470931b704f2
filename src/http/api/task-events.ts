/** GET /api/task/{id}/events: what happens at one task as server-sent events, until it is over. */
import { z } from 'zod'
import { idSchema, type TaskEvent, taskEventSchema } from '../../core/protocol/api.ts'
import type { ServerEvent } from '../event-stream.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const taskEventsRoute: Route = async (app, { spore, streams }) => {
  app.get(
    '/api/task/:id/events',
    {
      exposeHeadRoute: false,
      config: { streams: true },
      schema: {
        tags: ['task'],
        summary: 'What happens at one task, as server-sent events',
        description:
          'Each event has `event` (its type) and `data` (JSON). The first, `task`, is how it stands; the last, `done`, how it ended, ' +
          'and the stream ends behind it. A stream that broke off is opened again, or the task is asked: there is nothing to resume by.',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        response: {
          200: { description: 'A stream', content: { 'text/event-stream': { schema: taskEventSchema } } },
          ...problems,
        },
      },
    },
    (request, reply) =>
      streams.send(reply, async (signal) =>
        toServerEvents(unwrap(await spore.taskEvents(request.params.id, signal))),
      ),
  )
}

async function* toServerEvents(events: AsyncIterable<TaskEvent>): AsyncGenerator<ServerEvent> {
  for await (const event of events) yield { type: event.type, data: event }
}
