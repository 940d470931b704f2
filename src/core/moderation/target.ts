/** What a rule of moderation is about: a peer (by its did or URL), an author (by its did), or a domain. */
import type { Did } from '../base/brand.ts'
import { bytesToHex, utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import { didToPublicKey } from '../identity/keys.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { URL_CHARS_MAX } from '../protocol/limits.ts'
import { parseDomain } from './hosts.ts'

export const TARGET_KINDS = ['peer', 'author', 'domain'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

export interface Target {
  readonly kind: TargetKind
  /** In its normal form: a did, a URL without a slash at the end, or a host. */
  readonly value: string
}

/** One target has one rule: this is its key. */
export const targetKey = ({ kind, value }: Target): string => `${kind} ${value}`

/** Bytes of a hash that name a target. */
const ID_BYTES = 8
/** A short name for a target, of a rule or of a draft: 16 characters of hex. */
export const targetId = (target: Target): string =>
  bytesToHex(sha256(utf8ToBytes(targetKey(target))).subarray(0, ID_BYTES))

/** Failure TARGET_INVALID. */
export function parseTarget(kind: TargetKind, text: string): Result<Target, Failure> {
  const trimmed = text.trim()
  const value = trimmed.length > URL_CHARS_MAX ? null : toNormalForm(kind, trimmed)
  if (value !== null) return ok({ kind, value })
  return err(failure('TARGET_INVALID', `${JSON.stringify(trimmed.slice(0, 100))} is no ${FORMS[kind]}`))
}

/**
 * The targets that a person means by one text: a did is a peer and an author, a URL a peer, anything else a domain.
 * Failure TARGET_INVALID.
 */
export function guessTargets(text: string): Result<readonly Target[], Failure> {
  const trimmed = text.trim()
  const kinds: readonly TargetKind[] = trimmed.startsWith('did:')
    ? ['peer', 'author']
    : trimmed.includes('://')
      ? ['peer']
      : ['domain']
  const targets: Target[] = []
  for (const kind of kinds) {
    const target = parseTarget(kind, trimmed)
    if (!target.ok) return target
    targets.push(target.value)
  }
  return ok(targets)
}

const FORMS: Readonly<Record<TargetKind, string>> = {
  peer: 'did:key or URL of a peer',
  author: 'did:key of an author',
  domain: 'domain',
}

function toNormalForm(kind: TargetKind, text: string): string | null {
  if (kind === 'domain') return parseDomain(text)
  if (didToPublicKey(text)) return text as Did
  return kind === 'peer' ? toPeerUrl(text) : null
}

/** As `Transport.admit` has it, whether or not this spore may connect there. */
function toPeerUrl(text: string): string | null {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') return null
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) return null
  return url.origin + url.pathname.replace(/\/+$/, '')
}
