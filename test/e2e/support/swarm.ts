/** Real spores that may know one another: what they hold is watched over their event streams. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Health, MemoryPage } from '../../../src/core/protocol/api.ts'
import { ITEMS_MAX } from '../../../src/core/protocol/limits.ts'
import { type RunningSpore, startSpore } from '../../support/spore-process.ts'

/** What has not come by then is not coming. */
const HOLDS_MS = 20_000

export interface SwarmOptions {
  readonly home: string
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
  readonly nodeOptions?: readonly string[]
  readonly hangMs?: number
}

/** A spore that may have peers on loopback and pulls often. */
export function startPeer({ home, port = 0, env = {}, ...rest }: SwarmOptions): Promise<RunningSpore> {
  const settings = { SPORE_ALLOW_PRIVATE_ADDRESSES: 'true', SPORE_PULL_INTERVAL_MS: '500', ...env }
  return startSpore({ home, env: settings, ...rest }, ['--port', String(port)])
}

export const portOf = ({ url }: RunningSpore): number => Number(new URL(url).port)

export async function post(url: string, body: unknown): Promise<unknown> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(HOLDS_MS),
  })
  const answer: unknown = await reply.json()
  assert.ok(reply.ok, JSON.stringify(answer))
  return answer
}

/** Remembers `count` texts that no other name gives. */
export async function rememberMany({ url }: RunningSpore, name: string, count: number): Promise<void> {
  assert.ok(count <= ITEMS_MAX)
  const items = Array.from({ length: count }, (_, i) => ({
    text: `memory ${i} of ${name}`,
    space: 'commons',
  }))
  await post(`${url}/api/memory`, { items })
}

export const join = ({ url }: RunningSpore, peer: string): Promise<unknown> =>
  post(`${url}/api/peers`, { url: peer })

export async function health({ url }: RunningSpore): Promise<Health> {
  const reply = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(HOLDS_MS) })
  return (await reply.json()) as Health
}

/** Log, next sequence number and chain value of every log: who has the same has the same entries, byte for byte. */
export async function frontierOf({ url }: RunningSpore): Promise<string[]> {
  const reply = await fetch(`${url}/api/memory?limit=1`, { signal: AbortSignal.timeout(HOLDS_MS) })
  const { frontier } = (await reply.json()) as MemoryPage
  return frontier.map(({ log, next, chain }) => `${log} ${next} ${chain}`).sort()
}

/** Resolves when a spore holds `count` memories, and fails where it holds more, or not as many in time. */
export async function holds(spore: RunningSpore, count: number): Promise<void> {
  await using stream = await openEvents(spore)
  let seen = 0
  try {
    for await (const line of stream.lines) if (line === 'event: memory' && ++seen === count) break
  } catch {
    assert.fail(`${seen} of ${count} memories came; ${spore.stderr()}`)
  }
  assert.equal((await health(spore)).memories, count)
}

/** A connection of its own: pooled ones reconnect when a stream is cut, and then keep a stopping spore waiting. */
async function openEvents({ url }: RunningSpore) {
  const signal = AbortSignal.timeout(HOLDS_MS)
  const request = get(`${url}/api/events?lastEventId=0`, { agent: false, signal })
  const [body] = (await once(request, 'response')) as [IncomingMessage]
  return {
    lines: linesOf(body),
    async [Symbol.asyncDispose]() {
      request.destroy()
    },
  }
}

async function* linesOf(body: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  throw new Error('the stream ended')
}
