/**
 * GET /.well-known/*: nothing is there, and that is said without asking for a token. MCP clients that get anything but
 * 404 for `oauth-*` believe in an OAuth server and drop the bearer token they were configured with.
 */
import { SporeError } from '../../core/protocol/errors.ts'
import type { Route } from '../route.ts'

export const wellKnownRoute: Route = async (app) => {
  app.get('/.well-known/*', { config: { access: 'open' }, schema: { hide: true } }, async () => {
    throw new SporeError('ROUTE_NOT_FOUND', 'This spore takes bearer tokens, not OAuth.')
  })
}
