/**
 * Connections of one address, and in all. Where there is one too many, the one that has waited longest for a request to
 * come in whole is closed for it: slow heads, slow bodies and idle connections crowd out one another, and nobody
 * whose request is under way, nor anyone who sends it without delay.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import {
  CONNECTIONS_MAX,
  CONNECTIONS_NEAR_MAX,
  CONNECTIONS_PER_ADDRESS_MAX,
} from '../../core/protocol/limits.ts'
import { type Origin, toOrigin } from './origin.ts'

export interface ConnectionBounds {
  readonly total: number
  readonly perAddress: number
  /** Of an address that is not on the public internet. */
  readonly near: number
}

export const CONNECTION_BOUNDS: ConnectionBounds = {
  total: CONNECTIONS_MAX,
  perAddress: CONNECTIONS_PER_ADDRESS_MAX,
  near: CONNECTIONS_NEAR_MAX,
}

/** Adds the bounds to a server before it listens. */
export function boundConnections(
  app: FastifyInstance,
  bounds: ConnectionBounds = CONNECTION_BOUNDS,
  originOf: (socket: Socket) => Origin = ({ remoteAddress }) => toOrigin(remoteAddress),
): void {
  const table = createConnectionTable<Socket>(bounds)
  const server: Server = app.server
  server.on('connection', (socket) => {
    const closed = table.add(socket, originOf(socket))
    closed?.destroy()
    if (closed !== socket) socket.once('close', () => table.remove(socket))
  })
  // Its body is here, or is read by whoever answers.
  app.addHook('preHandler', async (request) => table.serve(request.socket))
  app.addHook('onResponse', async (request) => table.wait(request.socket))
}

export interface ConnectionTable<S> {
  /** Takes a connection in; the one that is to be closed for it, which may be itself. */
  add(connection: S, origin: Origin): S | null
  /** A request is answered on it. */
  serve(connection: S): void
  /** It waits for its next request. */
  wait(connection: S): void
  remove(connection: S): void
  readonly size: number
}

export function createConnectionTable<S>(bounds: ConnectionBounds): ConnectionTable<S> {
  /** Where each comes from, and those that wait: who has waited longest is first. */
  const origins = new Map<S, string>()
  const waiting = new Set<S>()
  const counts = new Map<string, number>()

  const remove = (connection: S): void => {
    const own = origins.get(connection)
    if (own === undefined) return
    origins.delete(connection)
    waiting.delete(connection)
    const left = (counts.get(own) ?? 1) - 1
    if (left > 0) counts.set(own, left)
    else counts.delete(own)
  }

  const longestWaiting = (own: string | null): S | undefined => {
    for (const connection of waiting) if (own === null || origins.get(connection) === own) return connection
    return undefined
  }

  return {
    add(connection, { own, isNear }) {
      const isOfAddress = (counts.get(own) ?? 0) >= (isNear ? bounds.near : bounds.perAddress)
      const isFull = isOfAddress || origins.size >= bounds.total
      const closed = isFull ? longestWaiting(isOfAddress ? own : null) : null
      if (closed === undefined) return connection
      if (closed !== null) remove(closed)
      origins.set(connection, own)
      waiting.add(connection)
      counts.set(own, (counts.get(own) ?? 0) + 1)
      return closed
    },
    serve: (connection) => void waiting.delete(connection),
    wait(connection) {
      if (origins.has(connection)) waiting.add(connection)
    },
    remove,
    get size() {
      return origins.size
    },
  }
}
