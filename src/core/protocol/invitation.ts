/**
 * Invitations to a space (PROTOCOL.md §8): one line that a person copies, and the request by which whoever was invited presents
 * it. The secret itself is never sent: what is sent proves it for one space and one asker, so that it is of no use to another.
 */
import type { SpaceId } from '../base/brand.ts'
import { base64urlToBytes, bytesToBase64url, concatBytes, equalBytes, utf8ToBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, cidToDigest, digestToBytes, digestToCid, sha256 } from '../base/hash.ts'
import { HASH_BYTES, isBytes, isUint } from './entry.ts'
import { INVITATION_CHARS_MAX, INVITATION_URLS_MAX, NAME_CHARS_MAX, URL_CHARS_MAX } from './limits.ts'
import { PUBLIC_KEY_BYTES } from './log.ts'
import { decodeFounding, type FoundingPayload, foundingToSpace } from './space-payloads.ts'

export const INVITATION_PREFIX = 'spore-invite:'
export const SECRET_BYTES = 16
const VERSION = 1
const CHECKSUM_BYTES = 4
const PROOF_DOMAIN = utf8ToBytes('spore/invitation/1')

export interface Invitation {
  readonly space: SpaceId
  readonly founding: FoundingPayload
  /** The bytes of it that the space's id is the hash of. */
  readonly foundingBytes: Uint8Array
  /** Public key of who invites. */
  readonly inviter: Uint8Array
  /** Where the inviter answers. */
  readonly urls: readonly string[]
  /** Null where none is asked for: the space is open, or the invited one is a member already. */
  readonly secret: Uint8Array | null
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

export function encodeInvitation(invitation: Omit<Invitation, 'space' | 'founding'>): string {
  const { foundingBytes, inviter, urls, secret, expiresAtMs } = invitation
  const bytes = encodeCanonical([VERSION, foundingBytes, inviter, urls, secret, expiresAtMs])
  return INVITATION_PREFIX + bytesToBase64url(concatBytes(bytes, checksumOf(bytes)))
}

/** Null for what is no invitation of this version, or was cut or mistyped. Blank space around it is left out. */
export function decodeInvitation(text: string): Invitation | null {
  const line = text.trim()
  if (line.length > INVITATION_CHARS_MAX || !line.startsWith(INVITATION_PREFIX)) return null
  const sealed = base64urlToBytes(line.slice(INVITATION_PREFIX.length))
  if (!sealed || sealed.length <= CHECKSUM_BYTES) return null
  const bytes = sealed.subarray(0, -CHECKSUM_BYTES)
  if (!equalBytes(sealed.subarray(-CHECKSUM_BYTES), checksumOf(bytes))) return null
  const decoded = decodeCanonical(bytes)
  const fields = decoded.ok && Array.isArray(decoded.value) ? (decoded.value as Canonical[]) : []
  const [version, foundingBytes, inviter, urls, secret, expiresAtMs] = fields
  if (fields.length !== 6 || version !== VERSION) return null
  const founding = foundingBytes instanceof Uint8Array ? decodeFounding(foundingBytes) : null
  if (!founding || !isBytes(inviter, PUBLIC_KEY_BYTES) || !isUrls(urls)) return null
  if (secret !== null && !isBytes(secret, SECRET_BYTES)) return null
  if (!isUint(expiresAtMs, Number.MAX_SAFE_INTEGER)) return null
  const space = foundingToSpace(foundingBytes as Uint8Array)
  return { space, founding, foundingBytes: foundingBytes as Uint8Array, inviter, urls, secret, expiresAtMs }
}

/** What proves a secret for one space and one asker. */
export const proofOf = (secret: Uint8Array, space: SpaceId, asker: Uint8Array): Uint8Array =>
  sha256(concatBytes(PROOF_DOMAIN, secret, utf8ToBytes(space), asker))

/** How an invitation is presented to who gave it. */
export interface Redemption {
  readonly space: SpaceId
  readonly proof: Uint8Array
  /** What the asker calls itself. */
  readonly name: string
}

export const encodeRedemption = ({ space, proof, name }: Redemption): Uint8Array =>
  encodeCanonical([
    digestToBytes(cidToDigest(space) as NonNullable<ReturnType<typeof cidToDigest>>),
    proof,
    name,
  ])

/** Null for what is not in this form. */
export function decodeRedemption(bytes: Uint8Array): Redemption | null {
  const decoded = decodeCanonical(bytes)
  const fields = decoded.ok && Array.isArray(decoded.value) ? (decoded.value as Canonical[]) : []
  const [space, proof, name] = fields
  if (fields.length !== 3 || !isBytes(space, HASH_BYTES) || !isBytes(proof, HASH_BYTES)) return null
  if (typeof name !== 'string' || name.length === 0 || name.length > NAME_CHARS_MAX) return null
  return { space: digestToCid(bytesToDigest(space)) as SpaceId, proof, name }
}

const checksumOf = (bytes: Uint8Array): Uint8Array => sha256(bytes).subarray(0, CHECKSUM_BYTES)

const isUrls = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= INVITATION_URLS_MAX &&
  value.every((url) => typeof url === 'string' && url.length > 0 && url.length <= URL_CHARS_MAX)
