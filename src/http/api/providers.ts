/**
 * The language models of this spore. GET /api/providers: how each one does and what is left of the budget; it calls nobody.
 * POST /api/providers/check: one small call of each, on the operator's account.
 */
import {
  checkModelsSchema,
  modelsCheckedSchema,
  providersSchema,
  toProviders,
} from '../../core/protocol/api-models.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'

export const providersRoute: Route = async (app, { spore, presets }) => {
  const checks = new Set<AbortController>()
  // A check may take longer than a closing server waits.
  app.addHook('preClose', async () => {
    for (const check of checks) check.abort()
  })
  app.get(
    '/api/providers',
    {
      schema: {
        tags: ['models'],
        summary: 'Language models, how each one does, and what is left of the budget for them',
        description: 'Calls no provider. No key is in it.',
        querystring: emptyQuerySchema,
        response: { 200: providersSchema, ...problems },
      },
    },
    async () => toProviders(spore.health().models, presets),
  )
  app.post(
    '/api/providers/check',
    {
      schema: {
        tags: ['models'],
        summary: 'Make one small call of each language model',
        description:
          'On the operator’s account, within its budget. A model that is left alone after failures is asked, too.',
        querystring: emptyQuerySchema,
        body: checkModelsSchema,
        response: { 200: modelsCheckedSchema, ...problems },
      },
    },
    async (request, reply) => {
      const check = new AbortController()
      checks.add(check)
      // Who has gone away pays for no more.
      reply.raw.once('close', () => check.abort())
      try {
        return unwrap(await spore.checkModels(request.body, check.signal))
      } finally {
        checks.delete(check)
      }
    },
  )
}
