/** GET /readyz: the store is open and requests are served. A spore exists only after that; while it closes it is 503. */
import { z } from 'zod'
import { SporeError } from '../../core/protocol/errors.ts'
import { problems } from '../problem.ts'
import type { Route } from '../route.ts'

const readySchema = z.object({ status: z.literal('ready') })

export const readyzRoute: Route = async (app) => {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['spore'],
        summary: 'Requests are served',
        response: { 200: readySchema, ...problems },
      },
    },
    async () => {
      if (closing) throw new SporeError('OVERLOADED', 'The spore is shutting down.')
      return { status: 'ready' as const }
    },
  )
}
