/** Messages of `POST /payloads` (PROTOCOL.md §8): payloads of single entries, for who holds these but for their bytes. */
import type { LogId } from '../base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { bytesToLogId, isBytes, isUint, LOG_ID_BYTES, logIdToBytes } from './entry.ts'
import { type Failure, failure } from './errors.ts'
import { PAYLOAD_BYTES_MAX, PAYLOADS_ASKED_MAX, SEQ_MAX } from './limits.ts'

/** An entry of a log. */
export interface EntryRef {
  readonly logId: LogId
  readonly seq: number
}

export interface SentPayload extends EntryRef {
  readonly payload: Uint8Array
}

export function encodePayloadRequest(entries: readonly EntryRef[]): Uint8Array {
  const byLog = Map.groupBy(entries, ({ logId }) => logId)
  return encodeCanonical([...byLog].map(([logId, of]) => [logIdToBytes(logId), of.map(({ seq }) => seq)]))
}

/** Failure REQUEST_INVALID: also for more than `PAYLOADS_ASKED_MAX` entries. */
export function decodePayloadRequest(bytes: Uint8Array): Result<readonly EntryRef[], Failure> {
  const decoded = decodeCanonical(bytes)
  const entries: EntryRef[] = []
  if (!decoded.ok || !Array.isArray(decoded.value)) return invalid()
  for (const item of decoded.value as Canonical[]) {
    const [logId, seqs] = Array.isArray(item) && item.length === 2 ? (item as Canonical[]) : []
    if (!isBytes(logId, LOG_ID_BYTES) || !Array.isArray(seqs)) return invalid()
    if (entries.length + seqs.length > PAYLOADS_ASKED_MAX) return invalid()
    for (const seq of seqs as Canonical[]) {
      if (!isUint(seq, SEQ_MAX)) return invalid()
      entries.push({ logId: bytesToLogId(logId), seq })
    }
  }
  return ok(entries)
}

export const encodePayloadReply = (payloads: readonly SentPayload[]): Uint8Array =>
  encodeCanonical(payloads.map(({ logId, seq, payload }) => [logIdToBytes(logId), seq, payload]))

export function decodePayloadReply(bytes: Uint8Array): readonly SentPayload[] | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length > PAYLOADS_ASKED_MAX) return null
  const payloads: SentPayload[] = []
  for (const item of decoded.value as Canonical[]) {
    const [logId, seq, payload] = Array.isArray(item) && item.length === 3 ? (item as Canonical[]) : []
    if (!isBytes(logId, LOG_ID_BYTES) || !isUint(seq, SEQ_MAX)) return null
    if (!(payload instanceof Uint8Array) || payload.length > PAYLOAD_BYTES_MAX) return null
    payloads.push({ logId: bytesToLogId(logId), seq, payload })
  }
  return payloads
}

const invalid = () =>
  err(failure('REQUEST_INVALID', `payloads: [log id, [seq…]], at most ${PAYLOADS_ASKED_MAX} entries`))
