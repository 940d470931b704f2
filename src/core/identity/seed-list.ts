/**
 * Seed lists (PROTOCOL.md §8 "Bootstrap"): `bootstrap.json`, the addresses and keys of spores that a new one may ask first.
 * They are hints: whoever answers there is verified as any stranger, and must have the key that the list names.
 *
 * Invariant: a list is taken as a whole or not at all. What has two readings (a name twice, a field that the signature does
 * not cover, the same seed twice) is refused, so that the person who signs and every spore that reads see the same list.
 */
import type { Did } from '../base/brand.ts'
import { base64urlToBytes, bytesToBase64url, bytesToUtf8 } from '../base/bytes.ts'
import { encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  BOOTSTRAP_BYTES_MAX,
  BOOTSTRAP_SEEDS_MAX,
  BOOTSTRAP_VALID_MAX_MS,
  CLOCK_AHEAD_MAX_MS,
  SPACE_CHARS_MAX,
  URL_CHARS_MAX,
} from '../protocol/limits.ts'
import { didToPublicKey, type Signer, type Verifier } from './keys.ts'

export const SEED_LIST_VERSION = 1

/** A spore that others may ask first. */
export interface Seed {
  readonly url: string
  /** Who must answer there. */
  readonly key: Did
}

/** A list without a signature: what is signed, and the form of the copy in the package. */
export interface SeedDraft {
  readonly version: typeof SEED_LIST_VERSION
  readonly network: string
  readonly seeds: readonly Seed[]
}

export interface SignedSeedList extends SeedDraft {
  /** When it was signed and when it ends, as `2026-11-21T09:00:00Z`. */
  readonly issued: string
  readonly expires: string
  /** Who signed it. */
  readonly key: Did
  /** Ed25519 over `seedListBytes`, base64url. */
  readonly signature: string
}

export type SeedList = SeedDraft | SignedSeedList

export const isSigned = (list: SeedList): list is SignedSeedList => 'signature' in list

const DRAFT_FIELDS = ['version', 'network', 'seeds']
const SIGNED_FIELDS = [...DRAFT_FIELDS, 'issued', 'expires', 'key', 'signature']
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const SIGNATURE_CHARS = 86

/** The list in a file. Failure BOOTSTRAP_REFUSED says what is wrong with it. Who signed it is not asked here. */
export function parseSeedList(bytes: Uint8Array): Result<SeedList, Failure> {
  if (bytes.length > BOOTSTRAP_BYTES_MAX) return refused(`larger than ${BOOTSTRAP_BYTES_MAX} bytes`)
  let value: unknown
  try {
    const text = bytesToUtf8(bytes)
    value = JSON.parse(text)
    // A name that stands there twice is lost in parsing, and so is any other spelling of the same value.
    if (JSON.stringify(value) !== withoutSpace(text)) return refused('a name twice, or an unusual spelling')
  } catch {
    return refused('not JSON')
  }
  const finding = formFinding(value)
  return finding === null ? ok(value as SeedList) : refused(finding)
}

/** The text without the white space between its tokens. */
const withoutSpace = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g, (part) => (part.startsWith('"') ? part : ''))

function formFinding(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no object'
  const fields = value as { readonly [name: string]: unknown }
  const expected = Object.hasOwn(fields, 'signature') ? SIGNED_FIELDS : DRAFT_FIELDS
  const unknown = Object.keys(fields).find((name) => !expected.includes(name))
  if (unknown !== undefined) return 'a field that such a list does not have'
  const missing = expected.find((name) => !Object.hasOwn(fields, name))
  if (missing !== undefined) return `"${missing}" is missing`
  if (fields.version !== SEED_LIST_VERSION) return `a version other than ${SEED_LIST_VERSION}`
  if (!isText(fields.network, SPACE_CHARS_MAX)) return '"network" is not the name of a network'
  if (!Array.isArray(fields.seeds)) return '"seeds" is not a list'
  return seedsFinding(fields.seeds) ?? (expected === SIGNED_FIELDS ? signedFinding(fields) : null)
}

function seedsFinding(seeds: readonly unknown[]): string | null {
  if (seeds.length > BOOTSTRAP_SEEDS_MAX) return `more than ${BOOTSTRAP_SEEDS_MAX} seeds`
  const [urls, keys] = [new Set<string>(), new Set<string>()]
  for (const [index, seed] of seeds.entries()) {
    const fields = (typeof seed === 'object' && seed !== null ? seed : {}) as Partial<Seed>
    if (Object.keys(fields).sort().join() !== 'key,url')
      return `seed ${index} has other fields than url and key`
    const url = typeof fields.url === 'string' ? toSeedUrl(fields.url) : null
    if (url === null) return `the url of seed ${index} is not an http(s) URL in its plain form`
    if (typeof fields.key !== 'string' || !didToPublicKey(fields.key))
      return `the key of seed ${index} is no did:key`
    if (urls.has(url)) return `the url of seed ${index} stands there twice`
    if (keys.has(fields.key)) return `the key of seed ${index} stands there twice`
    urls.add(url)
    keys.add(fields.key)
  }
  return null
}

