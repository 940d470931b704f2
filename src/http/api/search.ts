/** GET /api/memory/search: hits for a question, best first. */
import { searchQuerySchema, searchReplySchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const searchRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/memory/search',
    {
      config: { whileOpening: true },
      schema: {
        tags: ['memory'],
        summary: 'Search memories',
        querystring: searchQuerySchema,
        response: { 200: searchReplySchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.search(request.query)),
  )
}
