/** The static security headers; everything this spore sends is data for programs, or a page of its own. */
import fp from 'fastify-plugin'

export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

export const headersPlugin = fp(async (app) => {
  // Before every other hook, so that refusals carry them too; a page that needs more replaces its policy.
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
})
