/**
 * Invitations that are open: each admits one identity, once, until it expires. Kept in the store, so that a restart forgets
 * neither one that is open nor that one was used.
 */
import type { SpaceId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { isBytes, isUint } from '../protocol/entry.ts'
import { proofOf, SECRET_BYTES } from '../protocol/invitation.ts'
import { INVITATIONS_MAX } from '../protocol/limits.ts'
import type { MemberRole } from '../protocol/space-payloads.ts'

export interface OpenInvitation {
  readonly space: SpaceId
  readonly secret: Uint8Array
  readonly role: MemberRole
  readonly expiresAtMs: number
}

export interface Invitations {
  /** False where there are as many as are kept. */
  add(invitation: OpenInvitation, nowMs: number): boolean
  /** The open invitation to a space that an asker's proof is of; it looks at each, whatever it finds. */
  find(space: SpaceId, proof: Uint8Array, asker: Uint8Array, nowMs: number): OpenInvitation | null
  remove(invitation: OpenInvitation): void
  encode(): Uint8Array
  load(bytes: Uint8Array): void
}

export function createInvitations(): Invitations {
  let open: OpenInvitation[] = []
  const isOpen =
    (nowMs: number) =>
    ({ expiresAtMs }: OpenInvitation): boolean =>
      nowMs < expiresAtMs

  return {
    add(invitation, nowMs) {
      open = open.filter(isOpen(nowMs))
      if (open.length >= INVITATIONS_MAX) return false
      open.push(invitation)
      return true
    },
    find(space, proof, asker, nowMs) {
      const matching = open.filter(({ secret }) => equalBytes(proofOf(secret, space, asker), proof))
      return matching.find((one) => one.space === space && isOpen(nowMs)(one)) ?? null
    },
    remove(invitation) {
      open = open.filter((one) => one !== invitation)
    },
    encode: () =>
      encodeCanonical(open.map(({ space, secret, role, expiresAtMs }) => [space, secret, role, expiresAtMs])),
    load(bytes) {
      const decoded = decodeCanonical(bytes)
      const rows = decoded.ok && Array.isArray(decoded.value) ? (decoded.value as Canonical[]) : []
      open = rows.map(toInvitation).filter((one) => one !== null)
    },
  }
}

function toInvitation(item: Canonical): OpenInvitation | null {
  const [space, secret, role, expiresAtMs] = Array.isArray(item) ? (item as Canonical[]) : []
  if (typeof space !== 'string' || !isBytes(secret, SECRET_BYTES)) return null
  if ((role !== 'member' && role !== 'admin') || !isUint(expiresAtMs, Number.MAX_SAFE_INTEGER)) return null
  return { space: space as SpaceId, secret, role, expiresAtMs }
}
