/** /api/moderation: the operator's rules about peers, authors and domains, each with a preview; and who made them. */
import {
  allowOnlyInputSchema,
  allowOnlyReplySchema,
  auditPageSchema,
  liftInputSchema,
  moderationPageQuerySchema,
  ruledSchema,
  ruleInputSchema,
  rulePageSchema,
} from '../../core/protocol/moderation-api.ts'
import { callerName } from '../plugins/access.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

const tags = ['moderation']

export const moderationRoute: Route = async (app, { spore: { moderation } }) => {
  app.get(
    '/api/moderation',
    {
      schema: {
        tags,
        summary: 'The rules about peers, authors and domains',
        querystring: moderationPageQuerySchema,
        response: { 200: rulePageSchema, ...problems },
      },
    },
    async (request) => unwrap(moderation.rules(request.query)),
  )
  app.post(
    '/api/moderation',
    {
      schema: {
        tags,
        summary: 'Block, mute, limit or allow peers, authors and domains',
        querystring: emptyQuerySchema,
        body: ruleInputSchema,
        response: { 200: ruledSchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.rule(request.body, callerName(request))),
  )
  app.post(
    '/api/moderation/lift',
    {
      schema: {
        tags,
        summary: 'Lift the rules about these targets; what they hid comes back',
        querystring: emptyQuerySchema,
        body: liftInputSchema,
        response: { 200: ruledSchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.lift(request.body, callerName(request))),
  )
  app.post(
    '/api/moderation/allow-only',
    {
      schema: {
        tags,
        summary: 'Let in only peers or authors that are allowed, or everybody again',
        querystring: emptyQuerySchema,
        body: allowOnlyInputSchema,
        response: { 200: allowOnlyReplySchema, ...problems },
      },
    },
    async (request) => unwrap(await moderation.allowOnly(request.body, callerName(request))),
  )
  app.get(
    '/api/moderation/audit',
    {
      schema: {
        tags,
        summary: 'Who changed which rule, and when',
        querystring: moderationPageQuerySchema,
        response: { 200: auditPageSchema, ...problems },
      },
    },
    async (request) => unwrap(moderation.audit(request.query)),
  )
}
