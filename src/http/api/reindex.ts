/** POST /api/reindex: vectors of another model are dropped, and made again in the background. */
import { embeddingsSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const reindexRoute: Route = async (app, { spore }) => {
  app.post(
    '/api/reindex',
    {
      schema: {
        tags: ['memory'],
        summary: 'Drop the vectors of all memories and embed everything again',
        description: 'After a change of the embedding model. Words find everything meanwhile.',
        querystring: emptyQuerySchema,
        response: { 200: embeddingsSchema, ...problems },
      },
    },
    async () => unwrap(await spore.reindex()),
  )
}
