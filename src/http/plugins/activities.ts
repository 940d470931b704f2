/** Notes each request as under way, so that a watchdog can say what ran when the process stood still, and what hangs. */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Activities } from '../../core/base/activities.ts'
import { REQUEST_HUNG_MS } from '../../core/protocol/limits.ts'
import { routeOf } from './errors.ts'

export interface ActivitiesOptions {
  readonly activities: Activities
}

export const activitiesPlugin = fp<ActivitiesOptions>(async (app, { activities }) => {
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.streams) return
    const end = activities.begin(`${request.method} ${routeOf(request)}`, {
      limitMs: REQUEST_HUNG_MS,
      progress: () => bytesOf(request),
    })
    reply.raw.once('close', end)
  })
})

/** A long import, or a long reply, goes on as long as bytes do. */
const bytesOf = ({ socket }: FastifyRequest): number => socket.bytesRead + socket.bytesWritten
