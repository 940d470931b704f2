/**
 * OpenAPI 3.1 of every documented route, from the schemas that validate them: JSON at `/docs/json`, a page at `/docs`.
 * What makes the documents is loaded and built by the first request for one: most spores are never asked, and would
 * hold some megabytes for it.
 */
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { failure } from '../core/protocol/errors.ts'
import { sendFailure } from './plugins/errors.ts'
import { takeOver } from './take-over.ts'

export interface DocsOptions {
  readonly version: string
}

export const docsPlugin = fp<DocsOptions>(async (app, { version }) => {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    if (isDocumented(route)) routes.push(route)
  })
  let building: Promise<FastifyInstance> | null = null
  app.addHook('onClose', async () => {
    await (await building)?.close()
  })
  for (const url of ['/docs', '/docs/*'])
    app.get(url, { schema: { hide: true } as object }, async (request, reply) => {
      building ??= buildDocs(routes, version)
      const docs = await building
      docs.routing(request.raw, takeOver(reply))
    })
})

/** Federation and MCP have documents of their own: PROTOCOL.md, and the tools' schemas. */
const isDocumented = ({ method, schema }: RouteOptions): boolean =>
  schema !== undefined && !('hide' in schema) && method !== 'HEAD'

/** A second instance that knows the routes but serves only their documents. */
async function buildDocs(routes: readonly RouteOptions[], version: string): Promise<FastifyInstance> {
  const [swagger, swaggerUi, provider] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
    import('fastify-type-provider-zod'),
  ])
  const docs = fastify({ logger: false, exposeHeadRoutes: false })
  docs.setNotFoundHandler((_request, reply) =>
    sendFailure(reply, failure('ROUTE_NOT_FOUND', 'There is no such page of the docs.')),
  )
  docs.setValidatorCompiler(provider.validatorCompiler)
  docs.setSerializerCompiler(provider.serializerCompiler)
  await docs.register(swagger.default, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Spore',
        version,
        description: 'Memory, search and tasks of one spore. Errors are problem details (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { token: [] }],
    },
    transform: provider.jsonSchemaTransform,
    transformObject: provider.jsonSchemaTransformObject,
  })
  await docs.register(swaggerUi.default, {
    routePrefix: '/docs',
    // The page's own scripts and styles and nothing from elsewhere.
    staticCSP: {
      'default-src': ["'self'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'frame-ancestors': ["'none'"],
    },
    uiConfig: { validatorUrl: null },
  })
  for (const { method, url, schema } of routes)
    docs.route({ method, url, schema: schema as object, handler: async () => null })
  await docs.ready()
  return docs
}
