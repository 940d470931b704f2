/**
 * Payloads of memories and of what removes them (PROTOCOL.md §5); those about tasks are in `task-payloads.ts`. Decoders are total: null means "not what the
 * kind asks for", and the entry is then carried without being interpreted. Unknown fields are left alone.
 */
import type { Digest } from '../base/brand.ts'
import { bytesToUtf8, compareText, utf8Length } from '../base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { cidToDigest } from '../base/hash.ts'
import { isBytes, isUint } from './entry.ts'
import * as limits from './limits.ts'
import { EPOCH_BYTES } from './log.ts'

export interface MemoryPayload {
  readonly text: string
  /** Unique, ascending by code unit, so that the same tags make the same element. */
  readonly tags: readonly string[]
  readonly thread: string | null
  readonly position: number | null
  readonly speaker: string | null
  /** Ids of memories, URLs or paths. */
  readonly sources: readonly string[]
}

/** Dots of the retraction's own author and space: an epoch's log and the sequence numbers in it, ascending. */
export interface RetractPayload {
  readonly dots: readonly { readonly epoch: Uint8Array; readonly seqs: readonly number[] }[]
}

/** Ranges of removed entries of the checkpoint's own author and space, both ends included, ascending and not touching. */
export interface CheckpointPayload {
  readonly dead: readonly { readonly epoch: Uint8Array; readonly ranges: readonly SeqRange[] }[]
}

export type SeqRange = readonly [from: number, to: number]

/** The fields of a payload, by name. */
export type Fields = { readonly [key: string]: Canonical | undefined }

export function encodeMemory(memory: MemoryPayload): Uint8Array {
  return encodeCanonical({
    text: memory.text,
    ...(memory.tags.length > 0 && { tags: [...new Set(memory.tags)].sort(compareText) }),
    ...(memory.thread !== null && { thread: memory.thread }),
    ...(memory.position !== null && { position: memory.position }),
    ...(memory.speaker !== null && { speaker: memory.speaker }),
    ...(memory.sources.length > 0 && { sources: memory.sources }),
  })
}

export function decodeMemory(bytes: Uint8Array): MemoryPayload | null {
  const fields = decodeFields(bytes)
  if (!fields) return null
  const { text, tags = [], thread = null, position = null, speaker = null, sources = [] } = fields
  if (!isText(text, limits.TEXT_BYTES_MAX) || utf8Length(text) > limits.TEXT_BYTES_MAX) return null
  if (!isTextList(tags, limits.TAGS_MAX, limits.TAG_CHARS_MAX)) return null
  if (!tags.every((tag, i) => i === 0 || compareText(tags[i - 1] as string, tag) < 0)) return null
  if (thread !== null && !isText(thread, limits.THREAD_CHARS_MAX)) return null
  if (position !== null && !isUint(position, Number.MAX_SAFE_INTEGER)) return null
  if (speaker !== null && !isText(speaker, limits.SPEAKER_CHARS_MAX)) return null
  if (!isTextList(sources, limits.SOURCES_MAX, limits.SOURCE_CHARS_MAX)) return null
  return { text, tags, thread, position, speaker, sources }
}

/** Whether `decodeMemory` finds a memory: the usual one, a text alone, is judged without being taken apart. */
export function isMemory(bytes: Uint8Array): boolean {
  const at = textAloneAt(bytes)
  if (at === null) return decodeMemory(bytes) !== null
  try {
    bytesToUtf8(bytes.subarray(at))
    return true
  } catch {
    return false
  }
}

/** Where the text begins in a map of nothing but a text that is not empty; null for anything else, or a rare length. */
function textAloneAt(bytes: Uint8Array): number | null {
  if (!TEXT_ALONE.every((byte, i) => bytes[i] === byte)) return null
  const head = bytes[TEXT_ALONE.length] as number
  const [first = 0, second = 0] = bytes.subarray(TEXT_ALONE.length + 1)
  if (head > 0x60 && head < 0x78) return endsAfter(bytes, 1, head - 0x60)
  if (head === 0x78 && first >= 24) return endsAfter(bytes, 2, first)
  return head === 0x79 && first > 0 ? endsAfter(bytes, 3, first * 256 + second) : null
}
/** A map of one field whose name is `text`. */
const TEXT_ALONE = [0xa1, 0x64, 0x74, 0x65, 0x78, 0x74]

function endsAfter(bytes: Uint8Array, headBytes: number, length: number): number | null {
  const at = TEXT_ALONE.length + headBytes
  return bytes.length === at + length ? at : null
}

/** Digests of those sources that are ids of elements: the references of the header. */
export const sourceDigests = (sources: readonly string[]): Digest[] =>
  sources.map(cidToDigest).filter((digest) => digest !== null)

export function encodeRetract(retract: RetractPayload): Uint8Array {
  return encodeCanonical({ dots: retract.dots.map(({ epoch, seqs }) => [epoch, seqs]) })
}

export function decodeRetract(bytes: Uint8Array): RetractPayload | null {
  const list = decodeFields(bytes)?.dots
  if (!Array.isArray(list)) return null
  const dots: { epoch: Uint8Array; seqs: readonly number[] }[] = []
  let count = 0
  for (const item of list as Canonical[]) {
    if (!Array.isArray(item) || item.length !== 2) return null
    const [epoch, seqs] = item as Canonical[]
    if (!isBytes(epoch, EPOCH_BYTES) || !Array.isArray(seqs)) return null
    if (!seqs.every((seq, i) => isUint(seq, limits.SEQ_MAX) && (i === 0 || seq > (seqs[i - 1] as number))))
      return null
    count += seqs.length
    dots.push({ epoch, seqs: seqs as number[] })
  }
  return count <= limits.RETRACTION_DOTS_MAX ? { dots } : null
}

export function encodeCheckpoint(checkpoint: CheckpointPayload): Uint8Array {
  return encodeCanonical({ dead: checkpoint.dead.map(({ epoch, ranges }) => [epoch, ranges]) })
}

export function decodeCheckpoint(bytes: Uint8Array): CheckpointPayload | null {
  const list = decodeFields(bytes)?.dead
  if (!Array.isArray(list)) return null
  const dead: { epoch: Uint8Array; ranges: SeqRange[] }[] = []
  let count = 0
  for (const item of list as Canonical[]) {
    if (!Array.isArray(item) || item.length !== 2) return null
    const [epoch, ranges] = item as Canonical[]
    if (!isBytes(epoch, EPOCH_BYTES) || !Array.isArray(ranges)) return null
    count += ranges.length
    if (count > limits.CHECKPOINT_RANGES_MAX) return null
    let least = 0
    for (const range of ranges as Canonical[]) {
      if (!Array.isArray(range) || range.length !== 2) return null
      const [from, to] = range as Canonical[]
      if (!isUint(from, limits.SEQ_MAX) || !isUint(to, limits.SEQ_MAX) || from < least || to < from)
        return null
      // Ranges that touch are one range.
      least = to + 2
    }
    dead.push({ epoch, ranges: ranges as unknown as SeqRange[] })
  }
  return { dead }
}

/** The fields of a canonical map; null for what is none. */
export function decodeFields(bytes: Uint8Array): Fields | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return null
  const { value } = decoded
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  return isMap ? (value as Fields) : null
}

/** A text that is not empty, and no longer than that. */
export const isText = (value: unknown, maxChars: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= maxChars
const isTextList = (value: unknown, max: number, maxChars: number): value is string[] =>
  Array.isArray(value) && value.length <= max && value.every((item) => isText(item, maxChars))
