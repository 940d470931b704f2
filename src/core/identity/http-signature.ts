/**
 * HTTP Message Signatures (RFC 9421) in the one profile of PROTOCOL.md §8, with Content-Digest (RFC 9530). One profile
 * and no parser of the general form: what does not have exactly this shape is unsigned. The test compares it with an
 * independent implementation of the RFC.
 */
import type { Did } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { SIGNATURE_AGE_MAX_MS } from '../protocol/limits.ts'
import { didToPublicKey, type Signer, type Verifier } from './keys.ts'

/** The parts of a request that a signature covers. */
export interface RequestParts {
  readonly method: string
  /** Host, and port unless it is the scheme's default; lower case. */
  readonly authority: string
  readonly path: string
  /** With its leading `?`; empty where there is none. */
  readonly query: string
  /** Empty where there is none. */
  readonly body: Uint8Array
}

export interface SignatureHeaders {
  readonly 'content-digest'?: string
  readonly 'signature-input': string
  readonly signature: string
}

export const NONCE_BYTES = 16
const LABEL = 'spore'
/** [AQgw]: the unused bits of the last letter are 0, so that a nonce and a signature have one text each. */
const INPUT =
  /^spore=((\("[@a-z-]+"(?: "[@a-z-]+")*\));created=(\d{1,12});nonce="([A-Za-z0-9+/]{21}[AQgw]==)";alg="ed25519";keyid="(did:key:z[1-9A-HJ-NP-Za-km-z]{1,56})")$/
const SIGNATURE = /^spore=:([A-Za-z0-9+/]{85}[AQgw]==):$/

/** Headers that sign a request at `createdS` (seconds since the Unix epoch) with a fresh nonce. */
export function signRequest(
  parts: RequestParts,
  signer: Signer,
  createdS: number,
  nonce: Uint8Array,
): SignatureHeaders {
  const digest = contentDigest(parts.body)
  const parameters = `${components(parts)};created=${createdS};nonce="${toBase64(nonce)}";alg="ed25519";keyid="${signer.did}"`
  const signature = signer.sign(signatureBase(parts, digest, parameters))
  return {
    ...(digest !== null && { 'content-digest': digest }),
    'signature-input': `${LABEL}=${parameters}`,
    signature: `${LABEL}=:${toBase64(signature)}:`,
  }
}

/**
 * Who signed a request. Failures: REQUEST_UNSIGNED, REQUEST_STALE, DIGEST_MISMATCH, SIGNATURE_INVALID. The caller
 * refuses a nonce that it has seen before.
 */
export function verifyRequest(
  parts: RequestParts,
  headers: { readonly [name: string]: unknown },
  context: { readonly nowMs: number; readonly verifier: Verifier },
): Result<{ readonly caller: Did; readonly nonce: string }, Failure> {
  const input = INPUT.exec(String(headers['signature-input'] ?? ''))
  const signature = SIGNATURE.exec(String(headers.signature ?? ''))
  if (!input || !signature)
    return err(failure('REQUEST_UNSIGNED', 'no signature in the profile of this protocol'))
  const [, parameters, covered, created, nonce, keyid] = input as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (covered !== components(parts))
    return err(failure('REQUEST_UNSIGNED', `the signature must cover ${components(parts)}`))
  if (Math.abs(context.nowMs - Number(created) * 1000) > SIGNATURE_AGE_MAX_MS)
    return err(
      failure(
        'REQUEST_STALE',
        `created is more than ${SIGNATURE_AGE_MAX_MS / 1000} s from this spore’s clock`,
      ),
    )
  const digest = contentDigest(parts.body)
  if (digest !== null && headers['content-digest'] !== digest)
    return err(failure('DIGEST_MISMATCH', 'the body is not the one that was signed'))
  const publicKey = didToPublicKey(keyid)
  if (!publicKey) return err(failure('SIGNATURE_INVALID', 'keyid is not an admissible did:key'))
  const bytes = Buffer.from(signature[1] as string, 'base64')
  if (!context.verifier.verify(publicKey, signatureBase(parts, digest, parameters), bytes))
    return err(failure('SIGNATURE_INVALID', 'the request signature does not hold'))
  return ok({ caller: keyid as Did, nonce })
}

/** Who a request says it is from: nothing that may be held against anybody. Null where it does not say. */
export function claimedCaller(headers: { readonly [name: string]: unknown }): Did | null {
  return (INPUT.exec(String(headers['signature-input'] ?? ''))?.[5] as Did | undefined) ?? null
}

