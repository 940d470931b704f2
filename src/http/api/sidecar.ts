/**
 * GET /api/sidecar: the search index beside the store, in numbers. POST /api/sidecar/audit measures what searches miss; the
 * reply comes when that is known.
 */
import { sidecarSchema } from '../../core/protocol/api-sidecar.ts'
import { problems } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const sidecarRoute: Route = async (app, { spore }) => {
  const reply = { querystring: emptyQuerySchema, response: { 200: sidecarSchema, ...problems } }
  app.get(
    '/api/sidecar',
    { schema: { tags: ['spore'], summary: 'The search index: size, speed and recall', ...reply } },
    async () => spore.sidecar(),
  )
  app.post(
    '/api/sidecar/audit',
    { schema: { tags: ['spore'], summary: 'Measure what searches miss', ...reply } },
    () => spore.auditSearch(),
  )
}
