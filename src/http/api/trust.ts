/** GET /api/trust/{id}: what this spore knows of an author. */
import { z } from 'zod'
import { trustSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const trustRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/trust/:id',
    {
      schema: {
        tags: ['trust'],
        summary: 'What this spore knows of an author',
        params: z.strictObject({ id: z.string().describe('did:key of the author') }),
        querystring: emptyQuerySchema,
        response: { 200: trustSchema, ...problems },
      },
    },
    async (request) => unwrap(spore.trust(request.params.id)),
  )
}
