/** /api/spaces/{space}/members: who belongs to a space, and who no longer. */
import {
  memberPageSchema,
  memberParamsSchema,
  memberRemovedSchema,
  spaceParamsSchema,
} from '../../core/protocol/api-spaces.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const membersRoute: Route = async (app, { spore }) => {
  app.get(
    '/api/spaces/:space/members',
    {
      schema: {
        tags: ['spaces'],
        summary: 'The members of a space',
        params: spaceParamsSchema,
        querystring: emptyQuerySchema,
        response: { 200: memberPageSchema, ...problems },
      },
    },
    async (request) => ({ members: [...unwrap(spore.members(request.params.space))] }),
  )
  app.delete(
    '/api/spaces/:space/members/:author',
    {
      schema: {
        tags: ['spaces'],
        summary: 'Remove a member: it gets and writes nothing that comes later',
        params: memberParamsSchema,
        querystring: emptyQuerySchema,
        response: { 200: memberRemovedSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.removeMember(request.params.space, request.params.author)),
  )
}
