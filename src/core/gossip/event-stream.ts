/**
 * The event stream of PROTOCOL.md §8: its byte form, and a bounded reader of it. One profile of server-sent events: a line
 * `event: push` or `event: ihave`, a line `data:` with base64url, an empty line; comments keep the connection open.
 */
import { base64urlToBytes, bytesToBase64url, utf8ToBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure, SporeError } from '../protocol/errors.ts'
import { EVENT_LINE_CHARS_MAX } from '../protocol/limits.ts'
import { decodeIhave, type LogNext } from '../protocol/messages.ts'

export const EVENT_STREAM_MEDIA_TYPE = 'text/event-stream'

export type StreamEvent =
  | { readonly type: 'push'; readonly frames: Uint8Array }
  | { readonly type: 'ihave'; readonly rows: readonly LogNext[] }

export const encodeEvent = (type: StreamEvent['type'], bytes: Uint8Array): Uint8Array =>
  utf8ToBytes(`event: ${type}\ndata: ${bytesToBase64url(bytes)}\n\n`)

/** A comment: says that the stream is still there. */
export const heartbeat = (): Uint8Array => utf8ToBytes(':\n\n')

/**
 * The events of a stream as they arrive, cut anywhere. Ends where the stream ends; throws `SporeError` PEER_REFUSED for a line
 * that is too long or an event that is none. Holds one event at most.
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  let type = ''
  let data = ''
  for await (const line of readLines(chunks)) {
    if (line === '') {
      const event = type === '' && data === '' ? null : decodeEvent(type, data)
      if (event && !event.ok) throw new SporeError(event.error.code, event.error.detail)
      if (event) yield event.value
      type = ''
      data = ''
    } else if (line.startsWith('event:')) type = fieldOf(line)
    else if (line.startsWith('data:')) {
      if (data !== '') throw new SporeError('PEER_REFUSED', 'an event of several lines')
      data = fieldOf(line)
    }
  }
}

function decodeEvent(type: string, data: string): Result<StreamEvent, Failure> {
  const bytes = base64urlToBytes(data)
  if (!bytes) return err(failure('PEER_REFUSED', 'the data of an event is not base64url'))
  if (type === 'push') return ok({ type, frames: bytes })
  if (type !== 'ihave') return err(failure('PEER_REFUSED', 'an event of a type that is none'))
  const rows = decodeIhave(bytes)
  return rows.ok ? ok({ type, rows: rows.value }) : err(failure('PEER_REFUSED', rows.error.detail))
}

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    // All that is read for its meaning is ASCII.
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    let at = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      const line = rest + text.slice(at, end)
      if (line.length > EVENT_LINE_CHARS_MAX) throw tooLong()
      yield line.endsWith('\r') ? line.slice(0, -1) : line
      rest = ''
      at = end + 1
    }
    rest += text.slice(at)
    if (rest.length > EVENT_LINE_CHARS_MAX) throw tooLong()
  }
}

const tooLong = (): SporeError =>
  new SporeError('PEER_REFUSED', `a line of more than ${EVENT_LINE_CHARS_MAX} characters in an event stream`)

/** Behind the colon, and one space. */
function fieldOf(line: string): string {
  const value = line.slice(line.indexOf(':') + 1)
  return value.startsWith(' ') ? value.slice(1) : value
}
