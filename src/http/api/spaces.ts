/** /api/spaces: which spaces there are, and what an operator does with them; what `spore space` calls. */
import {
  invitationInputSchema,
  invitationSchema,
  joinSpaceSchema,
  spaceInputSchema,
  spacePageSchema,
  spaceParamsSchema,
  spaceViewSchema,
} from '../../core/protocol/api-spaces.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const spacesRoute: Route = async (app, { spore }) => {
  const tags = ['spaces']
  const querystring = emptyQuerySchema
  app.get(
    '/api/spaces',
    {
      schema: {
        tags,
        summary: 'The spaces that this spore knows',
        querystring,
        response: { 200: spacePageSchema, ...problems },
      },
    },
    async () => ({ spaces: [...spore.spaces()] }),
  )
  app.post(
    '/api/spaces',
    {
      schema: {
        tags,
        summary: 'Found a space',
        querystring,
        body: spaceInputSchema,
        response: { 201: spaceViewSchema, ...problems },
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await spore.createSpace(request.body))),
  )
  app.post(
    '/api/spaces/join',
    {
      schema: {
        tags,
        summary: 'Join a space by an invitation, or again one that was left',
        querystring,
        body: joinSpaceSchema,
        response: { 200: spaceViewSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.joinSpace(request.body)),
  )
  app.post(
    '/api/spaces/:space/invitations',
    {
      schema: {
        tags,
        summary: 'Make an invitation: one line that admits one spore',
        params: spaceParamsSchema,
        querystring,
        body: invitationInputSchema,
        response: { 201: invitationSchema, ...problems },
      },
    },
    async (request, reply) =>
      reply.code(201).send(unwrap(await spore.invite(request.params.space, request.body))),
  )
  app.post(
    '/api/spaces/:space/leave',
    {
      schema: {
        tags,
        summary: 'Exchange a space no longer; what is here stays',
        params: spaceParamsSchema,
        querystring,
        response: { 200: spaceViewSchema, ...problems },
      },
    },
    async (request) => unwrap(await spore.leaveSpace(request.params.space)),
  )
}
