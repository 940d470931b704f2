/** Descriptors (PROTOCOL.md §8): what a spore says of itself, signed by itself. */
import { z } from 'zod'
import { base64urlToBytes, bytesToBase64url } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { NAME_CHARS_MAX, SPACE_CHARS_MAX, URL_CHARS_MAX } from '../protocol/limits.ts'
import { type Descriptor, descriptorBytes } from '../protocol/messages.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { didToPublicKey, type Signer, type Verifier } from './keys.ts'

const VALID_MS = 24 * 3600 * 1000
/** A descriptor from a clock that runs ahead is taken within this. */
const AHEAD_MS = 10 * 60 * 1000

export const descriptorSchema = z.strictObject({
  key: z.string().max(64),
  url: z.string().max(URL_CHARS_MAX).nullable(),
  name: z.string().min(1).max(NAME_CHARS_MAX),
  network: z.string().min(1).max(SPACE_CHARS_MAX),
  version: z.number().int().min(0),
  issued: z.number().int().min(0),
  signature: z.string().length(86),
})
export const joinReplySchema = z.object({
  self: descriptorSchema,
  nodes: z.array(descriptorSchema).max(1024),
})

export function signDescriptor(fields: Omit<Descriptor, 'key' | 'signature'>, signer: Signer): Descriptor {
  const unsigned = { ...fields, key: signer.did }
  return { ...unsigned, signature: bytesToBase64url(signer.sign(descriptorBytes(unsigned))) }
}

/** Failures: REQUEST_INVALID, SIGNATURE_INVALID, VERSION_UNSUPPORTED, NETWORK_MISMATCH, REQUEST_STALE. */
export function verifyDescriptor(
  input: unknown,
  context: { readonly network: string; readonly nowMs: number; readonly verifier: Verifier },
): Result<Descriptor, Failure> {
  const parsed = descriptorSchema.safeParse(input)
  if (!parsed.success) return err(failure('REQUEST_INVALID', `descriptor: ${z.prettifyError(parsed.error)}`))
  const descriptor = parsed.data as Descriptor
  const publicKey = didToPublicKey(descriptor.key)
  const signature = base64urlToBytes(descriptor.signature)
  if (!publicKey || !signature || !context.verifier.verify(publicKey, descriptorBytes(descriptor), signature))
    return err(failure('SIGNATURE_INVALID', 'the descriptor is not signed by its key'))
  if (descriptor.version !== PROTOCOL_VERSION)
    return err(failure('VERSION_UNSUPPORTED', `${descriptor.version} there, ${PROTOCOL_VERSION} here`))
  if (descriptor.network !== context.network)
    return err(
      failure(
        'NETWORK_MISMATCH',
        `${JSON.stringify(descriptor.network)} there, ${JSON.stringify(context.network)} here`,
      ),
    )
  const ageMs = context.nowMs - descriptor.issued
  if (ageMs > VALID_MS || ageMs < -AHEAD_MS)
    return err(failure('REQUEST_STALE', 'the descriptor has expired'))
  return ok(descriptor)
}
