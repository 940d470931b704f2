/** Messages of `POST /reconcile` (PROTOCOL.md §8): their byte forms. Decoders are strict; null or a failure is a refusal. */
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { isBytes, isUint, LOG_ID_BYTES } from './entry.ts'
import { type Failure, failure } from './errors.ts'
import { RECONCILE_RANGES_MAX, RECONCILE_ROWS_MAX, RECONCILE_TAGS_MAX, SEQ_MAX } from './limits.ts'
import { decodeRow, encodeRow, type HeadsRow } from './messages.ts'

/** Bytes of a range's fingerprint, and of the tag of one row. */
export const FINGERPRINT_BYTES = 16
export const TAG_BYTES = 6
/** Ranges that a range is split into. */
export const SPLIT_WAYS = 16

/** A place in the order of rows by (clock, log id): before every row that is not below it. */
export interface Bound {
  readonly clock: number
  /** The first bytes of a log id; those that are left out count as 0. */
  readonly prefix: Uint8Array
}

/** What there is in a range: how many rows, and the sum of their hashes. */
export interface Summary {
  readonly count: number
  readonly fingerprint: Uint8Array
}

/** What is asked of one range: where it differs from a summary, or which rows it has beside those with these tags. */
export type Ask = { readonly lower: Bound; readonly upper: Bound } & (
  | { readonly summary: Summary }
  | { readonly tags: readonly Uint8Array[] }
)

/** A part of a range that was asked for, from the end of the part before it on. */
export interface SubRange extends Summary {
  readonly upper: Bound
}

/**
 * Null where the range is the same; its parts where it is large; otherwise its rows beside those with the tags that were
 * given, and for each of these tags whether there is no such row.
 */
export type Answer =
  | null
  | { readonly parts: readonly SubRange[] }
  | { readonly rows: readonly HeadsRow[]; readonly lacks: readonly boolean[] }

const encodeBound = ({ clock, prefix }: Bound): Canonical[] => [clock, prefix]

export function encodeAsks(asks: readonly Ask[]): Uint8Array {
  let previous: Bound | null = null
  const items = asks.map((ask): Canonical => {
    const { lower, upper } = ask
    // Ranges that touch share their bound.
    const isNext = previous !== null && compareBounds(previous, lower) === 0
    previous = upper
    const bounds = [...(isNext ? [null, null] : encodeBound(lower)), ...encodeBound(upper)]
    if ('summary' in ask) return [...bounds, ask.summary.count, ask.summary.fingerprint]
    return [...bounds, joinTags(ask.tags)]
  })
  return encodeCanonical(items)
}

/** Failure REQUEST_INVALID: also for more ranges or tags than the bounds, and for ranges that are not ascending. */
export function decodeAsks(bytes: Uint8Array): Result<readonly Ask[], Failure> {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length > RECONCILE_RANGES_MAX)
    return invalid(`at most ${RECONCILE_RANGES_MAX} ranges`)
  const asks: Ask[] = []
  for (const item of decoded.value as Canonical[]) {
    const ask = Array.isArray(item) ? decodeAsk(item, asks.at(-1)?.upper ?? null) : null
    if (!ask) return invalid('a range is its bounds, and a summary or tags')
    asks.push(ask)
  }
  return ok(asks)
}

function decodeAsk(item: readonly Canonical[], previous: Bound | null): Ask | null {
  const [lowerClock, lowerPrefix, upperClock, upperPrefix, first, second] = item
  const lower = lowerClock === null && lowerPrefix === null ? previous : decodeBound(lowerClock, lowerPrefix)
  const upper = decodeBound(upperClock, upperPrefix)
  if (!lower || !upper || compareBounds(lower, upper) >= 0) return null
  if (previous && compareBounds(previous, lower) > 0) return null
  if (item.length === 6) {
    const summary = decodeSummary(first, second)
    return summary && { lower, upper, summary }
  }
  const isTags = first instanceof Uint8Array && first.length % TAG_BYTES === 0
  if (item.length !== 5 || !isTags || first.length > RECONCILE_TAGS_MAX * TAG_BYTES) return null
  return { lower, upper, tags: splitTags(first) }
}

