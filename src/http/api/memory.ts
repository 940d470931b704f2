/** GET /api/memory/{id}: one memory with its provenance. */
import { z } from 'zod'
import { idSchema, memorySchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const memoryRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/memory/:id',
    {
      schema: {
        tags: ['memory'],
        summary: 'One memory with its provenance',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        response: { 200: memorySchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.memory(request.params.id)),
  )
}
