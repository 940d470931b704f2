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

export interface Transport {
  /** The normal form of a peer's URL, if this spore may connect there. Failure PEER_URL_INVALID. */
  admit(url: string): Result<string, Failure>
  /** Failure PEER_UNREACHABLE: no connection, no answer in time, or a longer one than `maxBytes`. */
  send(request: TransportRequest, signal: AbortSignal): Promise<Result<TransportReply, Failure>>
}
