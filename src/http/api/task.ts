/** GET /api/task/{id}: one task with its contributions, answer and sources. */
import { z } from 'zod'
import { idSchema, taskSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const taskRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/task/:id',
    {
      schema: {
        tags: ['task'],
        summary: 'One task with its answer and sources',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        response: { 200: taskSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.task(request.params.id)),
  )
}
