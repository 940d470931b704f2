/** Server-sent events of a running spore: the `data` of each, checked against a schema. */
import type { Agent } from 'undici'
import type { z } from 'zod'
import { ok, type Result } from '../core/base/result.ts'
import { type Failure, SporeError } from '../core/protocol/errors.ts'
import { splitLines } from '../http/api/lines.ts'
import type { HttpAccessOptions } from './client.ts'

/** Bytes of one event: a task with everything said about it, every character escaped. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024

/** What is asked for, and what to make of a reply that is no stream. */
export interface EventRequest<T> {
  readonly path: string
  readonly schema: z.ZodType<T>
  readonly signal: AbortSignal
  refuse(status: number, text: string): Result<never, Failure>
  unreachable(error: unknown): Failure
}

/**
 * Opens a stream. What comes and does not match the schema is left out: a newer spore may tell more. Iterating throws
 * `SporeError` SPORE_UNREACHABLE where the stream breaks off.
 */
export async function openEvents<T>(
  agent: Agent,
  { url, token, signal }: HttpAccessOptions,
  request: EventRequest<T>,
): Promise<Result<AsyncIterable<T>, Failure>> {
  const target = new URL(url + request.path)
  try {
    const reply = await agent.request({
      origin: target.origin,
      path: target.pathname + target.search,
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.any([signal, request.signal]),
    })
    const type = String(reply.headers['content-type'] ?? '')
    if (reply.statusCode !== 200 || !type.startsWith('text/event-stream'))
      return request.refuse(reply.statusCode, await reply.body.text())
    return ok(readEvents(reply.body, request))
  } catch (error) {
    return { ok: false, error: request.unreachable(error) }
  }
}

async function* readEvents<T>(
  body: AsyncIterable<Uint8Array>,
  { schema, unreachable }: EventRequest<T>,
): AsyncGenerator<T> {
  try {
    for await (const data of readData(body)) {
      const parsed = schema.safeParse(parseJson(data))
      if (parsed.success) yield parsed.data
    }
  } catch (error) {
    const { code, detail } = unreachable(error)
    throw new SporeError(code, detail, { cause: error })
  }
}

/** The data of each event (WHATWG HTML §9.2.6); other fields say nothing that the data does not. */
export async function* readData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let data: string[] = []
  for await (const lines of splitLines(body, EVENT_BYTES_MAX))
    for (const { bytes } of lines) {
      const line = bytes === null ? null : decoder.decode(bytes)
      if (line?.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
      else if (line === '' && data.length > 0) yield data.join('\n')
      // Of a line that is too long nothing is kept, and so nothing of its event.
      if (line === '' || line === null) data = []
    }
}

/** A value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
