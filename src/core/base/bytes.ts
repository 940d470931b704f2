/** Bytes and the few text forms they take. `Buffer` is used for its native codecs only. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export const utf8ToBytes = (text: string): Uint8Array => encoder.encode(text)
/** Number of bytes of `text` in UTF-8. */
export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')
/** Throws on ill-formed UTF-8, keeps a byte order mark: decode and encode are inverse. */
export const bytesToUtf8 = (bytes: Uint8Array): string => utf8.decode(bytes)

export const bytesToBase64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')

/** Strict: null unless `text` is the one base64url form (no padding) of its bytes. */
export function base64urlToBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'))
  return bytesToBase64url(bytes) === text ? bytes : null
}

export const bytesToHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

/** Strict: null unless `text` is lower-case hex of whole bytes. */
export function hexToBytes(text: string): Uint8Array | null {
  // Not one pattern for whole pairs: V8 remembers each repetition of a group, and a long text overflows its stack.
  if (text.length % 2 !== 0 || /[^0-9a-f]/.test(text)) return null
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** Lexicographic order of unsigned bytes: negative, zero or positive. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Order by UTF-16 code unit, the same on every machine and locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
