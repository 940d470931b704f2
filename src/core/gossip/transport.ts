/** Transport: the port to other spores. It carries bytes; what they mean, and signing them, is the core's. */
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'

export interface TransportRequest {
  readonly method: 'GET' | 'POST'
  /** Origin and path prefix of the peer, as `admit` gave it. */
  readonly base: string
  /** Path behind the prefix, with its leading slash. */
  readonly path: string
  /** With its leading `?`, or empty. */
  readonly query: string
  readonly headers: { readonly [name: string]: string }
  /** Empty for none. */
  readonly body: Uint8Array
  /** Bytes of the longest reply that is taken. */
  readonly maxBytes: number
}

export interface TransportReply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: Uint8Array
}

/** A request whose reply is read while it arrives. */
export interface StreamRequest extends TransportRequest {
  /** Milliseconds without a byte after which the reply counts as broken off. */
  readonly idleTimeoutMs: number
  /** Milliseconds in which the whole reply must have arrived; null where it lasts (an event stream). */
  readonly replyTimeoutMs: number | null
}

export interface TransportStream {
  readonly status: number
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | undefined }
  /**
   * Chunks as they arrive, cut anywhere. Ends where the reply ends; throws `SporeError` PEER_UNREACHABLE where it breaks
   * off, takes too long or is longer than `maxBytes`. Whoever does not read to the end must leave the loop (`return`):
   * that, or the signal, closes the connection. A reader that is slow slows the sender down.
   */
  readonly body: AsyncIterable<Uint8Array>
}

export interface Transport {
  /** The normal form of a peer's URL, if this spore may connect there. Failure PEER_URL_INVALID. */
  admit(url: string): Result<string, Failure>
  /** Failure PEER_UNREACHABLE: no connection, no answer in time, or a longer one than `maxBytes`. */
  send(request: TransportRequest, signal: AbortSignal): Promise<Result<TransportReply, Failure>>
  /** The same, resolved when the head of the reply is there. Failure PEER_UNREACHABLE until then. */
  stream(request: StreamRequest, signal: AbortSignal): Promise<Result<TransportStream, Failure>>
}
