/** /api/moderation/import, export and drafts: block lists of others, which hold once the operator has looked at them. */
import {
  draftPageSchema,
  draftsAppliedSchema,
  draftsDiscardedSchema,
  draftsInputSchema,
  exportedSchema,
  exportQuerySchema,
  importedSchema,
  importInputSchema,
  moderationPageQuerySchema,
} from '../../core/protocol/moderation-api.ts'
import { callerName } from '../plugins/access.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

const tags = ['moderation']

export const moderationListsRoute: Route = async (app, { spore: { moderation } }) => {
  app.post(
    '/api/moderation/import',
    {
      schema: {
        tags,
        summary: 'Read a block list into drafts; nothing of it holds yet',
        querystring: emptyQuerySchema,
        body: importInputSchema,
        response: { 200: importedSchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.importList(request.body, callerName(request))),
  )
  app.get(
    '/api/moderation/export',
    {
      schema: {
        tags,
        summary: 'The rules as a block list',
        querystring: exportQuerySchema,
        response: { 200: exportedSchema, ...problems },
      },
    },
    async (request) => moderation.exportList(request.query),
  )
  app.get(
    '/api/moderation/drafts',
    {
      schema: {
        tags,
        summary: 'What imported lists ask for and waits for the operator',
        querystring: moderationPageQuerySchema,
        response: { 200: draftPageSchema, ...problems },
      },
    },
    async (request) => unwrap(moderation.drafts(request.query)),
  )
  app.post(
    '/api/moderation/drafts/apply',
    {
      schema: {
        tags,
        summary: 'Make drafts rules',
        querystring: emptyQuerySchema,
        body: draftsInputSchema,
        response: { 200: draftsAppliedSchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.applyDrafts(request.body, callerName(request))),
  )
  app.post(
    '/api/moderation/drafts/discard',
    {
      schema: {
        tags,
        summary: 'Forget drafts',
        querystring: emptyQuerySchema,
        body: draftsInputSchema,
        response: { 200: draftsDiscardedSchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.discardDrafts(request.body, callerName(request))),
  )
}
