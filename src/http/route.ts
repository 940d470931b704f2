/** The type of a route file: a plugin whose request and reply types follow from its zod schemas. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { RouteContext } from './server.ts'

export type Route = FastifyPluginAsyncZod<RouteContext>

/** For routes without query parameters: one that is sent is a mistake, and is named. */
export const emptyQuerySchema = z.strictObject({})
