/**
 * Payloads by which a space is founded and its members are listed (PROTOCOL.md §6 "Spaces"). As with every payload, null means
 * "not what the kind asks for", and unknown fields are left alone.
 */
import type { LogId, SpaceId } from '../base/brand.ts'
import { type Canonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, cidToDigest, digestToCid, sha256 } from '../base/hash.ts'
import { bytesToLogId, isBytes, isUint, LOG_ID_BYTES, logIdToBytes } from './entry.ts'
import * as limits from './limits.ts'
import { EPOCH_BYTES, PUBLIC_KEY_BYTES } from './log.ts'
import { decodeFields, type Fields, isText } from './payloads.ts'

export const SPACE_TYPES = ['private', 'members', 'open'] as const
export type SpaceType = (typeof SPACE_TYPES)[number]

/** The tier of who is asked for nothing. */
export const NO_TIER = 'none'
export const SALT_BYTES = 16

/** What founds a space; its hash is the id of the space, so none of this ever changes. */
export interface FoundingPayload {
  readonly type: SpaceType
  /** What its founder calls it; others may call it otherwise. */
  readonly name: string
  readonly founder: Uint8Array
  /** The tier that an open space asks of who writes. */
  readonly writers: string
  /** Nobody can guess the id from the rest. */
  readonly salt: Uint8Array
}

export type MemberRole = 'member' | 'admin'

/** An entry of a log: how a removal names the grants that it takes back. */
export interface GrantRef {
  readonly logId: LogId
  readonly seq: number
}

/** From which entry on a log of a removed member counts no more. */
export interface LogCut {
  readonly epoch: Uint8Array
  readonly next: number
}

/** What an admin says of one identity. */
export type MemberAct =
  | {
      readonly type: 'add'
      readonly key: Uint8Array
      readonly role: MemberRole
      /** What the admin calls it. */
      readonly name: string | null
    }
  | {
      readonly type: 'remove'
      readonly key: Uint8Array
      /** The grants that were known: a later or unseen one holds on. */
      readonly grants: readonly GrantRef[]
      /** The logs that were known, each up to where. */
      readonly cuts: readonly LogCut[]
    }

export const encodeFounding = ({ type, name, founder, writers, salt }: FoundingPayload): Uint8Array =>
  encodeCanonical({ type, name, founder, writers, salt })

export function decodeFounding(bytes: Uint8Array): FoundingPayload | null {
  const fields = bytes.length <= limits.FOUNDING_BYTES_MAX ? decodeFields(bytes) : null
  if (!fields) return null
  const { type, name, founder, writers, salt } = fields
  if (!isText(name, limits.SPACE_CHARS_MAX) || !isText(writers, limits.SPACE_CHARS_MAX)) return null
  if (!SPACE_TYPES.includes(type as SpaceType)) return null
  if (!isBytes(founder, PUBLIC_KEY_BYTES) || !isBytes(salt, SALT_BYTES)) return null
  return { type: type as SpaceType, name, founder, writers, salt }
}

/** The id of the space that a payload founds: that of the element. */
export const foundingToSpace = (payload: Uint8Array): SpaceId =>
  digestToCid(bytesToDigest(sha256(payload))) as SpaceId

/** Whether a text has the form of a founded space's id. */
export const isFoundedId = (text: string): boolean => cidToDigest(text) !== null

export function encodeMemberAct(act: MemberAct): Uint8Array {
  if (act.type === 'add')
    return encodeCanonical({ add: act.key, role: act.role, ...(act.name !== null && { name: act.name }) })
  return encodeCanonical({
    remove: act.key,
    grants: act.grants.map(({ logId, seq }) => [logIdToBytes(logId), seq]),
    cuts: act.cuts.map(({ epoch, next }) => [epoch, next]),
  })
}

export function decodeMemberAct(bytes: Uint8Array): MemberAct | null {
  const fields = decodeFields(bytes)
  if (!fields || (fields.add === undefined) === (fields.remove === undefined)) return null
  return fields.add === undefined ? decodeRemoval(fields) : decodeGrant(fields)
}

function decodeGrant({ add, role, name = null }: Fields): MemberAct | null {
  if (!isBytes(add, PUBLIC_KEY_BYTES) || (role !== 'member' && role !== 'admin')) return null
  if (name !== null && !isText(name, limits.NAME_CHARS_MAX)) return null
  return { type: 'add', key: add, role, name }
}

function decodeRemoval({ remove, grants, cuts }: Fields): MemberAct | null {
  if (!isBytes(remove, PUBLIC_KEY_BYTES)) return null
  const named = toPairs(grants, limits.REMOVAL_GRANTS_MAX, LOG_ID_BYTES)
  const logs = toPairs(cuts, limits.REMOVAL_CUTS_MAX, EPOCH_BYTES)
  if (!named || !logs) return null
  return {
    type: 'remove',
    key: remove,
    grants: named.map(([logId, seq]) => ({ logId: bytesToLogId(logId), seq })),
    cuts: logs.map(([epoch, next]) => ({ epoch, next })),
  }
}

/** Pairs of bytes of one length and a sequence number. */
function toPairs(list: Canonical | undefined, max: number, length: number): [Uint8Array, number][] | null {
  if (!Array.isArray(list) || list.length > max) return null
  const pairs: [Uint8Array, number][] = []
  for (const item of list as Canonical[]) {
    const [bytes, seq] = Array.isArray(item) && item.length === 2 ? (item as Canonical[]) : []
    if (!isBytes(bytes, length) || !isUint(seq, limits.SEQ_MAX)) return null
    pairs.push([bytes, seq])
  }
  return pairs
}
