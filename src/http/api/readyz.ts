/** GET /readyz: the store is open and requests are served. A spore exists only after that; while it closes it
 * is 503, and while a commit hangs. */
import { z } from 'zod'
import { SporeError } from '../../core/protocol/errors.ts'
import { problems } from '../problem.ts'
import type { Route } from '../route.ts'

const readySchema = z.object({ status: z.literal('ready') })

export const readyzRoute: Route = async (app, { spore }) => {
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
      const hung = spore.activities.overdue().find(({ isVital }) => isVital)
      if (hung) throw new SporeError('OVERLOADED', `A ${hung.what} does not end.`)
      return { status: 'ready' as const }
    },
  )
}
