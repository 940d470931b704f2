/** Messages of an indirect probe (PROTOCOL.md §8): their byte forms. */
import type { Did } from '../base/brand.ts'
import { decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from './errors.ts'

/** Characters of a did:key, and slack. */
const DID_CHARS_MAX = 64

export const encodeProbe = (key: Did): Uint8Array => encodeCanonical({ key })

/** The key that is asked for. Failure REQUEST_INVALID. */
export function decodeProbe(bytes: Uint8Array): Result<Did, Failure> {
  const key = field(bytes, 'key')
  const isDid = typeof key === 'string' && key.length <= DID_CHARS_MAX && key.startsWith('did:key:z')
  return isDid ? ok(key as Did) : err(failure('REQUEST_INVALID', 'probe: {key}'))
}

/** Whether the asked spore reaches that one; null where it does not know it, or does not say. */
export interface ProbeReply {
  readonly reached: boolean | null
}

export const encodeProbeReply = ({ reached }: ProbeReply): Uint8Array => encodeCanonical({ reached })

export function decodeProbeReply(bytes: Uint8Array): ProbeReply | null {
  const reached = field(bytes, 'reached')
  return typeof reached === 'boolean' || reached === null ? { reached } : null
}

/** A field of a canonical map; undefined where there is none. */
function field(bytes: Uint8Array, name: string): unknown {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || typeof decoded.value !== 'object' || decoded.value === null) return undefined
  return Object.hasOwn(decoded.value, name) ? (decoded.value as Record<string, unknown>)[name] : undefined
}
