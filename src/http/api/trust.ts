/** /api/trust: what this spore thinks of authors, with its reasons; and what its operator sets instead. */
import { z } from 'zod'
import {
  trustInputSchema,
  trustPageQuerySchema,
  trustPageSchema,
  trustSchema,
} from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

const tags = ['trust']
const params = z.strictObject({ id: z.string().describe('did:key of the author, or its last 8 characters') })

export const trustRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/trust',
    {
      schema: {
        tags,
        summary: 'Authors by how far this spore trusts them, the most trusted first',
        querystring: trustPageQuerySchema,
        response: { 200: trustPageSchema, ...problems },
      },
    },
    async (request) => unwrap(spore.trustPage(request.query)),
  )
  app.get(
    '/api/trust/:id',
    {
      schema: {
        tags,
        summary: 'How far this spore trusts an author, and why',
        params,
        querystring: emptyQuerySchema,
        response: { 200: trustSchema, ...problems },
      },
    },
    async (request) => unwrap(spore.trust(request.params.id)),
  )
  app.put(
    '/api/trust/:id',
    {
      schema: {
        tags,
        summary: 'Set what this spore is to think of an author, whatever the evidence says',
        params,
        querystring: emptyQuerySchema,
        body: trustInputSchema,
        response: { 200: trustSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.setTrust(request.params.id, request.body)),
  )
  app.delete(
    '/api/trust/:id',
    {
      schema: {
        tags,
        summary: 'Go by the evidence about an author again',
        params,
        querystring: emptyQuerySchema,
        response: { 200: trustSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.setTrust(request.params.id, null)),
  )
}
