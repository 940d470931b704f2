/**
 * What honest spores and their users do meanwhile: each writes now and then, the others get it, and every one is asked
 * over its API, half of the time on a connection of its own. How long each took, and what failed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { type Arrivals, watchArrivals } from '../../../test/support/arrivals.ts'

export interface LoadFigures {
  /** Milliseconds from a write to its arrival at each other spore, sorted. */
  readonly exchangeMs: readonly number[]
  /** Milliseconds of an API request, sorted. */
  readonly apiMs: readonly number[]
  readonly failures: readonly string[]
}

export interface HonestLoad extends AsyncDisposable {
  /** Goes on for so long, and until the last write has arrived. */
  measure(ms: number): Promise<LoadFigures>
}

/** Between two writes, and two requests. */
const WRITE_EVERY_MS = 200
const ASK_EVERY_MS = 40
/** What has not come by then counts as failed. */
const ARRIVES_MS = 15_000
const ANSWER_MS = 15_000

export async function createHonestLoad(urls: readonly string[]): Promise<HonestLoad> {
  await using stack = new AsyncDisposableStack()
  const arrivals: Arrivals[] = []
  for (const url of urls) arrivals.push(stack.use(await watchArrivals(url)))
  const kept = new Agent({ connections: 4 })
  const fresh = new Agent({ pipelining: 0 })
  for (const agent of [kept, fresh]) stack.defer(() => agent.destroy())
  let written = 0
  let asked = 0

  const call = async (url: string, body: unknown, dispatcher: Agent): Promise<unknown> => {
    const reply = await request(url, {
      dispatcher,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const answer: unknown = await reply.body.json()
    if (reply.statusCode >= 400) throw new Error(`${url}: ${reply.statusCode}`)
    return answer
  }

  const write = async (figures: Collected): Promise<void> => {
    const from = written % 2
    const startedAt = performance.now()
    const input = { text: `honest entry ${written++} of ${process.pid}`, space: 'commons' }
    const { id } = (await call(`${urls[from]}/api/memory`, input, kept)) as { id: string }
    await Promise.all(
      arrivals.map(async (stream, i) => {
        if (i === from) return
        figures.exchangeMs.push((await stream.arrived(id, ARRIVES_MS)) - startedAt)
      }),
    )
  }

  const ask = async (figures: Collected): Promise<void> => {
    const n = asked++
    const url = urls[n % urls.length] as string
    const isSearch = n % 6 < 3
    const startedAt = performance.now()
    const path = isSearch ? `/api/memory/search?q=honest+entry+${n}&limit=5` : '/api/memory?limit=10'
    await call(`${url}${path}`, undefined, n % 2 === 0 ? kept : fresh)
    figures.apiMs.push(performance.now() - startedAt)
  }

  const parts = stack.move()
  return {
    async measure(ms) {
      const figures: Collected = { exchangeMs: [], apiMs: [], failures: [] }
      const endAt = performance.now() + ms
      const underWay: Promise<void>[] = []
      const every = async (everyMs: number, act: (figures: Collected) => Promise<void>): Promise<void> => {
        while (performance.now() < endAt) {
          underWay.push(act(figures).catch((error: unknown) => void figures.failures.push(String(error))))
          await sleep(everyMs)
        }
      }
      await Promise.all([every(WRITE_EVERY_MS, write), every(ASK_EVERY_MS, ask)])
      await Promise.all(underWay)
      figures.exchangeMs.sort((a, b) => a - b)
      figures.apiMs.sort((a, b) => a - b)
      return figures
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

interface Collected {
  exchangeMs: number[]
  apiMs: number[]
  failures: string[]
}

/** The value below which a share of sorted values lie. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
