/** GET /api/federation/status: the peers with all that is known of them, and how this spore and others see one another. */
import { federationStatusSchema } from '../../core/protocol/api.ts'
import { problems } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const federationStatusRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/federation/status',
    {
      schema: {
        tags: ['peers'],
        summary: 'The federation as this spore sees it: state, lag and reachability of each peer',
        querystring: emptyQuerySchema,
        response: { 200: federationStatusSchema, ...problems },
      },
    },
    async () => spore.federationStatus(),
  )
}
