/** Hears of memories as they come to a spore, over its event stream, and when each did. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

export interface Arrivals extends AsyncDisposable {
  /** When a memory came, by `performance.now()`; rejects where it has not come in time. */
  arrived(id: string, withinMs: number): Promise<number>
}

/** Memories that are remembered until somebody asks for them; a hostile peer may bring any number. */
const SEEN_MAX = 100_000

/** Resolves when the stream is open: what comes from then on is heard of. */
export async function watchArrivals(url: string): Promise<Arrivals> {
  const closing = new AbortController()
  const request = get(`${url}/api/events`, { agent: false, signal: closing.signal })
  request.on('error', () => {})
  const [body] = (await once(request, 'response')) as [IncomingMessage]
  const seen = new Map<string, number>()
  const waiting = new Map<string, (atMs: number) => void>()
  let isOver = false

  const note = (line: string): void => {
    const id = /^data: .*?"id":"([a-z0-9]{59})"/.exec(line)?.[1]
    if (id === undefined) return
    const atMs = performance.now()
    waiting.get(id)?.(atMs)
    waiting.delete(id)
    const [oldest] = seen.keys()
    if (seen.size >= SEEN_MAX && oldest !== undefined) seen.delete(oldest)
    if (!seen.has(id)) seen.set(id, atMs)
  }
  const read = async (): Promise<void> => {
    let rest = ''
    try {
      for await (const chunk of body.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() as string
        for (const line of lines) note(line)
      }
    } catch {
      // It is closed here, or cut there: whoever waits will say so.
    }
    isOver = true
  }
  const reading = read()

  return {
    arrived(id, withinMs) {
      const atMs = seen.get(id)
      if (atMs !== undefined) return Promise.resolve(atMs)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`${id} did not come within ${withinMs} ms${isOver ? '; the stream ended' : ''}`))
        }, withinMs)
        waiting.set(id, (when) => {
          clearTimeout(timer)
          resolve(when)
        })
      })
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await reading
    },
  }
}
