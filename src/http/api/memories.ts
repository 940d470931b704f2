/** GET /api/memory: figures, frontier and the newest memories, a page at a time. */
import { memoryPageQuerySchema, memoryPageSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const memoriesRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/memory',
    {
      schema: {
        tags: ['memory'],
        summary: 'Figures, frontier and the newest memories',
        querystring: memoryPageQuerySchema,
        response: { 200: memoryPageSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.memories(request.query)),
  )
}
