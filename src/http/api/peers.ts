/** GET /api/peers: the spores this one syncs with, and how that goes. */
import { peerPageSchema } from '../../core/protocol/api.ts'
import { problems } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const peersRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/peers',
    {
      schema: {
        tags: ['peers'],
        summary: 'The spores this one syncs with',
        querystring: emptyQuerySchema,
        response: { 200: peerPageSchema, ...problems },
      },
    },
    async () => ({ peers: [...spore.peers()] }),
  )
}
