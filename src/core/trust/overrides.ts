/**
 * What an operator set by hand, in the form in which the store keeps it: in a few values by author, so that setting one
 * writes what is beside it and not all of them.
 */
import type { Did } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { sha256 } from '../base/hash.ts'
import { didToPublicKey } from '../identity/keys.ts'
import { TRUST_REASON_CHARS_MAX } from '../protocol/api-trust.ts'
import { isUint } from '../protocol/entry.ts'
import { SporeError } from '../protocol/errors.ts'
import { isText } from '../protocol/payloads.ts'
import type { TrustOverride } from './trust-contract.ts'

/** Authors whose trust is set by hand: more than anybody sets one by one, and 16 MB with the longest reasons. */
export const OVERRIDES_MAX = 10_000
/** Values that they are spread over: one holds 160 of them, and 250 KB at most that are likely. */
export const OVERRIDE_SHARDS = 64
/** The last instant that has a date, in milliseconds since the Unix epoch. */
const INSTANT_MS_MAX = 8_640_000_000_000_000
/** What trust is counted in: there are no fractions in the byte form. */
const MILLIONTHS = 1_000_000
/** The version of this form. A reader that meets another one must not guess who is trusted. */
const VERSION = 1

/** The names of all values. */
export const overrideValues = (): string[] => Array.from({ length: OVERRIDE_SHARDS }, (_, i) => nameOf(i))

/** The value that an author's override stands in. */
export const overrideValueOf = (author: Did): string =>
  nameOf((sha256(utf8ToBytes(author))[0] as number) % OVERRIDE_SHARDS)

const nameOf = (shard: number): string => `trust/overrides/${shard}`

/** Trust as it is kept: to a millionth. */
export const roundTrust = (trust: number): number => Math.round(trust * MILLIONTHS) / MILLIONTHS

/** One value; null, which deletes it, for nothing. */
export function encodeOverrides(overrides: ReadonlyMap<Did, TrustOverride>): Uint8Array | null {
  if (overrides.size === 0) return null
  const rows = [...overrides].map(([author, { trust, reason, atMs }]) => [
    author,
    Math.round(trust * MILLIONTHS),
    reason,
    atMs,
  ])
  return encodeCanonical([VERSION, rows])
}

/** Throws `SporeError` STORE_NEWER, STORE_CORRUPT: who is not to be trusted is not forgotten in silence. */
export function decodeOverrides(bytes: Uint8Array): ReadonlyMap<Did, TrustOverride> {
  const decoded = decodeCanonical(bytes)
  const [version, rows] = decoded.ok && Array.isArray(decoded.value) ? (decoded.value as Canonical[]) : []
  if (isUint(version, Number.MAX_SAFE_INTEGER) && version > VERSION)
    throw new SporeError('STORE_NEWER', 'trust that was set by hand is in the form of a newer version')
  if (version !== VERSION || !Array.isArray(rows)) throw corrupt()
  return new Map((rows as Canonical[]).map(decodeRow))
}

function decodeRow(row: Canonical): [Did, TrustOverride] {
  const [author, millionths, reason, atMs] = Array.isArray(row) ? (row as Canonical[]) : []
  if (typeof author !== 'string' || !didToPublicKey(author)) throw corrupt()
  if (!isUint(millionths, MILLIONTHS) || !isUint(atMs, INSTANT_MS_MAX)) throw corrupt()
  if (reason !== null && !isText(reason, TRUST_REASON_CHARS_MAX)) throw corrupt()
  return [author as Did, { trust: millionths / MILLIONTHS, reason, atMs }]
}

const corrupt = () => new SporeError('STORE_CORRUPT', 'trust that was set by hand cannot be read')
