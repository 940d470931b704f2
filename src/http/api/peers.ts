/** GET /api/peers: the spores this one syncs with, and how that goes; with labels, spores that have them. */
import { peerPageSchema } from '../../core/protocol/api.ts'
import { peerQuerySchema } from '../../core/protocol/api-discovery.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const peersRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/peers',
    {
      schema: {
        tags: ['peers'],
        summary: 'The spores this one syncs with, or all that have the wanted labels',
        querystring: peerQuerySchema,
        response: { 200: peerPageSchema, ...problems },
      },
    },
    async ({ query }) => unwrap(await spore.find(query)),
  )
}
