/** While a spore reads what its store holds, only the routes that say so are served; what else comes is told to come again. */
import fp from 'fastify-plugin'
import { failure } from '../../core/protocol/errors.ts'
import { sendFailure } from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for routes that need nothing but what a spore has before it is open. */
    whileOpening?: boolean
  }
}

export interface OpeningOptions {
  readonly isOpen: () => boolean
}

/** Seconds after which to come again: a store of a hundred thousand entries is read in less. */
const RETRY_AFTER_SECONDS = 1

export const openingPlugin = fp<OpeningOptions>(async (app, { isOpen }) => {
  app.addHook('onRequest', async (request, reply) => {
    if (isOpen() || request.routeOptions.config.whileOpening === true) return
    return sendFailure(reply, {
      ...failure('OVERLOADED', 'the spore is starting and only answers searches by now'),
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  })
})
