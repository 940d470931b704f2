/** DELETE /api/memory/{id}: retracts this spore's own entries of a memory. */
import { z } from 'zod'
import { idSchema, retractedSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const retractRoute: Route = async (app, { spore }) => {
  app.delete(
    '/api/memory/:id',
    {
      schema: {
        tags: ['memory'],
        summary: 'Retract this spore’s own entries of a memory',
        params: z.strictObject({ id: idSchema }),
        querystring: emptyQuerySchema,
        response: { 200: retractedSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.retract(request.params.id)),
  )
}
