/**
 * Slow heads and bodies are closed. Node checks this itself, but it gives every request the same time; an import of a
 * million lines needs longer, and instead has to finish a line now and then (`api/remember-lines.ts`).
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ErrorCode, failure } from '../../core/protocol/errors.ts'
import { HEADERS_TIMEOUT_MS } from '../../core/protocol/limits.ts'
import { PROBLEM_TYPE, toProblem } from '../problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Exempts a request from the time limit for whole bodies; the caller watches its progress. */
    allowLongUpload(request: FastifyRequest): void
  }
}

/** Node looks for expired connections this often; its default of 30 s would let a slow body stay twice as long. */
const CHECK_INTERVAL_MS = 1000
/** An idle connection is kept for the next request this long; longer than most clients keep theirs. */
const KEEP_ALIVE_TIMEOUT_MS = 5000
/** A closing server gives requests under way this long; then it cuts every connection, also those that never asked. */
const CLOSE_GRACE_MS = 2000

/** Server options for Fastify, and what has to be put on the instance to go with them. */
export function createTimeouts(requestTimeoutMs: number) {
  const longUploads = new WeakSet<Socket>()
  return {
    options: {
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      http: {
        headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
      },
      clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
        if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && longUploads.has(socket)) return
        refuse(socket, error)
      },
    },
    decorate(app: FastifyInstance): void {
      let closing = false
      app.addHook('preClose', async () => {
        closing = true
        setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref()
      })
      // Who is answered while the server closes must not come back on the same connection.
      app.addHook('onSend', async (_request, reply) => {
        if (closing) reply.header('connection', 'close')
      })
      app.decorate('allowLongUpload', (request: FastifyRequest) => {
        longUploads.add(request.socket)
      })
    },
  }
}

/** Answers what never became a request, in the same form as everything else, and closes. */
function refuse(socket: Socket, error: Error & { code?: string }): void {
  if (socket.destroyed || error.code === 'ECONNRESET') return
  const code: ErrorCode =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'REQUEST_TIMEOUT'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'BODY_TOO_LARGE'
        : 'BODY_MALFORMED'
  const problem = toProblem(failure(code, 'The connection is closed.'))
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  if (socket.writable && !isAnswering(socket)) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroy()
}

/** A reply that has begun cannot be followed by another status line. Node has no public word for it. */
const isAnswering = (socket: Socket): boolean =>
  (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true
