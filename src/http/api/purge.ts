/** POST and DELETE /api/memory/{id}/purge, POST /api/purge: bytes that are to be gone from this spore for good. */
import { z } from 'zod'
import { idSchema, purgeAuthorInputSchema, purgedSchema, purgeUndoneSchema } from '../../core/protocol/api.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const purgeRoute: Route = async (app, { spore }) => {
  const params = z.strictObject({ id: idSchema })
  app.post(
    '/api/memory/:id/purge',
    {
      schema: {
        tags: ['memory'],
        summary: 'Remove the bytes of a memory from this spore for good, whoever wrote it',
        params,
        querystring: emptyQuerySchema,
        response: { 200: purgedSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.purge(request.params.id)),
  )
  app.delete(
    '/api/memory/:id/purge',
    {
      schema: {
        tags: ['memory'],
        summary: 'Let a purged memory be remembered and taken again',
        params,
        querystring: emptyQuerySchema,
        response: { 200: purgeUndoneSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.undoPurge(request.params.id)),
  )
  app.post(
    '/api/purge',
    {
      schema: {
        tags: ['memory'],
        summary: 'Remove the bytes of everything that an author wrote from this spore for good',
        description: 'What the author writes from then on is taken, unless POST /api/moderation blocks it.',
        querystring: emptyQuerySchema,
        body: purgeAuthorInputSchema,
        response: { 200: purgedSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.purgeAuthor(request.body)),
  )
}