/** The parts of a reply that a signature covers. */
export interface ReplyParts {
  readonly status: number
  readonly body: Uint8Array
  /** The `signature` header of the request that is answered. It covers the nonce, so a reply answers one request only. */
  readonly requestSignature: string
}

/** As `INPUT`, for a reply. */
const REPLY_COMPONENTS = '("@status" "content-digest" "signature";req;key="spore")'
const REPLY_INPUT =
  /^spore=(\("@status" "content-digest" "signature";req;key="spore"\);created=(\d{1,12});alg="ed25519";keyid="(did:key:z[1-9A-HJ-NP-Za-km-z]{1,56})")$/

/** Headers that sign a reply to a request (RFC 9421 §2.4) at `createdS`, in seconds since the Unix epoch. */
export function signReply(parts: ReplyParts, signer: Signer, createdS: number): SignatureHeaders {
  const digest = digestOf(parts.body)
  const parameters = `${REPLY_COMPONENTS};created=${createdS};alg="ed25519";keyid="${signer.did}"`
  const signature = signer.sign(replyBase(parts, digest, parameters))
  return {
    'content-digest': digest,
    'signature-input': `${LABEL}=${parameters}`,
    signature: `${LABEL}=:${toBase64(signature)}:`,
  }
}

/** Who signed a reply to the very request. Failures: REQUEST_UNSIGNED, REQUEST_STALE, DIGEST_MISMATCH, SIGNATURE_INVALID. */
export function verifyReply(
  parts: ReplyParts,
  headers: { readonly [name: string]: unknown },
  context: { readonly nowMs: number; readonly verifier: Verifier },
): Result<Did, Failure> {
  const input = REPLY_INPUT.exec(String(headers['signature-input'] ?? ''))
  const signature = SIGNATURE.exec(String(headers.signature ?? ''))
  if (!input || !signature) return err(failure('REQUEST_UNSIGNED', 'the reply is not signed'))
  const [, parameters, created, keyid] = input as unknown as [string, string, string, string]
  if (Math.abs(context.nowMs - Number(created) * 1000) > SIGNATURE_AGE_MAX_MS)
    return err(failure('REQUEST_STALE', 'the reply’s signature is too old or from the future'))
  const digest = digestOf(parts.body)
  if (headers['content-digest'] !== digest)
    return err(failure('DIGEST_MISMATCH', 'the reply is not the one that was signed'))
  const publicKey = didToPublicKey(keyid)
  const bytes = Buffer.from(signature[1] as string, 'base64')
  if (!publicKey || !context.verifier.verify(publicKey, replyBase(parts, digest, parameters), bytes))
    return err(failure('SIGNATURE_INVALID', 'the signature of the reply does not hold'))
  return ok(keyid as Did)
}

function replyBase({ status, requestSignature }: ReplyParts, digest: string, parameters: string): Uint8Array {
  // The member's value alone: its label is in the component's name.
  const member = requestSignature.slice(`${LABEL}=`.length)
  const lines = [
    `"@status": ${status}`,
    `"content-digest": ${digest}`,
    `"signature";req;key="${LABEL}": ${member}`,
    `"@signature-params": ${parameters}`,
  ]
  return utf8ToBytes(lines.join('\n'))
}

function components({ query, body }: RequestParts): string {
  const names = ['"@method"', '"@authority"', '"@path"']
  if (query !== '') names.push('"@query"')
  if (body.length > 0) names.push('"content-digest"')
  return `(${names.join(' ')})`
}

/** RFC 9421 §2.5: one line a component, then the parameters. */
function signatureBase(parts: RequestParts, digest: string | null, parameters: string): Uint8Array {
  const lines = [`"@method": ${parts.method}`, `"@authority": ${parts.authority}`, `"@path": ${parts.path}`]
  if (parts.query !== '') lines.push(`"@query": ${parts.query}`)
  if (digest !== null) lines.push(`"content-digest": ${digest}`)
  lines.push(`"@signature-params": ${parameters}`)
  return utf8ToBytes(lines.join('\n'))
}

const contentDigest = (body: Uint8Array): string | null => (body.length === 0 ? null : digestOf(body))
const digestOf = (body: Uint8Array): string => `sha-256=:${toBase64(sha256(body))}:`
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
