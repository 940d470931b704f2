/** GET /livez: the process answers. For supervisors, so it is open and says nothing else. */
import { z } from 'zod'
import type { Route } from '../route.ts'

const liveSchema = z.object({ status: z.literal('live') })

export const livezRoute: Route = async (app) => {
  app.get(
    '/livez',
    {
      config: { access: 'open', whileOpening: true },
      schema: { tags: ['spore'], summary: 'The process answers', response: { 200: liveSchema } },
    },
    async () => ({ status: 'live' as const }),
  )
}
