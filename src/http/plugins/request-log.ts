/** Logs requests that were slow or failed; the others cost more to log than to serve. */
import fp from 'fastify-plugin'
import type { Log } from '../../core/base/ports.ts'
import { SLOW_REQUEST_MS } from '../../core/protocol/limits.ts'
import { routeOf } from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for routes that answer for as long as the client wants. */
    streams?: boolean
  }
}

export interface RequestLogOptions {
  readonly log: Log
}

export const requestLogPlugin = fp<RequestLogOptions>(async (app, { log }) => {
  app.addHook('onResponse', async (request, reply) => {
    const fields = {
      request: request.id,
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      elapsedMs: Math.round(reply.elapsedTime),
    }
    // Who asks for too much would fill the log: that is counted elsewhere, by caller.
    if (reply.statusCode === 503 && request.routeOptions.config.access === 'signed')
      log.debug('request refused', fields)
    else if (reply.statusCode >= 500) log.error('request failed', fields)
    else if (reply.elapsedTime > SLOW_REQUEST_MS && !request.routeOptions.config.streams)
      log.warn('request was slow', fields)
  })
})
