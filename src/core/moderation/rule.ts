/** Rules, drafts of rules and the audit of both, and the form in which the store keeps them. */
import type { Did } from '../base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { SporeError } from '../protocol/errors.ts'
import type { Place } from './matcher.ts'
import { TARGET_KINDS, type Target, type TargetKind } from './target.ts'

export const ACTIONS = ['block', 'mute', 'limit', 'allow'] as const
/**
 * `block` ends the exchange with a peer, and takes and shows nothing of an author; `mute` does not show it; `limit` keeps at
 * a distance; `allow` exempts from a wider rule, and lets in where only what is allowed comes in.
 */
export type Action = (typeof ACTIONS)[number]

export interface Rule {
  readonly target: Target
  readonly action: Action
  /** Why, for the operator; empty for none. */
  readonly reason: string
  /** When it was made, and from when on it no longer holds (null: it stays), in milliseconds since the Unix epoch. */
  readonly atMs: number
  readonly untilMs: number | null
  /** Name of the list that it came from; empty for the operator's own. */
  readonly source: string
}

/** Who is let in only by name. */
export interface AllowOnly {
  readonly peers: boolean
  readonly authors: boolean
}

export const EVENTS = ['set', 'lifted', 'expired', 'imported', 'applied', 'discarded', 'allow-only'] as const
export type AuditEvent = (typeof EVENTS)[number]

export interface AuditRecord {
  /** 1, 2, 3… without a gap; the oldest are forgotten, and the number tells so. */
  readonly number: number
  readonly atMs: number
  /** Who did it, as far as the API knows; `clock` for what expired. */
  readonly by: string
  readonly event: AuditEvent
  /** Null where several are meant, or none. */
  readonly target: Target | null
  readonly action: Action | null
  /** How many rules or drafts. */
  readonly count: number
  /** The reason of the rule, the name of the list, or what was switched. */
  readonly note: string
}

export interface Rules {
  readonly rules: readonly Rule[]
  readonly allowOnly: AllowOnly
}

/** The version of these forms. A reader that meets another one must not guess what is blocked. */
const VERSION = 1

const ruleToFields = ({ target, action, reason, atMs, untilMs, source }: Rule): Canonical => [
  target.kind,
  target.value,
  action,
  reason,
  atMs,
  untilMs,
  source,
]

export const encodeRules = ({ rules, allowOnly }: Rules): Uint8Array =>
  encodeCanonical([VERSION, allowOnly.peers, allowOnly.authors, rules.map(ruleToFields)])
export const encodeDrafts = (drafts: readonly Rule[]): Uint8Array =>
  encodeCanonical([VERSION, drafts.map(ruleToFields)])
export const encodePlaces = (places: ReadonlyMap<Did, Place>): Uint8Array =>
  encodeCanonical([VERSION, [...places].map(([did, { url, isProven }]) => [did, url, isProven])])
export const encodeAudit = (records: readonly AuditRecord[]): Uint8Array =>
  encodeCanonical([
    VERSION,
    records.map(({ number, atMs, by, event, target, action, count, note }) => [
      number,
      atMs,
      by,
      event,
      target && [target.kind, target.value],
      action,
      count,
      note,
    ]),
  ])

/** These throw `SporeError`: STORE_NEWER for another version, STORE_CORRUPT for what cannot be read. A block is not forgotten in silence. */
export function decodeRules(bytes: Uint8Array): Rules {
  const [peers, authors, rules] = open(bytes)
  if (typeof peers !== 'boolean' || typeof authors !== 'boolean') throw corrupt()
  return { allowOnly: { peers, authors }, rules: list(rules).map(fieldsToRule) }
}

export const decodeDrafts = (bytes: Uint8Array): Rule[] => list(open(bytes)[0]).map(fieldsToRule)

export const decodePlaces = (bytes: Uint8Array): [Did, Place][] =>
  list(open(bytes)[0]).map((fields) => {
    const [did, url, isProven] = list(fields)
    return [text(did) as Did, { url: text(url), isProven: isProven === true }]
  })

export const decodeAudit = (bytes: Uint8Array): AuditRecord[] =>
  list(open(bytes)[0]).map((fields) => {
    const [number, atMs, by, event, target, action, count, note] = list(fields)
    return {
      number: whole(number),
      atMs: whole(atMs),
      by: text(by),
      event: oneOf(EVENTS, event),
      target: target === null ? null : fieldsToTarget(list(target)),
      action: action === null ? null : oneOf(ACTIONS, action),
      count: whole(count),
      note: text(note),
    }
  })

function fieldsToRule(fields: Canonical): Rule {
  const [kind, value, action, reason, atMs, untilMs, source] = list(fields)
  return {
    target: fieldsToTarget([kind, value]),
    action: oneOf(ACTIONS, action),
    reason: text(reason),
    atMs: whole(atMs),
    untilMs: untilMs === null ? null : whole(untilMs),
    source: text(source),
  }
}

const fieldsToTarget = ([kind, value]: readonly (Canonical | undefined)[]): Target => ({
  kind: oneOf<TargetKind>(TARGET_KINDS, kind),
  value: text(value),
})

function open(bytes: Uint8Array): readonly Canonical[] {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) throw corrupt()
  const [version, ...fields] = list(decoded.value)
  if (version !== VERSION)
    throw new SporeError('STORE_NEWER', 'the rules of moderation are of a newer version')
  return fields
}

const corrupt = (): SporeError =>
  new SporeError('STORE_CORRUPT', 'the rules of moderation in the store cannot be read')

function list(value: Canonical | undefined): readonly Canonical[] {
  if (Array.isArray(value)) return value
  throw corrupt()
}
function text(value: Canonical | undefined): string {
  if (typeof value === 'string') return value
  throw corrupt()
}
function whole(value: Canonical | undefined): number {
  if (typeof value === 'number') return value
  throw corrupt()
}
function oneOf<T extends string>(allowed: readonly T[], value: Canonical | undefined): T {
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw corrupt()
  return found
}
