/**
 * The HTTP server of one spore: API, event stream, MCP, docs, and whatever federation routes it is given. It does not
 * listen and does not own the spore: `app.listen()` and `app.close()` are the composer's, and so is the spore.
 *
 * Order of what a request meets: security headers, Host, Origin, token, what its address has left, strict JSON, schema,
 * handler. Every failure on
 * that way leaves as problem details with a code of the registry.
 */
import fastify, { type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type Log, silentLog } from '../core/base/ports.ts'
import type { PresetView } from '../core/protocol/api-models.ts'
import { failure } from '../core/protocol/errors.ts'
import {
  API_BODY_BYTES_MAX,
  EVENT_STREAM_STALL_MS,
  REQUEST_TIMEOUT_MS,
  URL_CHARS_MAX,
} from '../core/protocol/limits.ts'
import type { WatchdogView } from '../core/protocol/vitals.ts'
import type { Spore } from '../core/spore.ts'
import { apiRoutes } from './api/routes.ts'
import type { Accounts } from './bounds/accounts.ts'
import { boundConnections, type ConnectionBounds } from './bounds/connections.ts'
import { docsPlugin } from './docs.ts'
import { createEventStreams, type EventStreams } from './event-stream.ts'
import { mcpRoute } from './mcp/route.ts'
import { accessPlugin } from './plugins/access.ts'
import { activitiesPlugin } from './plugins/activities.ts'
import { callersPlugin } from './plugins/callers.ts'
import { errorsPlugin, sendFailure } from './plugins/errors.ts'
import { headersPlugin } from './plugins/headers.ts'
import { jsonPlugin } from './plugins/json.ts'
import { openingPlugin } from './plugins/opening.ts'
import { requestLogPlugin } from './plugins/request-log.ts'
import { routeTablePlugin } from './plugins/route-table.ts'
import { createTimeouts } from './plugins/timeouts.ts'
import { validatorCompiler } from './validation.ts'

export interface HttpOptions {
  /** Version of the software, for health, docs and MCP. */
  readonly version: string
  /** See `AccessOptions` for these four; the defaults serve loopback without a token and nobody else. */
  readonly allowedHosts?: readonly string[]
  readonly allowedOrigins?: readonly string[]
  readonly tokenHashes?: () => readonly string[]
  readonly tokenRequired?: boolean
  readonly log?: Log
  /**
   * The federation routes. They run in a scope of their own, without a token: each checks a request signature. The
   * scope inherits Host and Origin checks, problem details and the strict JSON parser, which it may replace.
   */
  readonly federation?: FastifyPluginAsync
  /** Addresses of reverse proxies (also as CIDR) whose word for where a request comes from counts. Default none. */
  readonly trustProxy?: readonly string[]
  /** Default `CONNECTION_BOUNDS`. */
  readonly connections?: ConnectionBounds
  /** Buckets of callers that are not known yet. Default: those of `limits.ts`. */
  readonly accounts?: Accounts
  /** False while the spore still reads its store (`OpeningSpore`). Default: it is open. */
  readonly isOpen?: () => boolean
  /** Milliseconds in which a whole request must have arrived. Default `REQUEST_TIMEOUT_MS`. */
  readonly requestTimeoutMs?: number
  /** What the watchdog of the process sees, for `GET /api/health`. */
  readonly watchdog?: () => WatchdogView
  /** Providers of models that are known by name, for `GET /api/providers`. Default none. */
  readonly presets?: readonly PresetView[]
  /** Milliseconds that an event stream with a full buffer is waited for. Default `EVENT_STREAM_STALL_MS`. */
  readonly eventStallMs?: number
}

/** What routes are given. */
export interface RouteContext {
  readonly spore: Spore
  readonly version: string
  readonly log: Log
  readonly requestTimeoutMs: number
  readonly streams: EventStreams
  readonly watchdog: (() => WatchdogView) | null
  readonly presets: readonly PresetView[]
}

export async function createServer(spore: Spore, options: HttpOptions): Promise<FastifyInstance> {
  const log = options.log ?? silentLog
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const timeouts = createTimeouts(requestTimeoutMs)
  const app = fastify({
    ...timeouts.options,
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: API_BODY_BYTES_MAX,
    ...(options.trustProxy?.length && { trustProxy: [...options.trustProxy] }),
    routerOptions: { maxParamLength: URL_CHARS_MAX },
    frameworkErrors: (_error, _request, reply) => {
      sendFailure(reply, failure('REQUEST_INVALID', 'The path is not one that a route could have.'))
    },
  })
  timeouts.decorate(app)
  boundConnections(app, options.connections)
  app.setValidatorCompiler<z.ZodType>(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)

  await app.register(routeTablePlugin)
  await app.register(errorsPlugin, { log })
  await app.register(headersPlugin)
  await app.register(requestLogPlugin, { log })
  await app.register(activitiesPlugin, { activities: spore.activities })
  await app.register(accessPlugin, {
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
    tokenHashes: options.tokenHashes ?? (() => []),
    tokenRequired: options.tokenRequired ?? false,
  })
  if (options.isOpen) await app.register(openingPlugin, { isOpen: options.isOpen })
  await app.register(callersPlugin, options.accounts ? { accounts: options.accounts } : {})
  await app.register(jsonPlugin)
  await app.register(docsPlugin, { version: options.version })

  const streams = createEventStreams({ log, stallMs: options.eventStallMs ?? EVENT_STREAM_STALL_MS })
  app.addHook('preClose', async () => streams.close())
  const context: RouteContext = {
    spore,
    version: options.version,
    log,
    requestTimeoutMs,
    streams,
    watchdog: options.watchdog ?? null,
    presets: options.presets ?? [],
  }
  await app.register(apiRoutes, context)
  await app.register(mcpRoute, context)
  if (options.federation) await app.register(federationScope(options.federation))
  return app
}

const federationScope =
  (federation: FastifyPluginAsync): FastifyPluginAsync =>
  async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'signed' }
    })
    await scope.register(federation)
  }
