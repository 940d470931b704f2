/** GET /api/quantum: what the quantum-inspired layer did in the tasks asked last, or in one. */
import { quantumQuerySchema, quantumSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import type { Route } from '../route.ts'

export const quantumRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/quantum',
    {
      schema: {
        tags: ['task'],
        summary:
          'What the quantum-inspired layer did: temperatures, hypotheses, interference, tunnelling with seeds',
        querystring: quantumQuerySchema,
        response: { 200: quantumSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.quantum(request.query)),
  )
}
