/**
 * Keeps a reply within its budget of bytes: long texts are cut, short ones leave their share to the others. Cut texts
 * say so, and their id gets the rest.
 */
import { utf8Length } from '../../core/base/bytes.ts'

/** Bytes of a value in the JSON that is sent. */
export const jsonBytes = (value: unknown): number => utf8Length(JSON.stringify(value))

export interface Cut {
  readonly text: string
  readonly cut: boolean
}

/** The longest beginning of `text` that takes at most `bytesMax` bytes as JSON, its end marked where it was cut. */
export function cutText(text: string, bytesMax: number): Cut {
  // A character takes a byte or more, so what has more of them need not be measured.
  if (text.length <= bytesMax && jsonBytes(text) <= bytesMax) return { text, cut: false }
  let fits = 0
  let tooLong = Math.min(text.length, Math.max(1, Math.ceil(bytesMax)))
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1
    if (jsonBytes(`${text.slice(0, middle)}…`) <= bytesMax) fits = middle
    else tooLong = middle
  }
  return { text: `${wholeCharacters(text, fits)}…`, cut: true }
}

/** The first `length` UTF-16 units, less one where that would split a pair. */
export function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff && length < text.length ? length - 1 : length)
}

/**
 * How many bytes each text may have so that together they take at most `bytesMax`: equal shares, and what a short text
 * leaves over goes to the long ones.
 */
export function shareBytes(texts: readonly string[], bytesMax: number): number {
  const sizes = texts
    .map((text) => (text.length > bytesMax ? Number.POSITIVE_INFINITY : jsonBytes(text)))
    .sort((a, b) => a - b)
  let left = bytesMax
  for (const [index, size] of sizes.entries()) {
    const share = Math.floor(left / (sizes.length - index))
    if (size > share) return share
    left -= size
  }
  return Number.MAX_SAFE_INTEGER
}
