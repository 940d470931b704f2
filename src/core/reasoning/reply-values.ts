/**
 * Values out of what a model replied. What was asked for is in the schema; what comes has numbers as words, lists of one without the
 * list, and keys that nobody asked for. Reading is total: any JSON value gives a value or null, and no text is ill-formed.
 */
import { cleaned } from '../retrieval/fenced.ts'

export type ReplyFields = Readonly<Record<string, unknown>>

/** The fields of an object; null for any other value. */
export const fieldsOf = (value: unknown): ReplyFields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ReplyFields) : null

/** The items of a list, of which at most `max` are looked at; a single value is a list of one. */
export function itemsOf(value: unknown, max: number): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.slice(0, max) : [value]
}

/** Text without what people cannot see, not empty; null where there is none. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (typeof value !== 'string') return null
  const text = cleaned(value)
  return text === '' ? null : text
}

/** The same, of a longer one its beginning of `charsMax` UTF-16 code units. */
export function shortTextOf(value: unknown, charsMax: number): string | null {
  const text = textOf(value)
  return text === null ? null : shortened(text, charsMax)
}

/** A text, or its beginning of at most `charsMax` UTF-16 code units that ends with `…`. */
export function shortened(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const end = charsMax - 1
  const isPair = /[\ud800-\udbff]/.test(text[end - 1] ?? '')
  return `${text.slice(0, isPair ? end - 1 : end).trimEnd()}…`
}

/** Characters of a number in words: `about 85.5 %`. */
const NUMBER_CHARS_MAX = 40

/** A finite number, also one that stands as text (`85 %`); null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || value.length > NUMBER_CHARS_MAX) return null
  const found = /^[^\d+.-]*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,3})?)[^\d]*$/i.exec(value)
  const number = found ? Number(found[1]) : Number.NaN
  return Number.isFinite(number) ? number : null
}

/** The number of a label such as `[3]`, `"3"` or `memory 3`; null for none. */
export function labelOf(value: unknown): number | null {
  const number = numberOf(value)
  return number !== null && Number.isSafeInteger(number) && number > 0 ? number : null
}
