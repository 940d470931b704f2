/** GET /api/convergence: how far the open tasks are from an answer, or one task. */
import { convergenceQuerySchema, convergenceSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const convergenceRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/convergence',
    {
      schema: {
        tags: ['task'],
        summary: 'How far open tasks are: phase, round, agreement, who is missing',
        querystring: convergenceQuerySchema,
        response: { 200: convergenceSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.convergence(request.query)),
  )
}
