/** GET /api/memory/context: recalled memories, fenced and cut to a token budget, ready for a model. */
import { contextPackSchema, contextQuerySchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const contextRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/memory/context',
    {
      schema: {
        tags: ['memory'],
        summary: 'Recalled memories as data for a model',
        querystring: contextQuerySchema,
        response: { 200: contextPackSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.contextPack(request.query)),
  )
}
