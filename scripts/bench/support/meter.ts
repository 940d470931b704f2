/**
 * Loaded into a spore's process before it starts (`node --import`): counts what it does, and tells its parent when asked
 * over the IPC channel. The spore itself is as always. A thread of the process loads it too, and adds to what is counted.
 */
import crypto from 'node:crypto'
import diagnostics from 'node:diagnostics_channel'
import { syncBuiltinESMExports } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

/** What a process has done since it started. */
export interface Meter {
  /** Requests that it made, in order: `GET /path 200`. */
  readonly requests: readonly string[]
  /**
   * Bytes of them and their replies that the protocol itself says: bodies, queries, logs that a path names, the values of `SAID`, and
   * a byte each for which request and which reply it is, as the messages of libraries have one.
   */
  readonly messageBytes: number
  /** User and system time of all threads in milliseconds. */
  readonly cpuMs: number
  /** Delay of the event loop since the meter was last read, in milliseconds; the sampling interval is in it. */
  readonly loopDelayMs: { readonly p99: number; readonly max: number }
  /** Signatures that it verified. */
  readonly verifications: number
  readonly rssBytes: number
}

let messageBytes = 0
for (const channel of ['undici:request:bodyChunkSent', 'undici:request:bodyChunkReceived'])
  diagnostics.subscribe(channel, (message) => {
    messageBytes += Buffer.byteLength((message as { chunk: Uint8Array | string }).chunk)
  })

/** Headers that say something of what is exchanged. */
const SAID = {
  request: ['if-none-match', 'range'],
  reply: ['etag', 'content-range', 'spore-view', 'spore-cursor'],
} as const
const KINDS_BYTES = 2

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
  const [path = '', query = ''] = request.path.split('?')
  messageBytes += KINDS_BYTES + query.length + (/\/log\/(.*)/.exec(path)?.[1]?.length ?? 0)
  for (const name of SAID.request) messageBytes += lengthOf(name, request.headers)
  for (const name of SAID.reply) messageBytes += lengthOf(name, response.headers)
  requests.push(`${request.method} ${path} ${response.statusCode}`)
})

// One counter for all threads: a thread gets its parent's environment data when it starts.
const COUNTER = 'bench/verifications'
const counter = new Int32Array(
  (getEnvironmentData(COUNTER) as SharedArrayBuffer | undefined) ?? new SharedArrayBuffer(4),
)
setEnvironmentData(COUNTER, counter.buffer as unknown as string)
const { verify } = crypto
crypto.verify = ((...args: Parameters<typeof verify>) => {
  Atomics.add(counter, 0, 1)
  return verify(...args)
}) as typeof verify
syncBuiltinESMExports()

/** Milliseconds between two samples of the event loop's delay. */
const SAMPLE_MS = 5
const NS_PER_MS = 1e6

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  delay.enable()
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  process.on('message', (question) => {
    if (question === 'cpu') return void process.send?.(cpuMs())
    const meter: Meter = {
      requests,
      messageBytes,
      cpuMs: cpuMs(),
      loopDelayMs: { p99: delay.percentile(99) / NS_PER_MS, max: delay.max / NS_PER_MS },
      verifications: Atomics.load(counter, 0),
      rssBytes: process.memoryUsage.rss(),
    }
    delay.reset()
    process.send?.(meter)
  })
  // Being asked is no reason to stay alive.
  process.channel?.unref()
}