export function encodeAnswers(answers: readonly Answer[]): Uint8Array {
  return encodeCanonical(
    answers.map((answer): Canonical => {
      if (answer === null) return null
      if ('rows' in answer) return [0, answer.rows.map(encodeRow), encodeBits(answer.lacks)]
      return [
        1,
        answer.parts.map(({ upper, count, fingerprint }) => [...encodeBound(upper), count, fingerprint]),
      ]
    }),
  )
}

/** The answers to `asks`, one each, whose parts lie inside what was asked for; null otherwise. */
export function decodeAnswers(bytes: Uint8Array, asks: readonly Ask[]): readonly Answer[] | null {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length > asks.length) return null
  const answers: Answer[] = []
  let rows = 0
  for (const [index, item] of (decoded.value as Canonical[]).entries()) {
    const answer = item === null ? null : decodeAnswer(item, asks[index] as Ask)
    if (answer === undefined) return null
    if (answer && 'rows' in answer) rows += answer.rows.length
    if (rows > RECONCILE_ROWS_MAX) return null
    answers.push(answer)
  }
  return answers
}

function decodeAnswer(item: Canonical, ask: Ask): Answer | undefined {
  if (!Array.isArray(item) || !Array.isArray(item[1])) return undefined
  const { lower, upper } = ask
  const [kind, list, bits] = item as [Canonical, Canonical[], Canonical | undefined]
  if (kind === 0) {
    const rows = list.map(decodeRow)
    const lacks = decodeBits(bits, 'tags' in ask ? ask.tags.length : 0)
    return item.length !== 3 || rows.includes(null) || !lacks
      ? undefined
      : { rows: rows as HeadsRow[], lacks }
  }
  if (kind !== 1 || item.length !== 2 || list.length === 0 || list.length > SPLIT_WAYS) return undefined
  const parts: SubRange[] = []
  for (const part of list) {
    if (!Array.isArray(part) || part.length !== 4) return undefined
    const [clock, prefix, count, fingerprint] = part as Canonical[]
    const [bound, summary] = [decodeBound(clock, prefix), decodeSummary(count, fingerprint)]
    if (!bound || !summary || compareBounds(parts.at(-1)?.upper ?? lower, bound) >= 0) return undefined
    parts.push({ upper: bound, ...summary })
  }
  return compareBounds((parts.at(-1) as SubRange).upper, upper) === 0 ? { parts } : undefined
}

function decodeBound(clock: Canonical | undefined, prefix: Canonical | undefined): Bound | null {
  if (!isUint(clock, Number.MAX_SAFE_INTEGER)) return null
  return prefix instanceof Uint8Array && prefix.length <= LOG_ID_BYTES ? { clock, prefix } : null
}

function decodeSummary(count: Canonical | undefined, fingerprint: Canonical | undefined): Summary | null {
  return isUint(count, SEQ_MAX) && isBytes(fingerprint, FINGERPRINT_BYTES) ? { count, fingerprint } : null
}

export function compareBounds(a: Bound, b: Bound): number {
  return a.clock - b.clock || Buffer.compare(padded(a.prefix), padded(b.prefix))
}

/** A prefix is the least log id that begins with it. */
function padded(prefix: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LOG_ID_BYTES)
  bytes.set(prefix)
  return bytes
}

function encodeBits(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7))
  return bytes
}

function decodeBits(bytes: Canonical | undefined, count: number): boolean[] | null {
  if (!isBytes(bytes, Math.ceil(count / 8))) return null
  return Array.from({ length: count }, (_, i) => ((bytes[i >> 3] as number) & (1 << (i & 7))) !== 0)
}

function joinTags(tags: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(tags))
}

function splitTags(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / TAG_BYTES }, (_, i) =>
    joined.subarray(i * TAG_BYTES, (i + 1) * TAG_BYTES),
  )
}

const invalid = (what: string) => err(failure('REQUEST_INVALID', `reconcile: ${what}`))
