/**
 * Server-sent events (WHATWG HTML §9.2) as far as model providers use them: the data of each event, from bytes that may be cut anywhere.
 * Pure; a line that does not end is an error, not memory.
 */
import { StringDecoder } from 'node:string_decoder'

export interface EventStream {
  /** The data of the events that end within these bytes; null where a line or event is longer than may be. */
  push(bytes: Uint8Array): readonly string[] | null
}

/** Characters of one event: a whole reply in one piece, escaped. */
export const EVENT_CHARS_MAX = 1024 * 1024

export function createEventStream(): EventStream {
  const decoder = new StringDecoder('utf8')
  /** What has come of a line that has not ended, in pieces: joining them at each would take time in the square of their number. */
  let rest: string[] = []
  let restChars = 0
  let data: string[] = []
  let dataChars = 0

  /** The event that an empty line ends. */
  const take = (line: string, events: string[]): void => {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'))
      data = []
      dataChars = 0
      return
    }
    const colon = line.indexOf(':')
    // A line that begins with a colon is a comment: providers send them to keep the connection alive.
    if (line.slice(0, colon < 0 ? line.length : colon) !== 'data') return
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    data.push(value)
    dataChars += value.length
  }

  return {
    push(bytes) {
      const piece = decoder.write(Buffer.from(bytes))
      restChars += piece.length
      rest.push(piece)
      if (restChars > EVENT_CHARS_MAX + bytes.length) return null
      // A carriage return that was held back makes the next piece matter, whatever is in it.
      if (!/[\r\n]/.test(piece) && !rest.at(-2)?.endsWith('\r'))
        return restChars > EVENT_CHARS_MAX ? null : []
      const text = rest.join('')
      // A carriage return at the end may be the first half of a line end.
      const held = text.endsWith('\r') ? 1 : 0
      const lines = text.slice(0, text.length - held).split(/\r\n|\n|\r/)
      rest = [(lines.pop() as string) + text.slice(text.length - held)]
      restChars = rest[0]?.length ?? 0
      const events: string[] = []
      for (const line of lines) take(line, events)
      return restChars > EVENT_CHARS_MAX || dataChars > EVENT_CHARS_MAX ? null : events
    },
  }
}
