/**
 * The pre-shared key of a private network (PROTOCOL.md §8): whoever has it is let in, and whoever has not learns nothing, not
 * even what the network is called. Every request carries a MAC over its own signature, which covers all of the request; replies
 * that say who somebody is carry one over the request's signature and their own bytes.
 */
import { utf8ToBytes } from '../base/bytes.ts'
import { equalInConstantTime, hmacSha256, sha256 } from '../base/hash.ts'
import { SporeError } from '../protocol/errors.ts'
import { NETWORK_KEY_CHARS_MIN } from '../protocol/limits.ts'

export interface NetworkKey {
  /** The headers of a signed request, with the proof beside them. */
  prove(headers: Readonly<Record<string, string>>): Record<string, string>
  /** Whether the headers of a request hold the proof. */
  isProven(headers: { readonly [name: string]: unknown }): boolean
  /** The header that proves a reply, by the `signature` header of the request that it answers. */
  proveReply(requestSignature: string, body: Uint8Array): Record<string, string>
  isReplyProven(
    requestSignature: string,
    body: Uint8Array,
    headers: { readonly [name: string]: unknown },
  ): boolean
}

/** Header of the proof. */
export const NETWORK_PROOF_HEADER = 'spore-network-proof'

/** Throws CONFIG_INVALID for a text that could be guessed from one request. */
export function createNetworkKey(text: string): NetworkKey {
  if (text.length < NETWORK_KEY_CHARS_MIN)
    throw new SporeError(
      'CONFIG_INVALID',
      `the network key has fewer than ${NETWORK_KEY_CHARS_MIN} characters: whoever sees a request could guess it`,
    )
  const key = sha256(utf8ToBytes(`spore/network-key/1\n${text}`))
  const mac = (...lines: readonly string[]): string =>
    Buffer.from(hmacSha256(key, utf8ToBytes(lines.join('\n')))).toString('base64')
  const ofRequest = (headers: { readonly [name: string]: unknown }): string =>
    mac('spore/network-request/1', String(headers['signature-input']), String(headers.signature))
  const ofReply = (requestSignature: string, body: Uint8Array): string =>
    mac('spore/network-reply/1', requestSignature, Buffer.from(sha256(body)).toString('base64'))
  const holds = (headers: { readonly [name: string]: unknown }, expected: string): boolean =>
    equalInConstantTime(String(headers[NETWORK_PROOF_HEADER] ?? ''), expected)
  return {
    prove: (headers) => ({ ...headers, [NETWORK_PROOF_HEADER]: ofRequest(headers) }),
    isProven: (headers) => holds(headers, ofRequest(headers)),
    proveReply: (requestSignature, body) => ({ [NETWORK_PROOF_HEADER]: ofReply(requestSignature, body) }),
    isReplyProven: (requestSignature, body, headers) => holds(headers, ofReply(requestSignature, body)),
  }
}
