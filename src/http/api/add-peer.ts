/** POST /api/peers: introduces this spore to another and starts to sync with it; what `spore join` calls. */
import { peerInputSchema, peerSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const addPeerRoute: Route = async (app, { spore }) => {
  app.post(
    '/api/peers',
    {
      schema: {
        tags: ['peers'],
        summary: 'Join another spore',
        querystring: emptyQuerySchema,
        body: peerInputSchema,
        response: { 201: peerSchema, ...problems },
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await spore.addPeer(request.body.url))),
  )
}
