/** GET /api/health: what this spore is and holds. */
import { healthSchema } from '../../core/protocol/api.ts'
import { fullHealth } from '../mcp/backend.ts'
import { problems } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const healthRoute: Route = async (app, { spore, version, watchdog }) => {
  app.get(
    '/api/health',
    {
      schema: {
        tags: ['spore'],
        summary: 'What this spore is and holds',
        querystring: emptyQuerySchema,
        response: { 200: healthSchema, ...problems },
      },
    },
    async () => ({ ...fullHealth(spore, version), ...(watchdog && { watchdog: watchdog() }) }),
  )
}
