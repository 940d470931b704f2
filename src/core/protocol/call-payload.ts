/**
 * Who is asked to answer a task (PROTOCOL.md §5, §10): the asker's word to those who work for it. A decoder is total: null means "not
 * what the kind asks for".
 */
import type { Did, Digest } from '../base/brand.ts'
import { type Canonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes } from '../base/hash.ts'
import { isBytes } from './entry.ts'
import { decodeFields, isText } from './payloads.ts'
import { AUTHOR_CHARS_MAX, CALLED_MAX } from './task-limits.ts'

export interface CallPayload {
  readonly task: Digest
  /** Authors by did:key, the one who is wanted most first; each stands there once. */
  readonly called: readonly Did[]
}

export const encodeCall = ({ task, called }: CallPayload): Uint8Array =>
  encodeCanonical({ task: digestToBytes(task), called })

export function decodeCall(bytes: Uint8Array): CallPayload | null {
  const fields = decodeFields(bytes)
  if (!fields || !isBytes(fields.task, 32) || !Array.isArray(fields.called)) return null
  const called = fields.called as Canonical[]
  if (called.length === 0 || called.length > CALLED_MAX) return null
  if (!called.every((author) => isText(author, AUTHOR_CHARS_MAX))) return null
  if (new Set(called).size < called.length) return null
  return { task: bytesToDigest(fields.task), called: called as Did[] }
}