/** The URL where it is in the form in which peers' URLs are kept (a slash at the end aside), else null. */
function toSeedUrl(text: string): string | null {
  const url = text.length <= URL_CHARS_MAX ? URL.parse(text) : null
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  const plain = url.origin + url.pathname.replace(/\/+$/, '')
  return text.replace(/\/$/, '') === plain ? plain : null
}

function signedFinding({
  issued,
  expires,
  key,
  signature,
}: {
  readonly [name: string]: unknown
}): string | null {
  const [from, to] = [instantToMs(issued), instantToMs(expires)]
  if (from === null || to === null) return '"issued" and "expires" are not UTC times in whole seconds'
  if (to <= from || to - from > BOOTSTRAP_VALID_MAX_MS)
    return 'it is valid for no time, or for more than a year'
  if (typeof key !== 'string' || !didToPublicKey(key)) return '"key" is no did:key'
  return typeof signature === 'string' && signature.length === SIGNATURE_CHARS && base64urlToBytes(signature)
    ? null
    : '"signature" is no signature'
}

/** Milliseconds of a time as lists give it; null for another text, and for a day that there is not. */
function instantToMs(text: unknown): number | null {
  if (typeof text !== 'string' || !INSTANT.test(text)) return null
  const ms = Date.parse(text)
  return Number.isFinite(ms) && msToInstant(ms) === text ? ms : null
}

const msToInstant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** When a list was issued, and when it ends, in milliseconds. */
export const issuedMs = (list: SignedSeedList): number => instantToMs(list.issued) ?? 0
export const expiresMs = (list: SignedSeedList): number => instantToMs(list.expires) ?? 0

/** Bytes that the signature of a list covers: everything in it. */
export function seedListBytes(list: Omit<SignedSeedList, 'signature'>): Uint8Array {
  const seeds = list.seeds.map(({ url, key }) => [url, key])
  return encodeCanonical(['spore/bootstrap/1', list.key, list.network, list.issued, list.expires, seeds])
}

/** Signs a list for `validMs` from `nowMs` on, which is cut to whole seconds. */
export function signSeedList(
  { network, seeds }: SeedDraft,
  signer: Signer,
  { nowMs, validMs }: { readonly nowMs: number; readonly validMs: number },
): SignedSeedList {
  const unsigned = {
    version: SEED_LIST_VERSION,
    network,
    issued: msToInstant(nowMs),
    expires: msToInstant(nowMs + validMs),
    seeds,
    key: signer.did,
  } as const
  return { ...unsigned, signature: bytesToBase64url(signer.sign(seedListBytes(unsigned))) }
}

export interface SeedListTerms {
  readonly network: string
  /** Who may sign; a list of somebody else is refused, however well it is signed. */
  readonly pinnedKeys: readonly string[]
  readonly nowMs: number
  readonly verifier: Verifier
}

/** Whether a list may be used: signed, by a pinned key, for this network, now. Failures BOOTSTRAP_REFUSED, NETWORK_MISMATCH. */
export function verifySeedList(list: SeedList, terms: SeedListTerms): Result<SignedSeedList, Failure> {
  if (!isSigned(list)) return refused('not signed')
  if (!terms.pinnedKeys.includes(list.key)) return refused(`signed by ${list.key}, which is not a pinned key`)
  if (!isSignedByItsKey(list, terms.verifier)) return refused('the signature does not hold')
  const fits = checkNetwork(list, terms.network)
  if (!fits.ok) return fits
  if (issuedMs(list) > terms.nowMs + CLOCK_AHEAD_MAX_MS)
    return refused(`issued in the future (${list.issued})`)
  if (expiresMs(list) <= terms.nowMs) return refused(`expired ${list.expires}`)
  return ok(list)
}

/** Whether the key that a list names signed it. */
export function isSignedByItsKey(list: SignedSeedList, verifier: Verifier): boolean {
  const publicKey = didToPublicKey(list.key)
  const signature = base64urlToBytes(list.signature)
  return (
    publicKey !== null && signature !== null && verifier.verify(publicKey, seedListBytes(list), signature)
  )
}

/** Failure NETWORK_MISMATCH, with both values. */
export function checkNetwork(list: SeedList, network: string): Result<SeedList, Failure> {
  if (list.network === network) return ok(list)
  const values = `${JSON.stringify(list.network)} there, ${JSON.stringify(network)} here`
  return err(failure('NETWORK_MISMATCH', `the list is for another network: ${values}`))
}

const isText = (value: unknown, max: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= max && value.isWellFormed()

const refused = (what: string): Result<never, Failure> => err(failure('BOOTSTRAP_REFUSED', what))
