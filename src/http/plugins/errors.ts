/** Whatever goes wrong in a request ends as problem details with a code of the registry; bugs tell outsiders nothing. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Log } from '../../core/base/ports.ts'
import { type Failure, failure, SporeError } from '../../core/protocol/errors.ts'
import { PROBLEM_TYPE, toProblem } from '../problem.ts'
import type { RouteRow } from './route-table.ts'

export interface ErrorsOptions {
  readonly log: Log
}

export const errorsPlugin = fp<ErrorsOptions>(async (app, { log }) => {
  app.setErrorHandler((error, request, reply) => sendFailure(reply, toFailure(error, request, log)))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] as string
    const methods = methodsOf(app.routeTable, path)
    if (methods.length === 0)
      return sendFailure(reply, failure('ROUTE_NOT_FOUND', `There is no ${request.method} ${path} here.`))
    reply.header('allow', methods.join(', '))
    return sendFailure(reply, failure('METHOD_NOT_ALLOWED', `${path} takes ${methods.join(', ')}.`))
  })
})

/** Sends a failure as a reply; a serialised string, so that no response schema of the route can drop a field. */
export function sendFailure(reply: FastifyReply, failed: Failure): FastifyReply {
  const problem = toProblem(failed)
  if (failed.retryAfterSeconds !== undefined) reply.header('retry-after', String(failed.retryAfterSeconds))
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** The failure that an error stands for; what is none is a bug, is logged and tells nothing. */
export function toFailure(error: unknown, request: FastifyRequest, log: Log): Failure {
  if (error instanceof SporeError) {
    const { code, message, retryAfterSeconds } = error
    return { ...failure(code, message), ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }
  }
  const known = FASTIFY_FAILURES[(error as Partial<FastifyError> | null)?.code ?? '']
  if (known) return known
  log.error('request broke', { request: request.id, method: request.method, route: routeOf(request), error })
  return failure('INTERNAL', `The log of the spore has the cause under request ${request.id}.`)
}

/** The pattern of the route, which unlike the URL carries nobody's text. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? '(none)'

const FASTIFY_FAILURES: Record<string, Failure> = {
  FST_ERR_CTP_BODY_TOO_LARGE: failure('BODY_TOO_LARGE', 'Send less in one request.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: failure(
    'MEDIA_TYPE_UNSUPPORTED',
    'Send JSON with content-type application/json.',
  ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: failure('BODY_MALFORMED', 'The body is not as long as Content-Length.'),
  FST_ERR_BAD_URL: failure('REQUEST_INVALID', 'The path is not well-formed.'),
  FST_ERR_MAX_PARAM_LENGTH: failure('ID_INVALID', 'The id in the path is too long.'),
  ECONNRESET: failure('BODY_MALFORMED', 'The body ended early.'),
}

/** Which methods a path takes: the router knows, but tells only for exact patterns. */
function methodsOf(routes: readonly RouteRow[], path: string): string[] {
  return [...new Set(routes.flatMap(({ url, method }) => (patternOf(url).test(path) ? [method] : [])))]
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[^\w-]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}$`)
}
