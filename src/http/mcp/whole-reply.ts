/**
 * A response that sends a JSON reply in one piece. The SDK's adapter writes head, body and end apart, in chunks of unknown
 * length: five pieces for one short reply, which costs the kernel more than the tool that made it.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { NodeServerResponseLike } from '@modelcontextprotocol/node'

export function wholeReply(response: ServerResponse): NodeServerResponseLike {
  /** What a JSON reply begins with and consists of so far; null while it is none. */
  let held: { readonly status: number; readonly headers: OutgoingHttpHeaders; parts: Uint8Array[] } | null =
    null
  return {
    on: (event, listener) => response.on(event, listener),
    get destroyed() {
      return response.destroyed
    },
    writeHead(status, headers = {}) {
      if (headers['content-type'] !== 'application/json') return response.writeHead(status, headers)
      held = { status, headers, parts: [] }
      return response
    },
    write(chunk) {
      if (!held) return response.write(chunk)
      held.parts.push(Buffer.from(chunk))
      return true
    },
    end() {
      if (!held) return response.end()
      const text = Buffer.concat(held.parts).toString()
      // As text it goes out in one piece with the head.
      const headers = { ...held.headers, 'content-length': Buffer.byteLength(text) }
      return response.writeHead(held.status, headers).end(text)
    },
  }
}
