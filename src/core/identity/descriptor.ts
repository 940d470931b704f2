/** Descriptors (PROTOCOL.md §8): what a spore says of itself, signed by itself. */
import { base64urlToBytes, bytesToBase64url } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { DNA_CHARS, swarmDna } from '../protocol/dna.ts'
import { isUint } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { DESCRIPTOR_TTL_MS, NAME_CHARS_MAX, SPACE_CHARS_MAX, URL_CHARS_MAX } from '../protocol/limits.ts'
import { EPOCH_BYTES } from '../protocol/log.ts'
import { type Descriptor, descriptorBytes } from '../protocol/messages.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { didToPublicKey, type Signer, type Verifier } from './keys.ts'
import { isLabelList } from './profile.ts'

/** A descriptor from a clock that runs ahead is taken within this. */
const AHEAD_MS = 10 * 60 * 1000

/** Descriptors in one reply. */
const NODES_MAX = 1024
const KEY_CHARS_MAX = 64
const SIGNATURE_CHARS = 86

/** What a spore answers who asks whom it knows: descriptors in their form, not yet verified. */
export interface Nodes {
  readonly self: unknown
  readonly nodes: readonly unknown[]
}

/**
 * The form of each field, and there are no others. Tested by hand: a schema library would be a fifth of the memory of a
 * spore that only replicates.
 */
const FORMS: { readonly [Field in keyof Descriptor]: (value: unknown) => boolean } = {
  key: (value) => isText(value, 0, KEY_CHARS_MAX),
  url: (value) => value === null || isText(value, 0, URL_CHARS_MAX),
  epoch: (value) => typeof value === 'string' && base64urlToBytes(value)?.length === EPOCH_BYTES,
  name: (value) => isText(value, 1, NAME_CHARS_MAX),
  network: (value) => isText(value, 1, SPACE_CHARS_MAX),
  version: (value) => isUint(value, Number.MAX_SAFE_INTEGER),
  dna: (value) => isText(value, DNA_CHARS, DNA_CHARS) && /^[0-9a-f]+$/.test(value as string),
  roles: isLabelList,
  tags: isLabelList,
  capabilities: isLabelList,
  families: isLabelList,
  issued: (value) => isUint(value, Number.MAX_SAFE_INTEGER),
  signature: (value) => isText(value, SIGNATURE_CHARS, SIGNATURE_CHARS),
}

/** The name of a field that is not in its form, or that none has; null where all are. */
function wrongField(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'no object'
  const fields = input as { readonly [name: string]: unknown }
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(FORMS, name))
  if (unknown !== undefined) return 'a field that descriptors do not have'
  const wrong = Object.entries(FORMS).find(
    ([name, hasForm]) => !Object.hasOwn(fields, name) || !hasForm(fields[name]),
  )
  return wrong ? wrong[0] : null
}

/** Null where the reply is not in its form. */
export function parseNodes(input: unknown): Nodes | null {
  if (typeof input !== 'object' || input === null) return null
  const { self, nodes } = input as { readonly self?: unknown; readonly nodes?: unknown }
  if (wrongField(self) !== null || !Array.isArray(nodes) || nodes.length > NODES_MAX) return null
  return nodes.every((node) => wrongField(node) === null) ? { self, nodes } : null
}

export function signDescriptor(fields: Omit<Descriptor, 'key' | 'signature'>, signer: Signer): Descriptor {
  const unsigned = { ...fields, key: signer.did }
  return { ...unsigned, signature: bytesToBase64url(signer.sign(descriptorBytes(unsigned))) }
}

/** Failures: REQUEST_INVALID, SIGNATURE_INVALID, VERSION_UNSUPPORTED, NETWORK_MISMATCH, DNA_MISMATCH, REQUEST_STALE. */
export function verifyDescriptor(
  input: unknown,
  context: { readonly network: string; readonly nowMs: number; readonly verifier: Verifier },
): Result<Descriptor, Failure> {
  const wrong = wrongField(input)
  if (wrong !== null) return err(failure('REQUEST_INVALID', `descriptor: ${wrong}`))
  const descriptor = input as Descriptor
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
  const dna = swarmDna(context.network)
  if (descriptor.dna !== dna) return err(failure('DNA_MISMATCH', `${descriptor.dna} there, ${dna} here`))
  const ageMs = context.nowMs - descriptor.issued
  if (ageMs > DESCRIPTOR_TTL_MS || ageMs < -AHEAD_MS)
    return err(failure('REQUEST_STALE', 'the descriptor has expired'))
  return ok(descriptor)
}

const isText = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'string' && value.length >= min && value.length <= max
