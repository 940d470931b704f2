/**
 * POST /api/task/{id}/cancel: ends a task that this spore asked. Not DELETE: the task and what was said about it stay, here and
 * wherever they have gone; what DELETE does to a memory, no longer to be seen, it would not do to a task.
 */
import { z } from 'zod'
import { idSchema, taskSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const cancelTaskRoute: Route = async (app, { spore }) => {
  app.post(
    '/api/task/:id/cancel',
    {
      schema: {
        tags: ['task'],
        summary: 'End a task that this spore asked, without an answer',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        response: { 200: taskSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.cancelTask(request.params.id)),
  )
}
