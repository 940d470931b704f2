/** POST /api/task/{id}/resolution: the operator's word on an answer, from which trust is learnt. */
import { z } from 'zod'
import { idSchema, resolutionInputSchema, taskSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const resolveTaskRoute: Route = async (app, { spore }) => {
  app.post(
    '/api/task/:id/resolution',
    {
      schema: {
        tags: ['task'],
        summary: 'Say whether the answer of a task is right, wrong, or what the right one is',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        body: resolutionInputSchema,
        response: { 200: taskSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.resolveTask(request.params.id, request.body)),
  )
}
