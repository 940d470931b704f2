/**
 * Loaded into a spore's process before it starts (`node --import`): counts what it does on the wire, and tells its
 * parent when asked over the IPC channel. The spore itself is as always.
 *
 * Bytes are those of the sockets that the process opened itself, headers and all, below them only TCP and IP. Every
 * federation request is made by one of two spores, so both meters together have counted all of the traffic once, and
 * nothing of the benchmark's own requests.
 */
import crypto from 'node:crypto'
import diagnostics from 'node:diagnostics_channel'
import { syncBuiltinESMExports } from 'node:module'
import type { Socket } from 'node:net'

/** What a process has done since it started. */
export interface Meter {
  /** Bytes sent and received over connections that it opened. */
  readonly bytes: number
  /** Of them what the protocol itself says: bodies, queries, and the values of If-None-Match and ETag. */
  readonly messageBytes: number
  /** Requests that it made, in order: `GET /path 200`. */
  readonly requests: readonly string[]
  /** User and system time in milliseconds. */
  readonly cpuMs: number
  /** Signatures that it verified. */
  readonly verifications: number
  readonly rssBytes: number
}

const open = new Set<Socket>()
let closedBytes = 0
const bytesOf = (socket: Socket): number => socket.bytesRead + socket.bytesWritten
diagnostics.subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  open.add(socket)
  socket.once('close', () => {
    open.delete(socket)
    closedBytes += bytesOf(socket)
  })
})

let messageBytes = 0
for (const channel of ['undici:request:bodyChunkSent', 'undici:request:bodyChunkReceived'])
  diagnostics.subscribe(channel, (message) => {
    messageBytes += Buffer.byteLength((message as { chunk: Uint8Array | string }).chunk)
  })

/** Names and values in turn, or by name. */
type Headers = readonly (string | Buffer)[] | Readonly<Record<string, string | string[] | undefined>>
function lengthOf(name: string, headers: Headers): number {
  const flat = Array.isArray(headers) ? headers : Object.entries(headers).flat()
  const at = flat.findIndex((text, i) => i % 2 === 0 && String(text).toLowerCase() === name)
  return at < 0 ? 0 : String(flat[at + 1]).length
}

const requests: string[] = []
diagnostics.subscribe('undici:request:headers', (message) => {
  const { request, response } = message as {
    request: { method: string; path: string; headers: Headers }
    response: { statusCode: number; headers: Headers }
  }
  messageBytes += (request.path.split('?')[1] ?? '').length
  messageBytes += lengthOf('if-none-match', request.headers) + lengthOf('etag', response.headers)
  requests.push(`${request.method} ${request.path.split('?')[0]} ${response.statusCode}`)
})

let verifications = 0
const { verify } = crypto
crypto.verify = ((...args: Parameters<typeof verify>) => {
  verifications++
  return verify(...args)
}) as typeof verify
syncBuiltinESMExports()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const meter: Meter = {
    bytes: [...open].reduce((sum, socket) => sum + bytesOf(socket), closedBytes),
    messageBytes,
    requests,
    cpuMs: (user + system) / 1000,
    verifications,
    rssBytes: process.memoryUsage.rss(),
  }
  process.send?.(meter)
})
// Being asked is no reason to stay alive.
process.channel?.unref()
