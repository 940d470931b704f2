/** Writes a federation stream to its holder, no faster than it reads; the core decides what, and when it is over. */
import { once } from 'node:events'
import type { FastifyReply } from 'fastify'
import { EVENT_STREAM_MEDIA_TYPE } from '../../core/gossip/event-stream.ts'
import type { EventSource } from '../../core/gossip/streams.ts'
import { takeOver } from '../take-over.ts'

/** Never rejects: what has begun as a stream can only end. */
export async function writeStream(reply: FastifyReply, { events, signal }: EventSource): Promise<void> {
  const raw = takeOver(reply)
  const cut = () => raw.destroy()
  signal.addEventListener('abort', cut, { once: true })
  raw.writeHead(200, {
    'content-type': EVENT_STREAM_MEDIA_TYPE,
    'cache-control': 'no-store',
    // Asks a proxy (nginx) to pass on each event as it comes.
    'x-accel-buffering': 'no',
    // A connection that outlived its stream would only keep a closing server waiting.
    connection: 'close',
  })
  const gone = once(raw, 'close').then(() => ({ done: true as const, value: undefined }))
  const iterator = events[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), gone])
      if (next.done) break
      if (!raw.write(next.value)) await Promise.race([once(raw, 'drain'), gone])
    }
    raw.end()
  } catch {
    raw.destroy()
  } finally {
    signal.removeEventListener('abort', cut)
    await iterator.return?.()
  }
}
